"""Page links: opaque, unchangeable, bound to caller and address, and not for ever."""

from datetime import timedelta

import pytest
import time_machine

from fhir_server.errors import PageLinkInvalid
from fhir_server.search import page_links
from fhir_server.search.page_links import PageState
from runtime import clock

KEY = bytes(range(32))
STATE = PageState(address="Task", pairs=(("status", "requested"),), keys=(5, "a"), pk=7, total=12)


def _sealed() -> str:
    return page_links.seal(STATE, key=KEY, binding="north")


def test_a_link_opens_for_its_caller() -> None:
    assert page_links.unseal(_sealed(), key=KEY, binding="north", address="Task") == STATE


def test_a_link_shows_nothing_of_the_query() -> None:
    assert "requested" not in _sealed()
    assert "requested" not in repr(STATE)


@pytest.mark.parametrize(
    ("binding", "address", "key"),
    [("south", "Task", KEY), ("north", "Patient", KEY), ("north", "Task", bytes(32))],
)
def test_a_link_opens_for_nobody_else(binding: str, address: str, key: bytes) -> None:
    with pytest.raises(PageLinkInvalid):
        page_links.unseal(_sealed(), key=key, binding=binding, address=address)


@pytest.mark.parametrize("text", ["", "x", "é", "a" * 9000, "AAAA" * 10])
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(PageLinkInvalid):
        page_links.unseal(text, key=KEY, binding="north", address="Task")


def test_a_changed_link_is_refused() -> None:
    sealed = _sealed()
    for position in (*range(0, len(sealed), 7), len(sealed) - 1):
        changed = (
            sealed[:position] + ("A" if sealed[position] != "A" else "B") + sealed[position + 1 :]
        )
        with pytest.raises(PageLinkInvalid):
            page_links.unseal(changed, key=KEY, binding="north", address="Task")


def test_an_old_link_is_refused() -> None:
    sealed = _sealed()
    with (
        time_machine.travel(clock.now() + timedelta(hours=2)),
        pytest.raises(PageLinkInvalid),
    ):
        page_links.unseal(sealed, key=KEY, binding="north", address="Task")
