"""A database of either kind with the runtime tables in it."""

import pytest

from runtime.database import Database, create_tables
from runtime.keyring import Keyring
from runtime.tables import RuntimeBase


@pytest.fixture(autouse=True)
def _tables(request: pytest.FixtureRequest) -> None:
    if "database" in request.fixturenames:
        database: Database = request.getfixturevalue("database")
        create_tables(database, RuntimeBase.metadata)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({"k1k1k1k1": b"1" * 32}, index_key=b"2" * 32)
