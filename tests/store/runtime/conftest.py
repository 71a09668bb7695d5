"""A database of either kind with the runtime tables in it."""

import pytest

from runtime.keyring import Keyring
from runtime.tables import RuntimeBase
from tests.support.databases import Schema


@pytest.fixture
def schema() -> Schema:
    return Schema((RuntimeBase.metadata,))


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({"k1k1k1k1": b"1" * 32}, index_key=b"2" * 32)
