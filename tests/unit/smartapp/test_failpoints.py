"""Failpoints kill once, at the chosen point, in sandbox mode only."""

import subprocess
import sys
from pathlib import Path

import pytest

from smartapp.jobs.failpoints import killer

_PROGRAM = """
import sys
from pathlib import Path
from smartapp.jobs.failpoints import killer
killer(chosen="here", mode="sandbox", marker_folder=Path(sys.argv[1]))("here")
print("alive")
"""


def _run(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    return done.returncode, done.stdout.strip()


def test_the_first_process_dies_and_the_next_gets_through(tmp_path: Path) -> None:
    assert _run(tmp_path) == (-9, "")
    assert _run(tmp_path) == (0, "alive")


@pytest.mark.parametrize(("mode", "chosen"), [("production", "here"), ("sandbox", "elsewhere")])
def test_nothing_happens_in_production_or_at_another_point(
    tmp_path: Path, mode: str, chosen: str
) -> None:
    killer(chosen=chosen, mode=mode, marker_folder=tmp_path)("here")
    assert list(tmp_path.iterdir()) == []
