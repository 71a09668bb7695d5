"""One sandbox EHR per module: tests of a module share it and do not depend on order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import sandbox_ehr
from tests.support.sandbox_ehr import SandboxEhr


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxEhr]:
    folder: Path = tmp_path_factory.mktemp("ehr")
    built = sandbox_ehr.build(folder)
    yield built
    built.services.database.dispose()
