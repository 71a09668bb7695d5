"""Workers die by kill -9 at every point of a job; each accepted job still ends exactly once."""

import itertools
import multiprocessing
import random
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from runtime import clock
from runtime.database import Database
from runtime.durable import DurableClient
from runtime.tables import RuntimeBase
from tests.support import chaos_worker
from tests.support.chaos_worker import AT_THE_END, POINTS, STEPS, Plan
from tests.support.databases import Schema

pytestmark = pytest.mark.chaos

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.support.chaos_worker"])
_SEED = 20
_STARTED = {
    "sqlite": "SELECT workflow_uuid FROM workflow_status",
    "postgresql": "SELECT workflow_uuid FROM dbos.workflow_status",
}


@pytest.fixture
def schema() -> Schema:
    return Schema((RuntimeBase.metadata,), work=True)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "world.db"
    chaos_worker.make_world(path)
    return path


def _accept(database: Database, client: DurableClient, job: str) -> None:
    with database.transaction() as session:
        client.enqueue(session, kind="three", key=job, args={"job": job})


def _accept_and_roll_back(database: Database, client: DurableClient, job: str) -> None:
    class Changed(Exception):
        """The caller's reason to roll back."""

    def enqueue_and_change_mind() -> None:
        with database.transaction() as session:
            client.enqueue(session, kind="three", key=job, args={"job": job})
            raise Changed

    with pytest.raises(Changed):
        enqueue_and_change_mind()


def _run_and_kill(plan: Plan, *, after: float | None) -> None:
    process = _PROCESSES.Process(target=chaos_worker.run, args=(plan,))
    process.start()
    process.join(after if after is not None else 30)
    if after is not None:
        process.kill()
        process.join(10)
    assert process.exitcode == -signal.SIGKILL
    process.close()


def _finish(database: Database, client: DurableClient, plan: Plan, *, wait: float) -> None:
    process = _PROCESSES.Process(target=chaos_worker.run, args=(plan,))
    process.start()
    _wait_until_settled(database, client, wait=wait)
    process.terminate()
    process.join(30)
    assert process.exitcode == 0
    process.close()


def _wait_until_settled(database: Database, client: DurableClient, *, wait: float) -> None:
    ends = clock.monotonic() + wait
    while clock.monotonic() < ends:
        with database.read() as session:
            if not client.jobs(session, "waiting", "running"):
                return
        clock.sleep(0.1)


def _check(database: Database, client: DurableClient, world: Path, accepted: list[str]) -> int:
    """Check what must hold after any number of deaths; return how many steps were repeated."""
    with database.read() as session:
        found = {view.key: (view.state, view.attempt) for view in client.jobs(session, limit=9999)}
        started = session.scalars(sa.text(_STARTED[database.dialect])).all()
    assert found == dict.fromkeys(accepted, ("done", 0))
    assert sorted(started) == sorted(f"{job}#0" for job in accepted)
    calls, effects = chaos_worker.read_world(world)
    assert effects == {f"{job}/{step}" for job in accepted for step in STEPS}
    assert [call for call in calls if call[2]] == []
    return len(calls) - len(effects)


def test_every_accepted_job_ends_once_however_its_workers_die(
    database: Database, world: Path, chaos_runs: int
) -> None:
    client = DurableClient(database)
    dice = random.Random(_SEED)  # noqa: S311  (a seed, so that a failure can be repeated)
    points = itertools.cycle([*POINTS, AT_THE_END])
    accepted = [f"job-{number}" for number in range(chaos_runs)]
    for number, job in enumerate(accepted):
        _accept(database, client, job)
        _accept_and_roll_back(database, client, f"rolled-back-{number}")
        elsewhere = number % 3 == 0
        if number % 2 == 0:
            plan = Plan(database.url, world, job, next(points), from_elsewhere=elsewhere)
            _run_and_kill(plan, after=None)
        else:
            plan = Plan(database.url, world, from_elsewhere=elsewhere)
            _run_and_kill(plan, after=dice.uniform(0.05, 0.6))

    _finish(database, client, Plan(database.url, world), wait=60)
    repeated = _check(database, client, world, accepted)
    client.close()
    assert repeated <= chaos_runs * len(STEPS)
    print(f"{chaos_runs} kills, {repeated} steps repeated before their result was stored")  # noqa: T201


def test_a_living_worker_takes_over_from_those_that_die_beside_it(
    database: Database, world: Path, chaos_runs: int
) -> None:
    client = DurableClient(database)
    dice = random.Random(_SEED)  # noqa: S311  (a seed, so that a failure can be repeated)
    living = _PROCESSES.Process(target=chaos_worker.run, args=(Plan(database.url, world),))
    living.start()
    accepted: list[str] = []
    for number in range(max(chaos_runs // 4, 5)):
        for part in range(4):
            accepted.append(f"job-{number}-{part}")
            _accept(database, client, accepted[-1])
        plan = Plan(database.url, world, from_elsewhere=number % 2 == 0)
        _run_and_kill(plan, after=dice.uniform(0.1, 0.5))
    _wait_until_settled(database, client, wait=60)
    assert living.is_alive()
    living.terminate()
    living.join(30)
    assert living.exitcode == 0
    living.close()
    _check(database, client, world, accepted)
    client.close()
