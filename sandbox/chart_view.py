"""Everything the chart page prints about one patient, made from FHIR resources (pure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import chart_notes, chart_results, fhir_text
from sandbox.chart_notes import Dated, DocumentLine, Message, Note, Opinion
from sandbox.chart_results import ResultTable, Vital

_KIND = re.compile(r"\s+\((disorder|finding|situation|procedure|morphologic abnormality)\)$")
_RECENT = timedelta(hours=48)
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
FIRST_LINES = 10

Resource = Mapping[str, Any]  # Any: FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a list: what it is, and a quiet word beside it."""

    text: str
    aside: str
    struck: bool = False


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A list in two parts: always shown, and shown on demand."""

    first: tuple[Line, ...]
    more: tuple[Line, ...]

    @property
    def total(self) -> int:
        """How many lines there are."""
        return len(self.first) + len(self.more)


@dataclass(frozen=True, kw_only=True)
class Bed:
    """Where the patient lies and why, from the patient list."""

    ward: str
    bed: str
    reason: str
    code_status: str
    seeded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Banner:
    """Who the patient is."""

    name: str
    born: str
    age: str
    sex: str
    mrn: str
    bed: str
    weight: str
    allergies: str
    code_status: str


@dataclass(frozen=True, kw_only=True)
class ChartView:
    """One chart page."""

    patient_id: str
    banner: Banner
    reason: str
    problems: Lines
    medications: Lines
    allergies: Lines
    history: Lines
    table: ResultTable
    vitals: tuple[Vital, ...]
    vitals_when: str
    notes: tuple[Note, ...]
    more_notes: tuple[Note, ...]
    documents: tuple[DocumentLine, ...]
    opinions: tuple[Opinion, ...]
    messages: tuple[Message, ...]


def build(chart: Mapping[str, Sequence[Dated]], bed: Bed, now: datetime) -> ChartView:
    """Make the page from the patient's resources by type."""

    def of(kind: str) -> list[Resource]:
        return [dated.resource for dated in chart.get(kind, ())]

    patient = of("Patient")[0]
    observations = of("Observation")
    documents = chart.get("DocumentReference", ())
    allergies = _allergies(of("AllergyIntolerance"))
    signs = chart_results.vitals(observations)
    newest_sign = max((v.when for v in signs), key=fhir_text.moment, default="")
    shown_notes, more_notes = chart_notes.notes(documents, of("DiagnosticReport"), bed.seeded_at)
    return ChartView(
        patient_id=str(patient["id"]),
        banner=_banner(patient, bed, chart_results.weight(observations), allergies, now),
        reason=bed.reason,
        problems=_fold(_problems(of("Condition"))),
        medications=_fold(_medications([*of("MedicationRequest")], now)),
        allergies=_fold(allergies),
        history=_fold(_history(of("FamilyMemberHistory"), of("Procedure"))),
        table=chart_results.results(observations, now.date()),
        vitals=signs,
        vitals_when=fhir_text.day_and_clock(newest_sign),
        notes=shown_notes,
        more_notes=more_notes,
        documents=chart_notes.document_lines(documents),
        opinions=chart_notes.opinions(documents, bed.seeded_at),
        messages=chart_notes.messages(chart.get("Communication", ())),
    )


def _fold(lines: Sequence[Line]) -> Lines:
    return Lines(first=tuple(lines[:FIRST_LINES]), more=tuple(lines[FIRST_LINES:]))


def medical_record_number(patient: Resource) -> str:
    """The MR identifier, else the first one."""
    identifiers = patient.get("identifier") or []
    for identifier in identifiers:
        if "MR" in fhir_text.codes(identifier.get("type")):
            return str(identifier.get("value") or "")
    return str(identifiers[0].get("value") or "") if identifiers else ""


def sex(patient: Resource) -> str:
    """One letter, as on a wristband."""
    return {"female": "F", "male": "M", "other": "X"}.get(str(patient.get("gender")), "unknown")


