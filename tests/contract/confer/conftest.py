"""One EHR and one gateway for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.support.check_world import CheckWorld, world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CheckWorld]:
    """The EHR on its socket; tests of the module share it."""
    with world(tmp_path_factory.mktemp("check")) as made:
        yield made


@pytest.fixture
def at(shared: CheckWorld) -> CheckWorld:
    """The same, put right before every test."""
    shared.fresh()
    return shared
