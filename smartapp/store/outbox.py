"""The outbox: approved bytes until the network has them, or a person took them back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.store.case_rows import OutboxRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, unseal


@dataclass(frozen=True, kw_only=True)
class OutboxItem:
    """One approved submission. `body` is what leaves, byte for byte."""

    submission: str
    site_id: str
    case_id: str
    kind: str
    revision_id: str
    sha256: str
    body: bytes = field(repr=False)
    send_after: datetime
    stale_after: datetime
    state: str = "waiting"
    attempts: int = 0
    last_problem: str = ""
    sent_at: datetime | None = None


def _cell(site_id: str, submission: str, column: str) -> Cell:
    return Cell(tenant=site_id, table="gw_outbox", row=submission, column=column)


def add(session: Session, keyring: Keyring, item: OutboxItem, *, now: datetime) -> None:
    """Queue bytes; the table refuses any that no passed revision stands behind."""
    session.add(
        OutboxRow(
            submission=item.submission,
            case_id=item.case_id,
            kind=item.kind,
            revision_id=item.revision_id,
            sha256=item.sha256,
            gate="pass",
            state="waiting",
            body_sealed=seal(keyring, item.body, _cell(item.site_id, item.submission, "body")),
            attempts=0,
            send_after=item.send_after,
            stale_after=item.stale_after,
            last_problem="",
            created_at=now,
        )
    )
    session.flush()


def load(session: Session, keyring: Keyring, submission: str, *, site_id: str) -> OutboxItem | None:
    """One item with its bytes, or None."""
    row = session.get(OutboxRow, submission)
    return _opened(keyring, row, site_id) if row else None


def of_case(
    session: Session, keyring: Keyring, *, case_id: str, site_id: str
) -> tuple[OutboxItem, ...]:
    """All items of a case, in the order they were approved."""
    rows = session.scalars(
        select(OutboxRow).where(OutboxRow.case_id == case_id).order_by(OutboxRow.created_at)
    )
    return tuple(_opened(keyring, row, site_id) for row in rows)


def last_reply(session: Session, case_id: str) -> int:
    """The highest number of a reply that was ever approved for a case; 0 before the first."""
    found = session.scalars(
        select(OutboxRow.submission).where(OutboxRow.case_id == case_id, OutboxRow.kind == "reply")
    )
    return max((int(submission.rsplit(".", 1)[-1]) for submission in found), default=0)


def reply_in_flight(session: Session, case_id: str) -> bool:
    """Whether an approved reply is still on its way."""
    found = session.scalars(
        select(OutboxRow.submission).where(
            OutboxRow.case_id == case_id,
            OutboxRow.kind == "reply",
            OutboxRow.state.in_(("waiting", "sending")),
        )
    )
    return found.first() is not None


def overdue(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Submissions that are past the time until which they may be sent."""
    return tuple(
        session.scalars(
            select(OutboxRow.submission).where(
                OutboxRow.state.in_(("waiting", "sending")), OutboxRow.stale_after <= now
            )
        )
    )


def case_of(session: Session, submission: str) -> str | None:
    """Which case a submission belongs to."""
    return session.scalar(select(OutboxRow.case_id).where(OutboxRow.submission == submission))


def _opened(keyring: Keyring, row: OutboxRow, site_id: str) -> OutboxItem:
    return OutboxItem(
        submission=row.submission,
        site_id=site_id,
        case_id=row.case_id,
        kind=row.kind,
        revision_id=row.revision_id,
        sha256=row.sha256,
        body=unseal(keyring, row.body_sealed, _cell(site_id, row.submission, "body")),
        send_after=row.send_after,
        stale_after=row.stale_after,
        state=row.state,
        attempts=row.attempts,
        last_problem=row.last_problem,
        sent_at=row.sent_at,
    )


def note_attempt(session: Session, submission: str, *, problem: str) -> None:
    """Count a try that did not get through."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.submission == submission)
        .values(attempts=OutboxRow.attempts + 1, last_problem=problem)
    )


def move(
    session: Session,
    submission: str,
    *,
    state: str,
    only_from: Sequence[str],
    now: datetime | None = None,
) -> bool:
    """Change the state by compare-and-set; True for the one that did it."""
    values: dict[str, object] = {"state": state}
    if state == "sent":
        values.update(sent_at=now, last_problem="")
    done = session.execute(
        update(OutboxRow)
        .where(OutboxRow.submission == submission, OutboxRow.state.in_(only_from))
        .values(**values)
    )
    return touched(done) > 0


def keep_response(
    session: Session, keyring: Keyring, submission: str, *, site_id: str, response: bytes
) -> None:
    """Keep the network's own words beside what was sent."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.submission == submission)
        .values(response_sealed=seal(keyring, response, _cell(site_id, submission, "response")))
    )
