"""One sandbox EHR per module: tests of a module share it and do not depend on order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import bench
from tests.support import sandbox_ehr
from tests.support.sandbox_ehr import SandboxEhr


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxEhr]:
    folder: Path = tmp_path_factory.mktemp("ehr")
    built = sandbox_ehr.build(folder)
    yield built
    built.services.database.dispose()


@pytest.fixture(scope="session")
def shared_ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxEhr]:
    """One EHR for all tests of the test bench, which put everything back behind them."""
    built = sandbox_ehr.build(tmp_path_factory.mktemp("bench"))
    yield built
    built.services.database.dispose()


@pytest.fixture
def bench_ehr(shared_ehr: SandboxEhr) -> Iterator[SandboxEhr]:
    """The shared EHR, plain before and after."""
    yield shared_ehr
    with shared_ehr.services.database.transaction() as session:
        bench.all_off(session)
    shared_ehr.services.ledger.clear()
