"""Write a verified answer into the right chart, exactly once, or park it where people see it.

Intent first, then look, write, read back; only then is the network told. Whatever cannot be
proven goes to a person: another patient's chart and a silent loss are the two outcomes that
must not exist.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fhir_adapters import read_back, reading, writing
from fhir_adapters.errors import (
    AdapterError,
    ChartUnreachable,
    NoteNotFound,
    WriteParked,
)
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import OutcomeUnknown
from fhir_adapters.ports import FhirSession
from launch import site_gate
from launch.errors import LaunchError, SiteClosed, Step
from launch.ports import SiteId
from runtime import audit, clock, json_text, logs
from runtime.errors import JsonTextError, OutboundDown, code_of
from runtime.log_events import Event
from smartapp.errors import ChartRefused, PatientMismatch, TryLater
from smartapp.gateway.hand_over import hand_over
from smartapp.gateway.patient_facts import demographics, is_complete
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, parked, vault
from smartapp.store.answers import Answer
from smartapp.store.cases import Case
from smartapp.store.vault import VaultLink

# Reasons a person can act on, by the code of the error that stopped the filing.
PARK_REASONS = {
    "adapter.write_not_offered": "not_offered",
    "adapter.write_refused": "ehr_refused",
    "adapter.write_parked": "outcome_unknown",
    "adapter.note_duplicated": "two_copies",
    "adapter.note_wrong_patient": "wrong_patient",
    "adapter.note_changed": "note_changed",
    "smartapp.patient_mismatch": "patient_changed",
    "smartapp.chart_refused": "patient_not_readable",
}


@dataclass(frozen=True, kw_only=True)
class _Filing:
    """One filing with what it needs."""

    case: Case
    answer: Answer
    link: VaultLink = field(repr=False)
    replaces: str | None = field(default=None, repr=False)

    def note(self, filed_at: datetime) -> NoteToWrite:
        """The note, its text as it was rendered and hashed when the answer was verified."""
        user = str(self.link.patient.get("user", ""))
        return NoteToWrite(
            opinion_id=self.answer.opinion,
            case_id=self.case.case_id,
            patient_id=str(self.link.patient["patient"]),
            encounter_id=self.link.patient.get("encounter"),
            author=user if user.startswith(("Practitioner/", "PractitionerRole/")) else None,
            text=str(self.answer.view["note"]),
            asked_at=self.case.asked_at,
            answered_at=self.answer.received_at,
            filed_at=filed_at,
            replaces=self.replaces,
        )


def file_answer(services: GatewayServices, case_id: str, opinion: str) -> str:
    """File one answer and return its state: written, acknowledged, superseded or parked.

    Raises `TryLater` while the EHR does not answer, `SiteClosed` while the site is switched off
    or outside its hours.
    """
    filing = _load(services, case_id, opinion)
    if filing is None or filing.answer.state not in ("received", "writing"):
        return filing.answer.state if filing else "parked"
    site = services.sites.by_id(SiteId(filing.case.site_id))
    if site is None:
        return _park(services, filing, "site_gone")
    site_gate.require_open(site, step=Step.FHIR)
    try:
        reference = _write(services, services.charts.of_gateway(site), filing)
    except _Settled as settled:
        return settled.state
    except SiteClosed:
        raise  # closed meanwhile: the job waits for the site and looks before it writes
    except (AdapterError, LaunchError, OutboundDown, PatientMismatch, ChartRefused) as problem:
        return _after(services, filing, problem)
    return _store_written(services, filing, reference)


def _load(services: GatewayServices, case_id: str, opinion: str) -> _Filing | None:
    with services.database.read() as session:
        case = cases.find(session, case_id)
        link = vault.find(session, services.keyring, case_id)
        every = answers.of_case(session, services.keyring, case_id=case_id, site_id=case.site_id)
    answer = next((one for one in every if one.opinion == opinion), None)
    if answer is None:
        return None
    # A correction replaces the newest version that is in the chart (every: newest first).
    older = (one.chart_reference for one in every if one.number < answer.number)
    return _Filing(
        case=case,
        answer=answer,
        link=link,
        replaces=next((reference for reference in older if reference), None),
    )


def _write(services: GatewayServices, chart: FhirSession, filing: _Filing) -> str:
    _check_patient(chart, filing.link)
    note = filing.note(clock.now())
    if note.text_sha256 != filing.answer.rendering_sha256:
        raise ChartRefused(reason="rendering_altered")
    capability = reading.read_capability(chart)
    tried_before = not _store_intent(services, filing)
    outcome = writing.write_note(chart, note, capability=capability, tried_before=tried_before)
    services.failpoint("after_write_before_acknowledge")
    if isinstance(outcome, OutcomeUnknown):
        if outcome.may_retry:
            raise ChartUnreachable
        raise WriteParked
    verified = read_back.verify_note(
        chart, note, capability=capability, reference=outcome.reference
    )
    return verified.reference


def _check_patient(chart: FhirSession, link: VaultLink) -> None:
    """The chart's patient must still be the one who was asked about: two demographics."""
    patient_id = str(link.patient["patient"])
    answer = chart.get(f"Patient/{patient_id}")
    if answer.status in (429, 500, 502, 503, 504):
        raise ChartUnreachable(http_status=answer.status)
    if answer.status != 200:
        raise ChartRefused(status=answer.status)
    try:
        patient: dict[str, Any] = json_text.loads(answer.body)
    except JsonTextError:
        raise ChartRefused(reason="not_json") from None
    merged = any(item.get("type") == "replaced-by" for item in patient.get("link") or [])
    now = demographics(patient, link.case_key)
    same = (
        patient.get("resourceType") == "Patient"
        and patient.get("id") == patient_id
        and now.birth_hash == link.birth_hash
        and now.name_hash == link.name_hash
    )
    if merged or not same:
        raise PatientMismatch(reason="merged" if merged else "demographics")
    if not is_complete(patient):
        # Two empty values are equal too, and prove nothing.
        raise PatientMismatch(reason="not_checkable")


