"""One running EHR for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.support.live_ehr import LiveEhr, running


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEhr]:
    """The sandbox EHR on a socket."""
    with running(tmp_path_factory.mktemp("ehr")) as live:
        yield live
