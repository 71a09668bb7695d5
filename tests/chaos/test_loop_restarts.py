"""Web servers are killed at random moments, two workers run at once: the case still ends right.

The people of the walk do what people do: they reload, look, and go on.
"""

from pathlib import Path

import pytest

from confer.supervisor import Program, Supervisor
from confer.walker.loop import Walk, take
from sandbox import personas
from tests.support import loop_checks
from tests.support.loop_world import Killer, LoopWorld

pytestmark = pytest.mark.chaos

_KILLS = 3


def _walk_and_check(world: LoopWorld, folder: Path, supervisor: Supervisor) -> list[str]:
    """Walk, stop everything, check the databases; returns what the walk said."""
    said: list[str] = []
    walk = Walk(
        plan=world.plan(folder),
        persona=personas.load("adela"),
        say=said.append,
        tend=supervisor.tend,
    )
    summary = take(walk)
    supervisor.stop()
    assert summary.good, "\n".join(said)
    loop_checks.check_loop(
        folder,
        case_id=summary.consult_case,
        patient_id=walk.persona.patient_id,
        previewed=summary.previewed_sha256,
    )
    return said


@pytest.mark.parametrize("program", ["gateway", "consult"])
def test_case_ends_right_when_a_web_server_is_killed_at_random_moments(
    loop_world: LoopWorld, tmp_path: Path, program: str
) -> None:
    seed = sum(str(tmp_path).encode())
    with (
        loop_world.running(tmp_path / "demo") as (_, supervisor),
        Killer(supervisor=supervisor, program=program, seed=seed, times=_KILLS) as killer,
    ):
        _walk_and_check(loop_world, tmp_path / "demo", supervisor)
        assert killer.killed, f"nothing was killed (seed {seed})"


def test_of_two_gateway_workers_one_dies_and_the_other_takes_over(
    loop_world: LoopWorld, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    (first,) = (one for one in loop_world.plan(folder).programs() if one.name == "gateway-worker")
    second = Program(name="gateway-worker-2", title="second gateway worker", argv=first.argv)
    failpoint = "after_write_before_acknowledge"
    with loop_world.running(folder, more=[second], environment={"CONFER_FAILPOINT": failpoint}) as (
        _,
        supervisor,
    ):
        supervisor.programs = [
            one for one in supervisor.programs if not one.name.startswith("gateway-worker")
        ]  # whichever dies stays dead
        _walk_and_check(loop_world, folder, supervisor)
    assert (folder / f"failpoint-{failpoint}.fired").exists()