def _banner(
    patient: Resource, bed: Bed, weight: str, allergies: Sequence[Line], now: datetime
) -> Banner:
    birth = str(patient.get("birthDate") or "")
    names = [line.text for line in allergies[:3]]
    more = f" +{len(allergies) - 3}" if len(allergies) > 3 else ""
    return Banner(
        name=fhir_text.human_name(patient.get("name"), inverted=True),
        born=fhir_text.day(birth),
        age=fhir_text.age(birth, now.date()),
        sex=sex(patient),
        mrn=medical_record_number(patient),
        bed=bed.bed,
        weight=weight,
        allergies=(", ".join(names) + more) or "None recorded",
        code_status=bed.code_status,
    )


def _plain(text: str) -> str:
    return _KIND.sub("", text)


def _problems(conditions: Sequence[Resource]) -> list[Line]:
    seen: dict[str, Line] = {}
    ranked = sorted(conditions, key=lambda c: -fhir_text.moment(_onset(c)))
    for condition in ranked:
        if not fhir_text.codes(condition.get("clinicalStatus")) & _ACTIVE:
            continue
        if "entered-in-error" in fhir_text.codes(condition.get("verificationStatus")):
            continue
        text = _plain(fhir_text.concept(condition.get("code")))
        seen.setdefault(text, Line(text=text, aside=fhir_text.day(_onset(condition))))
    return list(seen.values())


def _onset(condition: Resource) -> str:
    return str(condition.get("onsetDateTime") or condition.get("recordedDate") or "")


def _medications(requests: Sequence[Resource], now: datetime) -> list[Line]:
    lines: list[tuple[int, float, Line]] = []
    for request in requests:
        text = fhir_text.concept(request.get("medicationCodeableConcept")) or str(
            (request.get("medicationReference") or {}).get("display") or "Medication"
        )
        authored = fhir_text.moment(str(request.get("authoredOn") or ""))
        status = request.get("status")
        ended = _ended(request, now)
        if status == "active":
            lines.append((1, -authored, Line(text=text, aside=_sig(request))))
        elif status == "stopped" and ended:
            lines.append((0, -authored, Line(text=text, aside=f"stopped {ended}", struck=True)))
        elif status == "completed" and ended:
            lines.append((2, -authored, Line(text=text, aside=f"given {ended}")))
    return list({line.text: line for _, _, line in sorted(lines, key=lambda i: i[:2])}.values())


def _ended(request: Resource, now: datetime) -> str:
    """The clock time at which a drug was stopped or given within the last two days."""
    times = [str(note.get("time") or "") for note in request.get("note") or []]
    for dosage in request.get("dosageInstruction") or []:
        times += (dosage.get("timing") or {}).get("event") or []
    newest = max((t for t in times if t), key=fhir_text.moment, default="")
    if not newest or fhir_text.moment(newest) < (now - _RECENT).timestamp():
        return ""
    return fhir_text.clock(newest)


def _sig(request: Resource) -> str:
    for dosage in request.get("dosageInstruction") or []:
        if dosage.get("text"):
            return str(dosage["text"])
    return fhir_text.day(str(request.get("authoredOn") or ""))


def _allergies(allergies: Sequence[Resource]) -> list[Line]:
    lines = []
    for allergy in allergies:
        status = fhir_text.codes(allergy.get("clinicalStatus"))
        if status and "active" not in status:
            continue
        reactions = [
            fhir_text.concept(manifestation)
            for reaction in allergy.get("reaction") or []
            for manifestation in reaction.get("manifestation") or []
        ]
        text = _plain(fhir_text.concept(allergy.get("code")))
        lines.append(Line(text=text, aside=", ".join(reactions) or "reaction not recorded"))
    return lines


def _history(family: Sequence[Resource], procedures: Sequence[Resource]) -> list[Line]:
    lines = []
    for member in family:
        conditions = [fhir_text.concept(c.get("code")) for c in member.get("condition") or []]
        relation = fhir_text.concept(member.get("relationship")).capitalize()
        lines.append(Line(text=f"{relation}: {', '.join(conditions)}", aside="family"))
    done = sorted(procedures, key=lambda p: -fhir_text.moment(_performed(p)))
    seen: dict[str, Line] = {}
    for procedure in done:
        text = _plain(fhir_text.concept(procedure.get("code")))
        seen.setdefault(text, Line(text=text, aside=fhir_text.day(_performed(procedure))))
    return [*lines, *seen.values()]


def _performed(procedure: Resource) -> str:
    period = procedure.get("performedPeriod") or {}
    return str(procedure.get("performedDateTime") or period.get("start") or "")
