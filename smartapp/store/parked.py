"""What stopped and waits, visibly, for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from smartapp.store.case_rows import ParkedRow
from smartapp.store.rows import touched


@dataclass(frozen=True, kw_only=True)
class Parked:
    """One thing that needs a person; `reason` is a code, `item` a submission or an opinion."""

    parked_id: str
    case_id: str
    item: str
    reason: str
    since: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None


def _parked(row: ParkedRow) -> Parked:
    return Parked(
        parked_id=row.parked_id,
        case_id=row.case_id,
        item=row.item,
        reason=row.reason,
        since=row.since,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
    )


def park(session: Session, parked: Parked) -> None:
    """Park an item; the same item and reason open is no second row."""
    known = session.scalars(
        select(ParkedRow.parked_id).where(
            ParkedRow.case_id == parked.case_id,
            ParkedRow.item == parked.item,
            ParkedRow.reason == parked.reason,
            ParkedRow.resolved_at.is_(None),
        )
    ).first()
    if known is None:
        session.add(
            ParkedRow(
                parked_id=parked.parked_id,
                case_id=parked.case_id,
                item=parked.item,
                reason=parked.reason,
                since=parked.since,
            )
        )
        session.flush()


def was_parked(session: Session, *, case_id: str, item: str) -> bool:
    """Whether the item was ever parked, settled or not."""
    return (
        session.scalars(
            select(ParkedRow.parked_id).where(ParkedRow.case_id == case_id, ParkedRow.item == item)
        ).first()
        is not None
    )


def waiting(session: Session, case_id: str | None = None) -> Sequence[Parked]:
    """Everything that waits for a person, oldest first."""
    query = select(ParkedRow).where(ParkedRow.resolved_at.is_(None)).order_by(ParkedRow.since)
    if case_id is not None:
        query = query.where(ParkedRow.case_id == case_id)
    return [_parked(row) for row in session.scalars(query)]


def resolve(session: Session, parked_id: str, *, resolution: str, now: datetime) -> bool:
    """A person decided; True for the one whose decision counted."""
    done = session.execute(
        update(ParkedRow)
        .where(ParkedRow.parked_id == parked_id, ParkedRow.resolved_at.is_(None))
        .values(resolved_at=now, resolution=resolution)
    )
    return touched(done) > 0


def resolve_item(
    session: Session, *, case_id: str, item: str, resolution: str, now: datetime
) -> None:
    """What was parked for this item has settled itself."""
    session.execute(
        update(ParkedRow)
        .where(
            ParkedRow.case_id == case_id,
            ParkedRow.item == item,
            ParkedRow.resolved_at.is_(None),
        )
        .values(resolved_at=now, resolution=resolution)
    )
