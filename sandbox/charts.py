"""Loads what the EHR's pages show: the patient list, one chart, one document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from fhir_server.errors import FhirServerError
from fhir_server.ports import Stored
from sandbox import chart_notes, chart_view, fhir_text
from sandbox.access import STAFF
from sandbox.chart_notes import Dated
from sandbox.chart_view import Bed, ChartView
from sandbox.errors import PageNotFound
from sandbox.grants import Context
from sandbox.personas import Account
from sandbox.rows import AccountRow, PersonaRow

_CHART_TYPES = (
    "AllergyIntolerance",
    "Communication",
    "Condition",
    "DiagnosticReport",
    "DocumentReference",
    "FamilyMemberHistory",
    "MedicationRequest",
    "Observation",
    "Procedure",
)

_PICTURES = frozenset({"image/jpeg", "image/png"})


@dataclass(frozen=True, kw_only=True)
class PatientLine:
    """One line of the patient list."""

    patient_id: str = field(repr=False)
    name: str = field(repr=False)
    born: str = field(repr=False)
    age: str
    sex: str
    mrn: str = field(repr=False)
    ward: str
    bed: str
    reason: str
    teaching: bool
    has_opinion: bool


@dataclass(frozen=True, kw_only=True)
class DocumentPart:
    """One content of a document: its text, its picture, or the size of what is neither."""

    title: str
    kind: str
    size: int
    paragraphs: tuple[str, ...]
    picture: str = field(default="", repr=False)
    """The address of a picture, which holds the picture itself."""


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """One document page."""

    patient_name: str = field(repr=False)
    title: str
    when: str
    author: str
    state: str
    parts: tuple[DocumentPart, ...] = field(repr=False)


def accounts(session: Session) -> tuple[Account, ...]:
    """The doctors who can sign in."""
    rows = session.scalars(select(AccountRow).order_by(AccountRow.position))
    return tuple(_account(row) for row in rows)


def account(session: Session, account_id: str) -> Account:
    """One doctor; raises PageNotFound for an unknown one."""
    row = session.get(AccountRow, account_id)
    if row is None:
        raise PageNotFound
    return _account(row)


def _account(row: AccountRow) -> Account:
    return Account(
        account_id=row.account_id,
        practitioner_id=row.practitioner_id,
        name=row.name,
        title=row.title,
        ward=row.ward,
    )


def patient_list(session: Session, engine: FhirEngine, now: datetime) -> tuple[PatientLine, ...]:
    """Every listed patient, teaching cases first."""
    rows = session.scalars(
        select(PersonaRow).where(PersonaRow.listed).order_by(PersonaRow.position)
    ).all()
    ids = ",".join(row.patient_id for row in rows)
    found = engine.search(session, "Patient", [("_id", ids)], caller=STAFF) if ids else None
    patients = {stored.id: stored.resource for stored in found.matches} if found else {}
    news = _patients_with_opinion(session, engine, {r.patient_id: r.seeded_at for r in rows})
    return tuple(
        _line(row, patients[row.patient_id], row.patient_id in news, now)
        for row in rows
        if row.patient_id in patients
    )


def _patients_with_opinion(
    session: Session, engine: FhirEngine, seeded: Mapping[str, datetime]
) -> frozenset[str]:
    notes = engine.search(
        session,
        "DocumentReference",
        [("type", f"http://loinc.org|{chart_notes.CONSULT_NOTE}"), ("status", "current")],
        caller=STAFF,
    )
    return frozenset(
        stored.compartment
        for stored in notes.matches
        if stored.compartment in seeded and stored.updated > seeded[stored.compartment]
    )


def _line(
    row: PersonaRow, patient: Mapping[str, object], has_opinion: bool, now: datetime
) -> PatientLine:
    birth = str(patient.get("birthDate") or "")
    return PatientLine(
        patient_id=row.patient_id,
        name=fhir_text.human_name(patient.get("name"), inverted=True),
        born=fhir_text.day(birth),
        age=fhir_text.age(birth, now.date()),
        sex=chart_view.sex(patient),
        mrn=chart_view.medical_record_number(patient),
        ward=row.ward,
        bed=row.bed,
        reason=row.reason,
        teaching=row.teaching,
        has_opinion=has_opinion,
    )


def persona_of(session: Session, patient_id: str) -> PersonaRow:
    """The seeded patient with this logical id; raises PageNotFound."""
    row = session.scalars(select(PersonaRow).where(PersonaRow.patient_id == patient_id)).first()
    if row is None:
        raise PageNotFound
    return row


def chart(session: Session, engine: FhirEngine, patient_id: str, now: datetime) -> ChartView:
    """One patient's chart page; raises PageNotFound."""
    row = persona_of(session, patient_id)
    resources: dict[str, Sequence[Dated]] = {
        "Patient": _dated([engine.read(session, "Patient", patient_id, caller=STAFF)])
    }
    for kind in _CHART_TYPES:
        found = engine.search(session, kind, [("patient", patient_id)], caller=STAFF)
        resources[kind] = _dated(found.matches)
    bed = Bed(
        ward=row.ward,
        bed=row.bed,
        reason=row.reason,
        code_status=row.code_status,
        seeded_at=row.seeded_at,
    )
    return chart_view.build(resources, bed, now)


def _dated(stored: Sequence[Stored]) -> list[Dated]:
    return [Dated(resource=one.resource, stored_at=one.updated) for one in stored]


def launch_context(session: Session, patient_id: str, account_id: str) -> Context:
    """What a launch from this patient's chart page carries."""
    row = persona_of(session, patient_id)
    return Context(account_id=account_id, patient_id=patient_id, encounter_id=row.encounter_id)


def document(
    session: Session, engine: FhirEngine, patient_id: str, document_id: str
) -> DocumentView:
    """One document of this patient; raises PageNotFound for any other."""
    try:
        stored = engine.read(session, "DocumentReference", document_id, caller=STAFF)
        patient = engine.read(session, "Patient", patient_id, caller=STAFF)
    except FhirServerError:
        raise PageNotFound from None
    if stored.compartment != patient_id:
        raise PageNotFound
    resource = stored.resource
    return DocumentView(
        patient_name=fhir_text.human_name(patient.resource.get("name"), inverted=True),
        title=chart_notes.title_of(resource),
        when=fhir_text.day_and_clock(str(resource.get("date") or "")),
        author=chart_notes.authors_of(resource),
        state=chart_notes.state_of(resource),
        parts=tuple(_part(c.get("attachment") or {}) for c in resource.get("content") or []),
    )


def _part(attachment: Mapping[str, object]) -> DocumentPart:
    text = fhir_text.attachment_text(attachment)
    kind = str(attachment.get("contentType") or "unknown type").split(";", 1)[0]
    return DocumentPart(
        title=str(attachment.get("title") or "Content"),
        kind=kind,
        size=len(str(attachment.get("data") or "")) * 3 // 4,
        paragraphs=fhir_text.paragraphs(text) if text else (),
        picture=f"data:{kind};base64,{attachment.get('data')}" if kind in _PICTURES else "",
    )
