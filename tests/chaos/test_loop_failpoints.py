"""`confer demo --auto`, the real command, is killed at one point; the case still ends right."""

from pathlib import Path
from typing import get_args

import pytest

from sandbox import personas
from smartapp.jobs.failpoints import Failpoint
from tests.support import loop_checks
from tests.support.loop_world import LoopWorld

pytestmark = pytest.mark.chaos

# where the process that dies lives
PROGRAM = {
    "after_approve_commit": "gateway",
    "before_send": "gateway worker",
    "after_send_before_receipt": "gateway worker",
    "after_answer_stored": "gateway worker",
    "after_write_before_acknowledge": "gateway worker",
}


@pytest.mark.parametrize("failpoint", get_args(Failpoint))
def test_case_ends_right_when_a_program_dies(
    loop_world: LoopWorld, tmp_path: Path, failpoint: str
) -> None:
    folder = tmp_path / "demo"
    run = loop_world.run_auto(folder, environment={"CONFER_FAILPOINT": failpoint})

    assert (folder / f"failpoint-{failpoint}.fired").exists(), run.progress
    if PROGRAM[failpoint] == "gateway worker":
        assert "gateway worker ended; starting it again" in run.progress
    assert run.exit_code == 0, run.progress
    loop_checks.check_loop(
        folder,
        case_id=run.summary["consult_case"],
        patient_id=personas.load("adela").patient_id,
        previewed=run.summary["previewed_sha256"],
    )
