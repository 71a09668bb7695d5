"""Drafts: one question in the making, its chart, and how far the reading has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.errors import DraftMissing
from smartapp.store.launch_rows import DraftRow, SectionRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, seal_json, unseal, unseal_json

DraftState = Literal["reading", "ready", "failed", "approved"]

LIFETIME = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class DraftSection:
    """One part of the chart as far as it was read."""

    name: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft without its chart; `form` and `choices` are what the doctor entered."""

    draft_id: str
    site_id: str
    case_id: str
    state: str
    version: int
    read_at: datetime | None
    leased_until: datetime | None
    patient: Mapping[str, Any] = field(repr=False)
    case_key: bytes = field(repr=False)
    form: Mapping[str, Any] = field(repr=False)
    choices: Mapping[str, Any] = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewDraft:
    """What a launch knows when it opens a draft."""

    draft_id: str
    site_id: str
    case_id: str
    case_key: bytes = field(repr=False)
    patient: Mapping[str, Any] = field(repr=False)


def _cell(site_id: str, draft_id: str, column: str) -> Cell:
    return Cell(tenant=site_id, table="gw_draft", row=draft_id, column=column)


def create(session: Session, keyring: Keyring, new: NewDraft, *, now: datetime) -> None:
    """Open a draft that still has to be read."""
    session.add(
        DraftRow(
            draft_id=new.draft_id,
            site_id=new.site_id,
            case_id=new.case_id,
            state="reading",
            version=1,
            patient_sealed=seal_json(
                keyring, new.patient, _cell(new.site_id, new.draft_id, "patient")
            ),
            key_sealed=seal(keyring, new.case_key, _cell(new.site_id, new.draft_id, "key")),
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    session.flush()


def _row(session: Session, draft_id: str, *, now: datetime) -> DraftRow:
    row = session.get(DraftRow, draft_id)
    if row is None or row.expires_at <= now:
        raise DraftMissing
    return row


def load(session: Session, keyring: Keyring, draft_id: str, *, now: datetime) -> Draft:
    """Return a live draft; `DraftMissing` when it is gone."""
    row = _row(session, draft_id, now=now)

    def opened(sealed: bytes | None, column: str) -> dict[str, Any]:
        if sealed is None:
            return {}
        return unseal_json(keyring, sealed, _cell(row.site_id, draft_id, column))

    return Draft(
        draft_id=row.draft_id,
        site_id=row.site_id,
        case_id=row.case_id,
        state=row.state,
        version=row.version,
        read_at=row.read_at,
        leased_until=row.leased_until,
        patient=opened(row.patient_sealed, "patient"),
        case_key=unseal(keyring, row.key_sealed, _cell(row.site_id, draft_id, "key")),
        form=opened(row.form_sealed, "form"),
        choices=opened(row.choices_sealed, "choices"),
        expires_at=row.expires_at,
    )


def lease(session: Session, draft_id: str, *, holder: str, until: datetime, now: datetime) -> bool:
    """Take the reading of a draft unless a living process holds it; True when taken."""
    taken = session.execute(
        update(DraftRow)
        .where(
            DraftRow.draft_id == draft_id,
            DraftRow.state == "reading",
            (DraftRow.leased_until.is_(None)) | (DraftRow.leased_until < now),
        )
        .values(lease_holder=holder, leased_until=until)
    )
    return touched(taken) > 0


def extend(session: Session, draft_id: str, *, holder: str, until: datetime) -> bool:
    """Keep a lease alive; False when another process has taken it over."""
    kept = session.execute(
        update(DraftRow)
        .where(DraftRow.draft_id == draft_id, DraftRow.lease_holder == holder)
        .values(leased_until=until)
    )
    return touched(kept) > 0


def put_section(session: Session, draft_id: str, section: DraftSection) -> None:
    """Record how one section went; a repeated reading replaces it."""
    session.merge(
        SectionRow(
            draft_id=draft_id,
            name=section.name,
            state=section.state,
            reason=section.reason,
            count=section.count,
        )
    )
    session.flush()


def sections(session: Session, draft_id: str) -> tuple[DraftSection, ...]:
    """Every section that has been read or refused so far."""
    rows = session.scalars(select(SectionRow).where(SectionRow.draft_id == draft_id))
    return tuple(
        DraftSection(name=row.name, state=row.state, reason=row.reason, count=row.count)
        for row in rows
    )


def finish_reading(
    session: Session,
    keyring: Keyring,
    draft_id: str,
    *,
    snapshot: bytes | None,
    patient: Mapping[str, Any] | None = None,
    now: datetime,
) -> None:
    """Store the chart that was read, or that it could not be read at all (None).

    A chart that is there stays: a reader that lost its lease may come second.
    """
    row = _row(session, draft_id, now=now)
    if row.state == "ready":
        return
    if patient is not None:
        row.patient_sealed = seal_json(keyring, patient, _cell(row.site_id, draft_id, "patient"))
    row.state = "ready" if snapshot is not None else "failed"
    row.read_at = now
    row.leased_until = None
    if snapshot is not None:
        row.snapshot_sealed = seal(keyring, snapshot, _cell(row.site_id, draft_id, "snapshot"))
    session.flush()


def snapshot(session: Session, keyring: Keyring, draft_id: str, *, now: datetime) -> bytes:
    """The chart of a draft as it was read."""
    row = _row(session, draft_id, now=now)
    if row.snapshot_sealed is None:
        raise DraftMissing
    return unseal(keyring, row.snapshot_sealed, _cell(row.site_id, draft_id, "snapshot"))


def tell_patient(
    session: Session, keyring: Keyring, draft_id: str, *, facts: Mapping[str, Any], now: datetime
) -> None:
    """Keep who the patient is as soon as that was read; the rest of the chart may follow.

    What is told here adds to what the launch knew; a chart that is there already stays.
    """
    row = _row(session, draft_id, now=now)
    if row.state != "reading":
        return
    cell = _cell(row.site_id, draft_id, "patient")
    known = unseal_json(keyring, row.patient_sealed, cell)
    row.patient_sealed = seal_json(keyring, {**known, **facts}, cell)
    session.flush()


def restart_reading(session: Session, draft_id: str, *, now: datetime) -> None:
    """Read again after a failure."""
    row = _row(session, draft_id, now=now)
    if row.state == "failed":
        row.state = "reading"
        row.leased_until = None
        session.execute(delete(SectionRow).where(SectionRow.draft_id == draft_id))
        session.flush()


def save(
    session: Session,
    keyring: Keyring,
    draft: Draft,
    *,
    form: Mapping[str, Any],
    choices: Mapping[str, Any],
) -> int:
    """Store what the doctor entered and return the new version; every older revision is stale."""
    row = session.get(DraftRow, draft.draft_id)
    if row is None:
        raise DraftMissing
    row.form_sealed = seal_json(keyring, form, _cell(draft.site_id, draft.draft_id, "form"))
    row.choices_sealed = seal_json(
        keyring, choices, _cell(draft.site_id, draft.draft_id, "choices")
    )
    row.version += 1
    session.flush()
    return row.version


def mark_approved(session: Session, draft_id: str, *, version: int) -> bool:
    """Close a draft by compare-and-set on its version; True for the one that did it."""
    done = session.execute(
        update(DraftRow)
        .where(
            DraftRow.draft_id == draft_id,
            DraftRow.version == version,
            DraftRow.state == "ready",
        )
        .values(state="approved")
    )
    return touched(done) > 0


def delete_expired(session: Session, *, now: datetime) -> int:
    """Delete drafts past their twelve hours; returns how many."""
    gone = session.execute(delete(DraftRow).where(DraftRow.expires_at <= now))
    return touched(gone)
