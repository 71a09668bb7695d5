"""The scratchpad of a chart: what an app drafts there is nobody's word until a doctor signs.

Spec: SMART Web Messaging 1.0, scratchpad.create.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from runtime import json_text, tokens
from runtime.errors import JsonTextError
from sandbox import chart_notes, compartment, fhir_text
from sandbox.access import STAFF
from sandbox.errors import DraftRefused, PageNotFound
from sandbox.personas import Account
from sandbox.rows import DraftRow, GrantRow

KIND = "DocumentReference"
_LARGEST = 500_000


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One draft as the chart page shows it."""

    draft_id: str
    title: str
    when: datetime
    paragraphs: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Scratchpad:
    """Whose scratchpad: one doctor's, in one chart, of one EHR."""

    patient_id: str = field(repr=False)
    account: Account
    fhir_base: str


def put(session: Session, pad: Scratchpad, *, handle: str, text: str, now: datetime) -> str:
    """Keep a draft; returns its id.

    `handle` came with the app's token: raises DraftRefused unless its launch is alive and of
    this doctor and chart, and the resource is a document about this patient and no other.
    """
    grant = session.get(GrantRow, handle)
    if grant is None or grant.revoked_at is not None:
        raise DraftRefused(rule="the handle is of no launch")
    if (grant.patient_id, grant.account_id) != (pad.patient_id, pad.account.account_id):
        raise DraftRefused(rule="the handle is of another chart")
    resource = _read(text)
    home = compartment.compartment_of(resource, pad.fhir_base)
    named = compartment.patients_named(resource, pad.fhir_base)
    if resource.get("resourceType") != KIND or home != pad.patient_id or named - {home}:
        raise DraftRefused(rule="a document about this patient")
    draft_id = tokens.new_uuid()
    session.add(
        DraftRow(
            draft_id=draft_id,
            patient_id=pad.patient_id,
            account_id=pad.account.account_id,
            made_at=now,
            body=text,
        )
    )
    return draft_id


def listed(session: Session, pad: Scratchpad) -> tuple[Draft, ...]:
    """Return what waits in a scratchpad, oldest first."""
    rows = session.scalars(
        select(DraftRow)
        .where(DraftRow.patient_id == pad.patient_id, DraftRow.account_id == pad.account.account_id)
        .order_by(DraftRow.made_at, DraftRow.draft_id)
    )
    return tuple(_draft(row) for row in rows)


def sign(session: Session, engine: FhirEngine, pad: Scratchpad, draft_id: str) -> str:
    """File a draft in the chart as the doctor's own document; returns its id there."""
    row = _own(session, pad, draft_id)
    doctor = {
        "reference": f"Practitioner/{pad.account.practitioner_id}",
        "display": pad.account.name,
    }
    resource = {**_read(row.body), "docStatus": "final", "authenticator": doctor}
    resource.pop("id", None)
    stored = engine.create(session, resource, caller=STAFF)
    session.delete(row)
    return stored.id


def discard(session: Session, pad: Scratchpad, draft_id: str) -> None:
    """Throw a draft away."""
    session.delete(_own(session, pad, draft_id))


def _own(session: Session, pad: Scratchpad, draft_id: str) -> DraftRow:
    row = session.get(DraftRow, draft_id)
    if row is None or (row.patient_id, row.account_id) != (pad.patient_id, pad.account.account_id):
        raise PageNotFound
    return row


def _read(text: str) -> dict[str, Any]:  # Any: FHIR JSON
    try:
        resource = json_text.loads(text.encode("utf-8"), max_bytes=_LARGEST)
    except JsonTextError:
        raise DraftRefused(rule="the resource is JSON") from None
    if not isinstance(resource, dict):
        raise DraftRefused(rule="the resource is JSON")
    return resource


def _draft(row: DraftRow) -> Draft:
    resource = _read(row.body)
    texts = [
        fhir_text.attachment_text(content.get("attachment") or {})
        for content in resource.get("content") or []
    ]
    text = next((one for one in texts if one), "")
    return Draft(
        draft_id=row.draft_id,
        title=chart_notes.title_of(resource),
        when=row.made_at,
        paragraphs=fhir_text.paragraphs(text),
    )
