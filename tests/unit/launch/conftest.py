"""What every launch test starts from: an EHR that behaves, and a gateway that knows it."""

from collections.abc import Iterator

import pytest
import responses

from tests.support.launch_stores import Desk, make_site
from tests.support.smart_ehr import SmartEhr


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    """The outside world; anything not registered fails the call."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as world:
        yield world


@pytest.fixture
def desk() -> Desk:
    """A gateway with one registered site."""
    return Desk()


@pytest.fixture
def ehr(mock: responses.RequestsMock) -> SmartEhr:
    """That site's EHR, answering."""
    played = SmartEhr(site=make_site())
    played.serve(mock)
    return played
