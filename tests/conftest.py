"""For every test: no CONFER_* variable from outside, no network but loopback."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

# Begun first, so that no worker is alone with a long file at the end.
_LONGEST = (
    "test_loop_by_clicking.py",
    "test_pictures.py",
    "test_keyboard_only.py",
    "test_sandbox_ehr_pages.py",
    "test_two_patients.py",
    "test_demo_auto.py",
    "test_bad_input_network.py",
    "test_canary.py",
)
_LOOPBACK = ("127.", "::1", "localhost")
# Read before the variables are cleared: they choose how much a tier does, not what we do.
TEST_OPTIONS = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("CONFER_CHAOS_", "CONFER_TEST_"))
}


class NetworkBlocked(RuntimeError):
    """A test tried to reach a machine other than this one."""


def _is_local(address: Any) -> bool:
    # Any: an address is a path (UNIX) or a tuple (IP), as the socket family decides.
    if isinstance(address, (str, bytes)):
        return True
    return str(address[0]).startswith(_LOOPBACK)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files of the browser and journey tiers first; the rest stays shuffled."""

    def place(item: pytest.Item) -> int:
        slow = item.path.parent.name in {"browser", "journey"} and item.path.name in _LONGEST
        return _LONGEST.index(item.path.name) if slow else len(_LONGEST)

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CONFER_") and name not in TEST_OPTIONS:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _block_network() -> Iterator[None]:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(real: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if not _is_local(address):
                raise NetworkBlocked("tests reach only this machine")
            return real(self, address)

        return call

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded(connect))
    patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    yield
    patch.undo()


pytest_plugins = ["tests.support.postgres"]
