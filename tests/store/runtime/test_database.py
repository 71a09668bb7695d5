"""The two ways into a database, on both kinds of database."""

import threading
import traceback

import pytest
import sqlalchemy as sa

from runtime import clock
from runtime.database import Database, check_tables, optimize
from runtime.errors import SchemaOutdated
from runtime.tables import LimitRow, RuntimeBase


def _row(hits: int) -> LimitRow:
    return LimitRow(bucket="b", key_hash="k", window=0, hits=hits, expires_at=clock.now())


def test_a_transaction_is_kept_when_it_ends_well(database: Database) -> None:
    with database.transaction() as session:
        session.add(_row(3))
    with database.read() as session:
        assert session.get_one(LimitRow, ("b", "k", 0)).hits == 3


def test_a_transaction_leaves_nothing_when_it_raises(database: Database) -> None:
    def write_and_fail() -> None:
        with database.transaction() as session:
            session.add(_row(3))
            session.flush()
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    with database.read() as session:
        assert session.get(LimitRow, ("b", "k", 0)) is None


def test_what_a_reader_changes_is_thrown_away(database: Database) -> None:
    with database.transaction() as session:
        session.add(_row(3))
    with database.read() as session:
        session.get_one(LimitRow, ("b", "k", 0)).hits = 9
        session.flush()
    with database.read() as session:
        assert session.get_one(LimitRow, ("b", "k", 0)).hits == 3


def test_times_come_back_aware_and_equal(database: Database) -> None:
    row = _row(1)
    moment = row.expires_at
    with database.transaction() as session:
        session.add(row)
    with database.read() as session:
        found = session.get_one(LimitRow, ("b", "k", 0)).expires_at
    assert found == moment
    assert found.utcoffset() is not None


def test_writers_wait_for_one_another(database: Database) -> None:
    with database.transaction() as session:
        session.add(_row(0))

    def add_ten() -> None:
        for _ in range(10):
            with database.transaction() as session:
                row = session.get_one(LimitRow, ("b", "k", 0), with_for_update=True)
                row.hits += 1

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(LimitRow, ("b", "k", 0)).hits == 40


def test_database_errors_do_not_repeat_the_values(database: Database) -> None:
    row = {"bucket": "canaryvalue", "key_hash": "k", "window": 0, "hits": 1}
    with pytest.raises(sa.exc.IntegrityError) as caught, database.transaction() as session:
        session.execute(sa.insert(LimitRow), [row])
    assert "canaryvalue" not in "".join(traceback.format_exception(caught.value))


def test_missing_tables_are_named_as_an_outdated_schema(database: Database) -> None:
    check_tables(database, RuntimeBase.metadata)
    other = sa.MetaData()
    sa.Table("not_there", other, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(SchemaOutdated):
        check_tables(database, other)


def test_statistics_are_refreshed_outside_any_transaction(database: Database) -> None:
    optimize(database)
