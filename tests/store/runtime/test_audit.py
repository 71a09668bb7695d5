"""The audit chain shows every later change, and exists exactly when its transaction does."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from runtime import audit
from runtime.database import Database
from runtime.tables import AuditHeadRow, AuditRow


def _append(session: Session, number: int) -> None:
    audit.append(
        session,
        event="case.sent",
        actor="worker",
        subject=f"case-{number}",
        detail={"attempt": number, "rule": "x"},
    )


@pytest.fixture
def filled(database: Database) -> Database:
    for number in range(5):
        with database.transaction() as session:
            _append(session, number)
    return database


def test_an_untouched_chain_verifies(filled: Database) -> None:
    with filled.read() as session:
        assert audit.verify(session) == audit.AuditCheck(ok=True, rows=5, first_bad=None)
        newest = audit.entries(session)[0]
    assert (newest.subject, newest.detail, newest.outcome) == (
        "case-4",
        {"attempt": 4, "rule": "x"},
        "success",
    )


def test_an_empty_chain_verifies(database: Database) -> None:
    with database.read() as session:
        assert audit.verify(session).ok
        assert audit.head(session).position == 0


def test_a_rolled_back_transaction_leaves_no_row_and_no_gap(filled: Database) -> None:
    def fail() -> None:
        with filled.transaction() as session:
            _append(session, 9)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with filled.transaction() as session:
        _append(session, 5)
    with filled.read() as session:
        assert audit.verify(session) == audit.AuditCheck(ok=True, rows=6, first_bad=None)


def _change(session: Session) -> None:
    session.execute(update(AuditRow).where(AuditRow.position == 3).values(actor="other"))


def _remove(session: Session) -> None:
    session.execute(delete(AuditRow).where(AuditRow.position == 3))


def _swap(session: Session) -> None:
    rows = session.scalars(select(AuditRow).where(AuditRow.position.in_([3, 4]))).all()
    rows[0].event, rows[1].event = "a", "b"


def _forge_hash(session: Session) -> None:
    session.execute(update(AuditRow).where(AuditRow.position == 3).values(hash="f" * 64))


@pytest.mark.parametrize("tamper", [_change, _remove, _swap, _forge_hash])
def test_the_first_bad_row_is_named(filled: Database, tamper: Callable[[Session], None]) -> None:
    with filled.transaction() as session:
        tamper(session)
    with filled.read() as session:
        assert audit.verify(session) == audit.AuditCheck(ok=False, rows=2, first_bad=3)


def test_a_cut_is_noticed(filled: Database) -> None:
    with filled.transaction() as session:
        session.execute(delete(AuditRow).where(AuditRow.position > 3))
    with filled.read() as session:
        assert audit.verify(session) == audit.AuditCheck(ok=False, rows=3, first_bad=4)


def test_a_cut_that_also_rewrites_the_head_is_noticed_by_a_head_kept_elsewhere(
    filled: Database,
) -> None:
    with filled.read() as session:
        kept = audit.head(session)
        third = session.get_one(AuditRow, 3)
    with filled.transaction() as session:
        session.execute(delete(AuditRow).where(AuditRow.position > 3))
        session.execute(update(AuditHeadRow).values(position=3, hash=third.hash))
    with filled.read() as session:
        assert audit.verify(session).ok
        assert not audit.verify(session, expected_head=kept).ok


def test_many_writers_make_one_chain(database: Database) -> None:
    def write() -> None:
        for number in range(10):
            with database.transaction() as session:
                _append(session, number)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert audit.verify(session) == audit.AuditCheck(ok=True, rows=40, first_bad=None)
