"""The audit record: append-only, each row chained by hash to the row before.

A row is written in the transaction of what it records, so neither exists without the
other. `verify` names the first row that was changed, removed or inserted; only the head
kept elsewhere (`head`) can show that the newest rows were cut off.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from runtime import clock, json_text
from runtime.tables import AuditHeadRow, AuditRow
from runtime.upsert import insert_if_absent

GENESIS = "0" * 64
_HEAD_ID = 1
_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class AuditCheck:
    """The result of `verify`: rows read and the position of the first bad one."""

    ok: bool
    rows: int
    first_bad: int | None


@dataclass(frozen=True, kw_only=True)
class AuditHead:
    """Position and hash of the newest row: keep it outside to notice a cut."""

    position: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One audited event, as read back."""

    position: int
    at: datetime
    event: str
    actor: str
    subject: str
    outcome: str
    detail: Mapping[str, str | int]


def append(
    session: Session,
    *,
    event: str,
    actor: str,
    subject: str,
    outcome: str = "success",
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Add one row in the caller's transaction: ids, codes and counts only."""
    head = _lock_head(session)
    row = AuditRow(
        position=head.position + 1,
        at=clock.now(),
        event=event,
        actor=actor,
        subject=subject,
        outcome=outcome,
        detail=json_text.dumps_sorted(dict(detail or {})).decode("utf-8"),
        previous_hash=head.hash,
    )
    row.hash = _hash(row)
    session.add(row)
    session.flush()
    session.execute(
        update(AuditHeadRow)
        .where(AuditHeadRow.id == _HEAD_ID)
        .values(position=row.position, hash=row.hash)
    )


def verify(session: Session, *, expected_head: AuditHead | None = None) -> AuditCheck:
    """Recompute the chain from the first row; compare with a head kept elsewhere, if given."""
    position = 0
    previous = GENESIS
    at_expected: str | None = None
    while rows := _page(session, after=position):
        for row in rows:
            if (
                row.position != position + 1
                or row.previous_hash != previous
                or _hash(row) != row.hash
            ):
                return AuditCheck(ok=False, rows=position, first_bad=position + 1)
            position, previous = row.position, row.hash
            if expected_head is not None and position == expected_head.position:
                at_expected = row.hash
    present = head(session)
    cut = present.position != position or present.hash != previous
    if expected_head is not None and expected_head.position > 0:
        cut = cut or at_expected != expected_head.hash
    return AuditCheck(ok=not cut, rows=position, first_bad=position + 1 if cut else None)


def head(session: Session) -> AuditHead:
    """Return position and hash of the newest row (0 and zeros when there is none)."""
    found = session.execute(
        select(AuditHeadRow.position, AuditHeadRow.hash).where(AuditHeadRow.id == _HEAD_ID)
    ).first()
    return (
        AuditHead(position=found[0], hash=found[1])
        if found
        else AuditHead(position=0, hash=GENESIS)
    )


def entries(
    session: Session, *, subject: str | None = None, event: str | None = None, limit: int = 100
) -> list[AuditEntry]:
    """Return the newest rows first, of one subject or event if named."""
    query = select(AuditRow).order_by(AuditRow.position.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    if event is not None:
        query = query.where(AuditRow.event == event)
    return [
        AuditEntry(
            position=row.position,
            at=row.at,
            event=row.event,
            actor=row.actor,
            subject=row.subject,
            outcome=row.outcome,
            detail=json_text.loads(row.detail.encode("utf-8")),
        )
        for row in session.scalars(query)
    ]


def _lock_head(session: Session) -> AuditHead:
    # The head row serializes writers: on PostgreSQL by its row lock, on SQLite by the file's.
    query = (
        select(AuditHeadRow.position, AuditHeadRow.hash)
        .where(AuditHeadRow.id == _HEAD_ID)
        .with_for_update()
    )
    found = session.execute(query).first()
    if found is None:
        insert_if_absent(session, AuditHeadRow, {"id": _HEAD_ID, "position": 0, "hash": GENESIS})
        found = session.execute(query).one()
    return AuditHead(position=found[0], hash=found[1])


def _page(session: Session, *, after: int) -> list[AuditRow]:
    return list(
        session.scalars(
            select(AuditRow)
            .where(AuditRow.position > after)
            .order_by(AuditRow.position)
            .limit(_PAGE)
            .execution_options(populate_existing=True)
        )
    )


def _hash(row: AuditRow) -> str:
    content = [
        row.position,
        row.at.isoformat(timespec="microseconds"),
        row.event,
        row.actor,
        row.subject,
        row.outcome,
        row.detail,
        row.previous_hash,
    ]
    return hashlib.sha256(json_text.dumps(content)).hexdigest()
