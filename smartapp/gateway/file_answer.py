"""Write a verified answer into the right chart, exactly once, or park it where people see it.

Intent first, then look, write, read back; only then is the network told. Whatever cannot be
proven goes to a person: another patient's chart and a silent loss are the two outcomes that
must not exist.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from fhir_adapters import first_reads
from fhir_adapters.chart import Reason
from fhir_adapters.converters import r4_view
from fhir_adapters.errors import (
    AdapterError,
    ChartUnreachable,
    NoteNotFound,
    WriteNotOffered,
    WriteParked,
    WriteRefused,
)
from fhir_adapters.note import NoteToWrite
from fhir_adapters.paging import Limits
from fhir_adapters.ports import FhirSession
from fhir_adapters.traits import Rung, WriteTraits
from fhir_adapters.write_back.ladder import next_after
from launch import site_gate
from launch.errors import LaunchError, SiteClosed, Step
from launch.ports import Site, SiteId
from runtime import audit, clock, json_text, logs
from runtime.errors import JsonTextError, OutboundDown, code_of
from runtime.log_events import Event
from smartapp.errors import ChartRefused, PatientMismatch, TryLater
from smartapp.gateway.chart_form import Filed, Form
from smartapp.gateway.chart_note import chart_note
from smartapp.gateway.hand_over import hand_over
from smartapp.gateway.patient_facts import demographics, is_complete
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.tell_inbox import tell_inbox
from smartapp.gateway.write_plan import parking_reason, write_plan
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
    overtaken: bool = False  # a newer version has come
    waits: bool = False  # whether an older version is in the chart is not known yet

    @property
    def tried(self) -> Rung | None:
        """The form in which an earlier try may have reached the chart."""
        if self.answer.state != "writing" or not self.answer.rung:
            return None
        return Rung(self.answer.rung)

    def note(self, writes: WriteTraits) -> NoteToWrite:
        """The note, its text as it was rendered and hashed when the answer was verified."""
        return chart_note(
            self.case,
            self.answer,
            self.link,
            filed_at=clock.now(),
            replaces=self.replaces,
            formats=writes.formats,
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
    if filing.waits:
        raise TryLater  # the newer one must name what it replaces
    chart = r4_view.view(services.charts.of_gateway(site))
    try:
        filed = _write(services, site, chart, filing)
    except _Settled as settled:
        return settled.state
    except SiteClosed:
        raise  # closed meanwhile: the job waits for the site and looks before it writes
    except _OnlyCopy as left:
        return _park(services, filing, left.reason)
    except (AdapterError, LaunchError, OutboundDown, PatientMismatch, ChartRefused) as problem:
        return _after(services, filing, problem)
    state = _store_written(services, filing, filed.reference)
    tell_inbox(chart, filed.note, plan=filed.plan, rung=filed.rung, reference=filed.reference)
    return state


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
        overtaken=any(one.number > answer.number for one in every),
        waits=any(one.number < answer.number and one.state == "writing" for one in every),
    )


def _write(services: GatewayServices, site: Site, chart: FhirSession, filing: _Filing) -> Filed:
    _check_patient(chart, filing.link)
    _check_encounter(chart, filing.link)
    plan = write_plan(services.charts, site, chart)
    note = filing.note(plan.writes)
    if note.text_sha256 != filing.answer.rendering_sha256:
        raise ChartRefused(reason="rendering_altered")
    rung = filing.tried or plan.first
    if rung is Rung.COPY:
        raise _OnlyCopy(parking_reason(plan, site))
    tried_before = not _store_intent(services, filing, rung)
    form = Form(plan=plan, note=note, rung=rung, chart=chart, failpoint=services.failpoint)
    if tried_before and (filing.overtaken or not plan.allows(rung)):
        return _only_looked(services, filing, form)
    try:
        reference = form.send(tried_before=tried_before)
    except (WriteRefused, WriteNotOffered):
        if tried_before:
            raise
        # Refused at the first try: nothing is there, so the next form may be taken.
        lower = next_after(plan.steps, rung)
        _note_rung(services, filing, None if lower is Rung.COPY else lower)
        if lower is Rung.COPY:
            raise
        form = replace(form, rung=lower)
        reference = form.send(tried_before=False)
    return form.read_back(reference)


def _only_looked(services: GatewayServices, filing: _Filing, form: Form) -> Filed:
    """Find out whether an earlier try arrived; nothing more may be written in this form."""
    reference = form.look()
    if reference is not None:
        return form.read_back(reference)
    if not filing.overtaken:
        raise WriteParked  # the site forbids it by now, and it may still arrive
    with services.database.transaction() as session:
        answers.move(
            session,
            case_id=filing.case.case_id,
            opinion=filing.answer.opinion,
            state="superseded",
            only_from=("writing",),
            now=clock.now(),
        )
    raise _Settled("superseded")


def _note_rung(services: GatewayServices, filing: _Filing, rung: Rung | None) -> None:
    with services.database.transaction() as session:
        answers.note_rung(
            session,
            case_id=filing.case.case_id,
            opinion=filing.answer.opinion,
            rung=None if rung is None else str(rung),
        )


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


def _check_encounter(chart: FhirSession, link: VaultLink) -> None:
    """A visit that the gateway may read must still be this patient's (T34)."""
    encounter_id = link.patient.get("encounter")
    if encounter_id is None:
        return
    found = first_reads.encounter(chart, str(encounter_id), str(link.patient["patient"]), Limits())
    if Reason.WRONG_PATIENT in found.reasons:
        raise PatientMismatch(reason="encounter")


class _OnlyCopy(Exception):
    """Nothing may be written into this chart; the answer is there to be copied."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Settled(Exception):
    """There is nothing to write any more; `state` is the answer's state."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def _store_intent(services: GatewayServices, filing: _Filing, rung: Rung) -> bool:
    """True for the first try; False when a note may be there. `_Settled` when none is due."""
    case_id, opinion = filing.case.case_id, filing.answer.opinion
    with services.database.transaction() as session:
        if answers.is_older(session, case_id=case_id, number=filing.answer.number):
            answers.move(
                session,
                case_id=case_id,
                opinion=opinion,
                state="superseded",
                only_from=("received",),
                now=clock.now(),
            )
            settled = answers.state_of(session, case_id=case_id, opinion=opinion)
            settled = settled if settled != "writing" else ""  # looked for before it is left
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
        if moved or (not settled and filing.answer.rung is None):
            answers.note_rung(session, case_id=case_id, opinion=opinion, rung=str(rung))
        if moved:
            audit.append(
                session,
                event="answer.writing",
                actor="gateway",
                subject=filing.case.case_id,
                detail={"rendering": filing.answer.rendering_sha256, "form": str(rung)},
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
