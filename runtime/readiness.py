"""Checks behind `/ready` and `confer doctor`: each has a name and answers yes, or a code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import select

from runtime import clock
from runtime.database import Database, check_tables
from runtime.errors import NotReady, code_of
from runtime.keyring import Keyring
from runtime.tables import HeartbeatRow, JobRow

_OVERDUE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check: its name, whether it passed, and the error code if not."""

    name: str
    ok: bool
    code: str


def run(checks: Mapping[str, Callable[[], None]]) -> tuple[CheckResult, ...]:
    """Run all checks, also after one has failed."""
    return tuple(_run_one(name, check) for name, check in checks.items())


def database_answers(database: Database) -> None:
    """Raise unless the database can be written to (a transaction that changes nothing)."""
    with database.transaction() as session:
        session.execute(sa.text("SELECT 1"))


def tables_exist(database: Database, *metadatas: sa.MetaData) -> None:
    """Raise `SchemaOutdated` unless all tables are there."""
    check_tables(database, *metadatas)


def keyring_opens(path: Path) -> None:
    """Raise `KeyringUnusable` unless the key file is there, private and complete."""
    Keyring.open(path, create=False)


def worker_beats(database: Database, *, within_seconds: float = 60.0) -> None:
    """Raise `NotReady` unless a worker has shown itself lately."""
    with database.read() as session:
        last = session.scalar(select(sa.func.max(HeartbeatRow.beat_at)))
    if last is None or last < clock.now() - timedelta(seconds=within_seconds):
        raise NotReady(check="worker")


def nothing_waits_silently(database: Database) -> None:
    """Raise `NotReady` when an accepted job is overdue by ten minutes and nobody runs it."""
    with database.read() as session:
        overdue = session.scalar(
            select(sa.func.count())
            .select_from(JobRow)
            .where(JobRow.state == "waiting", JobRow.due_at < clock.now() - _OVERDUE)
        )
    if overdue:
        raise NotReady(check="jobs_overdue")


def _run_one(name: str, check: Callable[[], None]) -> CheckResult:
    try:
        check()
    except Exception as error:  # noqa: BLE001  (a failing check is a result, not a crash)
        return CheckResult(name=name, ok=False, code=code_of(error))
    return CheckResult(name=name, ok=True, code="")
