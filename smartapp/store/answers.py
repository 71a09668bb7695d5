"""Answers and messages that came back, re-linked, and how far their filing has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.store.case_rows import AnswerRow, MessageRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, seal_json, unseal, unseal_json


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One verified opinion. `view` is what the doctor reads; `original` what was signed."""

    case_id: str
    site_id: str
    opinion: str
    number: int
    original: bytes = field(repr=False)
    view: Mapping[str, Any] = field(repr=False)
    original_sha256: str
    rendering_sha256: str
    received_at: datetime
    state: str = "received"
    chart_reference: str | None = field(default=None, repr=False)
    written_at: datetime | None = None
    acknowledged_at: datetime | None = None
    rung: str | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of the thread in the doctor's own words and names."""

    case_id: str
    site_id: str
    message: str
    kind: str
    reference: str
    text: str = field(repr=False)
    at: datetime
    sequence: int = 0


def _cell(site_id: str, table: str, row: str, column: str) -> Cell:
    return Cell(tenant=site_id, table=table, row=row, column=column)


def add(session: Session, keyring: Keyring, answer: Answer) -> bool:
    """Store an opinion once; an older one of the case is superseded. False when known."""
    if session.get(AnswerRow, (answer.case_id, answer.opinion)) is not None:
        return False
    session.execute(
        update(AnswerRow)
        .where(
            AnswerRow.case_id == answer.case_id,
            AnswerRow.number < answer.number,
            AnswerRow.state == "received",
        )
        .values(state="superseded")
    )
    row = f"{answer.case_id}/{answer.opinion}"
    session.add(
        AnswerRow(
            case_id=answer.case_id,
            opinion=answer.opinion,
            number=answer.number,
            state=answer.state,
            original_sealed=seal(
                keyring, answer.original, _cell(answer.site_id, "gw_answer", row, "original")
            ),
            view_sealed=seal_json(
                keyring, answer.view, _cell(answer.site_id, "gw_answer", row, "view")
            ),
            original_sha256=answer.original_sha256,
            rendering_sha256=answer.rendering_sha256,
            received_at=answer.received_at,
        )
    )
    session.flush()
    return True


def _opened(keyring: Keyring, row: AnswerRow, site_id: str) -> Answer:
    key = f"{row.case_id}/{row.opinion}"

    def opened(sealed: bytes, column: str) -> bytes:
        return unseal(keyring, sealed, _cell(site_id, "gw_answer", key, column))

    reference = row.chart_reference_sealed
    return Answer(
        case_id=row.case_id,
        site_id=site_id,
        opinion=row.opinion,
        number=row.number,
        original=opened(row.original_sealed, "original"),
        view=unseal_json(keyring, row.view_sealed, _cell(site_id, "gw_answer", key, "view")),
        original_sha256=row.original_sha256,
        rendering_sha256=row.rendering_sha256,
        received_at=row.received_at,
        state=row.state,
        chart_reference=None if reference is None else opened(reference, "chart").decode(),
        written_at=row.written_at,
        acknowledged_at=row.acknowledged_at,
        rung=row.rung,
    )


def find(
    session: Session, keyring: Keyring, *, case_id: str, opinion: str, site_id: str
) -> Answer | None:
    """One opinion of a case, or None."""
    row = session.get(AnswerRow, (case_id, opinion))
    return _opened(keyring, row, site_id) if row else None


def known(session: Session, case_id: str) -> frozenset[str]:
    """The opinions of a case that are stored here, and so were verified."""
    return frozenset(session.scalars(select(AnswerRow.opinion).where(AnswerRow.case_id == case_id)))


def of_case(session: Session, keyring: Keyring, *, case_id: str, site_id: str) -> Sequence[Answer]:
    """Every opinion of a case, newest first."""
    rows = session.scalars(
        select(AnswerRow).where(AnswerRow.case_id == case_id).order_by(AnswerRow.number.desc())
    )
    return [_opened(keyring, row, site_id) for row in rows]


