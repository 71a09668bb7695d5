"""What is particular to SQLite, and which databases are refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from runtime.database import open_database
from runtime.errors import DatabaseUnsupported


def test_sqlite_syncs_fully_and_checks_foreign_keys(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.transaction() as session:
        found = {
            name: session.execute(sa.text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_only_what_may_be_lost_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    for way, level in (
        (database.passing, 1),
        (database.transaction, 2),
        (database.passing, 1),
        (database.transaction, 2),
    ):
        with way() as session:  # one pooled connection serves both
            assert session.execute(sa.text("PRAGMA synchronous")).scalar_one() == level


def test_many_threads_write_one_after_the_other(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE n (value INTEGER)"))
        session.execute(sa.text("INSERT INTO n VALUES (0)"))

    def add(number: int) -> None:
        way = database.passing if number % 2 else database.transaction
        with way() as session:
            before = session.execute(sa.text("SELECT value FROM n")).scalar_one()
            session.execute(sa.text("UPDATE n SET value = :new"), {"new": before + 1})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(add, range(64)))
    with database.read() as session:
        assert session.execute(sa.text("SELECT value FROM n")).scalar_one() == 64


@pytest.mark.parametrize("url", ["mysql://user@host/db", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(DatabaseUnsupported):
        open_database(url)
