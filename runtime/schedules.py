"""Periodic tasks over several workers: one runs a task at a time, none runs it twice at once."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from runtime import clock
from runtime.tables import ScheduleRow
from runtime.upsert import insert_if_absent


def claim(session: Session, name: str, *, owner: str) -> bool:
    """Take a task whose time has come; False when it is not due or another worker has it."""
    insert_if_absent(session, ScheduleRow, {"name": name, "next_at": clock.now(), "owner": ""})
    result = session.execute(
        update(ScheduleRow)
        .where(
            ScheduleRow.name == name, ScheduleRow.owner == "", ScheduleRow.next_at <= clock.now()
        )
        .values(owner=owner)
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def release(session: Session, name: str, *, owner: str, period_seconds: float) -> None:
    """Give a task back; it is due again one period from now."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.name == name, ScheduleRow.owner == owner)
        .values(owner="", next_at=clock.now() + timedelta(seconds=period_seconds))
        .execution_options(synchronize_session=False)
    )


def free(session: Session, owners: Collection[str]) -> None:
    """Give back the tasks that dead workers held; they are due at once."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.owner.in_(owners))
        .values(owner="", next_at=clock.now())
        .execution_options(synchronize_session=False)
    )