class _Settled(Exception):
    """There is nothing to write any more; `state` is the answer's state."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def _store_intent(services: GatewayServices, filing: _Filing) -> bool:
    """True for the first try; False when a note may be there. `_Settled` when none is due."""
    case_id, opinion = filing.case.case_id, filing.answer.opinion
    with services.database.transaction() as session:
        if answers.is_older(session, case_id=case_id, number=filing.answer.number):
            answers.move(
                session,
                case_id=case_id,
                opinion=opinion,
                state="superseded",
                only_from=("received", "writing"),
                now=clock.now(),
            )
            settled = answers.state_of(session, case_id=case_id, opinion=opinion)
        else:
            settled = ""
        moved = answers.move(
            session,
            case_id=filing.case.case_id,
            opinion=filing.answer.opinion,
            state="writing",
            only_from=("received",),
            now=clock.now(),
        )
        if not moved and not settled:
            state = answers.state_of(session, case_id=case_id, opinion=opinion)
            settled = state if state != "writing" else ""
        if moved:
            audit.append(
                session,
                event="answer.writing",
                actor="gateway",
                subject=filing.case.case_id,
                detail={"rendering": filing.answer.rendering_sha256},
            )
    if settled:
        raise _Settled(settled)
    return moved


def _store_written(services: GatewayServices, filing: _Filing, reference: str) -> str:
    now = clock.now()
    case_id, opinion = filing.case.case_id, filing.answer.opinion
    with services.database.transaction() as session:
        answers.note_chart_reference(session, services.keyring, filing.answer, reference=reference)
        if answers.move(
            session,
            case_id=case_id,
            opinion=opinion,
            state="written",
            only_from=("writing",),
            now=now,
        ):
            cases.move(session, case_id, now=now, stage="filed", only_from=("answered", "parked"))
            parked.resolve_item(session, case_id=case_id, item=opinion, resolution="filed", now=now)
            queue_acknowledgment(services, session, case_id=case_id, opinion=opinion)
            audit.append(session, event="answer.written", actor="gateway", subject=case_id)
    return "written"


def queue_acknowledgment(
    services: GatewayServices, session: Session, *, case_id: str, opinion: str
) -> None:
    """Queue the closing of the case at the network, in the caller's transaction."""
    services.durable.enqueue(
        session,
        kind="acknowledge",
        key=f"acknowledge:{opinion}",
        args={"case": case_id, "opinion": opinion},
    )


def _after(services: GatewayServices, filing: _Filing, problem: Exception) -> str:
    """Try again later, or park for a person; nothing third."""
    transient = isinstance(problem, NoteNotFound) or (
        getattr(problem, "kind", "") in ("upstream_down", "throttled")
    )
    with logs.bind(case_id=filing.case.case_id):
        logs.emit(Event.ANSWER_FILING_STOPPED, code=code_of(problem), again=transient)
    if transient:
        raise TryLater from None
    return _park(services, filing, PARK_REASONS.get(code_of(problem), "ehr_access"))


def _park(services: GatewayServices, filing: _Filing, reason: str) -> str:
    now = clock.now()
    case_id, opinion = filing.case.case_id, filing.answer.opinion
    with services.database.transaction() as session:
        answers.move(
            session,
            case_id=case_id,
            opinion=opinion,
            state="parked",
            only_from=("received", "writing"),
            now=now,
        )
        cases.move(session, case_id, now=now, unread=True)
        hand_over(
            session,
            case_id=case_id,
            item=opinion,
            reason=reason,
            now=now,
            event="answer.parked",
        )
    return "parked"
