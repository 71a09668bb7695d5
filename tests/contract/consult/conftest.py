"""One running consult server per test file: real HTTP, SQLite in a folder of its own."""

from collections.abc import Iterator

import pytest

from tests.support import consult_world
from tests.support.consult_world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with consult_world.running(tmp_path_factory.mktemp("consult")) as running:
        yield running
