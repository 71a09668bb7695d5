"""How much chaos: a short sample by default, `CONFER_CHAOS_RUNS=200` on demand."""

import os

import pytest

from tests.support.loop_world import LoopWorld, provisioned


@pytest.fixture(scope="session")
def chaos_runs() -> int:
    return int(os.environ.get("CONFER_CHAOS_RUNS", "20"))


@pytest.fixture(scope="session")
def loop_world() -> LoopWorld:
    return provisioned()