def move(
    session: Session,
    *,
    case_id: str,
    opinion: str,
    state: str,
    only_from: Sequence[str],
    now: datetime,
) -> bool:
    """Advance the filing by compare-and-set; True for the one that did it."""
    values: dict[str, object] = {"state": state}
    if state == "written":
        values["written_at"] = now
    if state == "acknowledged":
        values["acknowledged_at"] = now
    done = session.execute(
        update(AnswerRow)
        .where(
            AnswerRow.case_id == case_id,
            AnswerRow.opinion == opinion,
            AnswerRow.state.in_(only_from),
        )
        .values(**values)
    )
    return touched(done) > 0


def state_of(session: Session, *, case_id: str, opinion: str) -> str:
    """How far the filing of an opinion has come, as the database says now."""
    found = session.scalar(
        select(AnswerRow.state).where(AnswerRow.case_id == case_id, AnswerRow.opinion == opinion)
    )
    return found or "parked"


def is_older(session: Session, *, case_id: str, number: int) -> bool:
    """Whether a newer version than `number` has arrived."""
    newest = session.scalar(select(func.max(AnswerRow.number)).where(AnswerRow.case_id == case_id))
    return newest is not None and newest > number


def note_rung(session: Session, *, case_id: str, opinion: str, rung: str | None) -> None:
    """Remember in which form an answer is being written: a second try must look for that one.

    None when it is known that nothing was written.
    """
    row = session.get(AnswerRow, (case_id, opinion))
    if row is not None:
        row.rung = rung
        session.flush()


def note_chart_reference(
    session: Session, keyring: Keyring, answer: Answer, *, reference: str
) -> None:
    """Remember where in the chart the note stands."""
    row = session.get(AnswerRow, (answer.case_id, answer.opinion))
    if row is not None:
        key = f"{answer.case_id}/{answer.opinion}"
        row.chart_reference_sealed = seal(
            keyring, reference.encode(), _cell(answer.site_id, "gw_answer", key, "chart")
        )
        session.flush()


def add_message(session: Session, keyring: Keyring, message: Message) -> bool:
    """Append a turn to the thread once; False when it is known."""
    if session.get(MessageRow, (message.case_id, message.message)) is not None:
        return False
    last = session.scalar(
        select(func.max(MessageRow.sequence)).where(MessageRow.case_id == message.case_id)
    )
    row = f"{message.case_id}/{message.message}"
    session.add(
        MessageRow(
            case_id=message.case_id,
            message=message.message,
            kind=message.kind,
            reference=message.reference,
            text_sealed=seal(
                keyring,
                message.text.encode(),
                _cell(message.site_id, "gw_message", row, "text"),
            ),
            at=message.at,
            sequence=(last or 0) + 1,
        )
    )
    session.flush()
    return True


def last_message(session: Session, case_id: str) -> int:
    """The highest number that a message of the thread has; 0 before the first."""
    found = session.scalars(select(MessageRow.message).where(MessageRow.case_id == case_id))
    numbers = [name.rsplit(".", 1)[-1] for name in found if ".message." in name]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def newest_turn(session: Session, case_id: str) -> str | None:
    """The kind of the thread's newest message; None before the first."""
    return session.scalar(
        select(MessageRow.kind)
        .where(MessageRow.case_id == case_id)
        .order_by(MessageRow.sequence.desc())
        .limit(1)
    )


def thread(session: Session, keyring: Keyring, *, case_id: str, site_id: str) -> Sequence[Message]:
    """The thread of a case in the order it arrived here."""
    rows = session.scalars(
        select(MessageRow).where(MessageRow.case_id == case_id).order_by(MessageRow.sequence)
    )
    return [
        Message(
            case_id=row.case_id,
            site_id=site_id,
            message=row.message,
            kind=row.kind,
            reference=row.reference,
            text=unseal(
                keyring,
                row.text_sealed,
                _cell(site_id, "gw_message", f"{case_id}/{row.message}", "text"),
            ).decode(),
            at=row.at,
            sequence=row.sequence,
        )
        for row in rows
    ]
