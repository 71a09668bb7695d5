"""Read the chart of a launch into its draft, section by section.

The patient is told as soon as it was read: the doctor writes while the rest comes. The
reading runs beside the request. Its draft is leased, so that when the process dies another
one starts the reading again, and two never do it at once.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fhir_adapters.capability import Capability
from fhir_adapters.chart import ChartSection, ChartSnapshot, PatientFlag, Resource, SectionName
from fhir_adapters.choose_vendor import adapter_for
from fhir_adapters.errors import AdapterError
from fhir_adapters.ports import FhirSession
from fhir_adapters.reading import ReadOptions, read_chart
from fhir_adapters.search import local_reference
from fhir_adapters.traits import VendorTraits
from launch.errors import LaunchError
from launch.ports import GrantId, SiteId
from runtime import clock, json_text, logs, tokens
from runtime.errors import RuntimeFault, code_of
from runtime.log_events import Event
from smartapp.gateway.chart_contents import contents
from smartapp.gateway.consult_subject import subjects_in
from smartapp.gateway.granted import may_file
from smartapp.gateway.patient_facts import banner, demographics, is_complete, person_name
from smartapp.gateway.services import GatewayServices
from smartapp.store import drafts
from smartapp.store.drafts import DraftSection
from smartapp.store.launches import Launch

_FILING_SECONDS = 0.5
# Shorter than the lease of a reading: who waits longer goes on without a turn.
_TURN_SECONDS = 20.0


def begin_reading(services: GatewayServices, launch: Launch) -> bool:
    """Start the reading of a launch's draft unless a living process is at it already."""
    holder = tokens.new_uuid()
    now = clock.now()
    until = now + timedelta(seconds=services.policy.reading_lease_seconds)
    with services.database.passing() as session:
        taken = drafts.lease(session, launch.draft_id, holder=holder, until=until, now=now)
    if taken:
        services.run_aside(lambda: pull_chart(services, launch, holder=holder))
    return taken


def pull_chart(services: GatewayServices, launch: Launch, *, holder: str) -> None:
    """Read everything, recording each section as it comes; store the chart or its failure."""
    try:
        found = _read(services, launch, holder)
    except (AdapterError, LaunchError, RuntimeFault) as problem:
        logs.emit(Event.CHART_READ_FAILED, code=code_of(problem))
        with services.database.passing() as session:
            drafts.tell_patient(
                session,
                services.keyring,
                launch.draft_id,
                facts={"failed": code_of(problem)},
                now=clock.now(),
            )
            drafts.finish_reading(
                session, services.keyring, launch.draft_id, snapshot=None, now=clock.now()
            )
        return
    _store(services, launch, found)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The chart, how it names the doctor, and whether an answer may be filed into it."""

    snapshot: ChartSnapshot = field(repr=False)
    user_name: str = field(repr=False)
    may_file: bool


def _read(services: GatewayServices, launch: Launch, holder: str) -> _Found:
    site = services.sites.by_id(SiteId(launch.site_id))
    if site is None:
        raise AdapterError
    chart = services.charts.of_doctor(site, GrantId(launch.grant_id))
    aside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="filing")
    asking = aside.submit(_asker, chart, launch)

    # Who just launched waits for the patient alone; the many searches of those who have their
    # form already take turns, so that a crowd of launches does not stand in its own way.
    turn = ExitStack()

    def choose_traits(capability: Capability) -> VendorTraits:
        if services.reading_turns.acquire(timeout=_TURN_SECONDS):
            turn.callback(services.reading_turns.release)
        chosen = adapter_for(capability, registered=site.vendor, fhir_version=site.fhir_version)
        return chosen.traits

    def on_patient(patient: Resource, flags: frozenset[PatientFlag]) -> None:
        _tell_patient(services, launch, patient, flags)

    def on_section(section: ChartSection) -> None:
        until = clock.now() + timedelta(seconds=services.policy.reading_lease_seconds)
        with services.database.passing() as session:
            drafts.extend(session, launch.draft_id, holder=holder, until=until)
            drafts.put_section(session, launch.draft_id, _section(section))

    try:
        filing = aside.submit(may_file, services.charts, site)
        snapshot = read_chart(
            chart,
            patient_id=str(launch.context["patient"]),
            encounter_id=launch.context.get("encounter"),
            on_section=on_section,
            options=ReadOptions(
                named_later=asking.result, choose_traits=choose_traits, on_patient=on_patient
            ),
        )
        asker = asking.result()
        return _Found(
            snapshot=snapshot, user_name=_user_name(snapshot, asker), may_file=_soon(filing)
        )
    finally:
        turn.close()
        aside.shutdown(wait=False)


def _tell_patient(
    services: GatewayServices, launch: Launch, patient: Resource, flags: frozenset[PatientFlag]
) -> None:
    """Keep who the patient is, so that the form can be shown."""
    now = clock.now()
    with services.database.passing() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        facts = _patient_facts(patient, flags, draft.case_key)
        drafts.tell_patient(session, services.keyring, launch.draft_id, facts=facts, now=now)


def _patient_facts(
    patient: Resource, flags: frozenset[PatientFlag], case_key: bytes
) -> dict[str, Any]:
    """What the pages show of the patient, and what proves later that it is still the same."""
    digests = demographics(patient, case_key)
    return {
        "banner": banner(patient, today=clock.now().astimezone().date()),
        "checkable": is_complete(patient),
        "flags": sorted(str(flag) for flag in flags),
        "birth_hash": digests.birth_hash,
        "name_hash": digests.name_hash,
    }


def _soon(filing: Future[bool]) -> bool:
    """The answer if it is there by now: nobody waits for it."""
    try:
        return filing.result(timeout=_FILING_SECONDS)
    except TimeoutError:
        return True


def _asker(chart: FhirSession, launch: Launch) -> tuple[str, ...]:
    """Who asks: no chart need name this doctor, but a note or the question may.

    Of a role only the person behind it has a name. Nothing is read at another server; the
    name is then missing and the pages do without.
    """
    if not launch.context.get("user_local"):
        return ()
    user = str(launch.context["user"])
    if not user.startswith("PractitionerRole/"):
        return (user,)
    try:
        answer = chart.get(user)
        role: Any = json_text.loads(answer.body) if answer.status == 200 else None
    except RuntimeFault:
        role = None
    person = role.get("practitioner") if isinstance(role, dict) else None
    reference = person.get("reference") if isinstance(person, dict) else None
    local = local_reference(str(reference), base_url=chart.base_url)
    return (user, local) if local is not None else (user,)


def _user_name(snapshot: ChartSnapshot, asker: tuple[str, ...]) -> str:
    """How the chart names the doctor."""
    for person in snapshot.by_section[SectionName.CARE_TEAM]:
        if f"{person['resourceType']}/{person['id']}" in asker and person_name(person):
            return person_name(person)
    return ""


def _section(section: ChartSection) -> DraftSection:
    return DraftSection(
        name=str(section.name),
        state=section.state,
        reason=str(section.reason or ""),
        count=section.count,
    )


def _store(services: GatewayServices, launch: Launch, found: _Found) -> None:
    snapshot = found.snapshot
    by_section = {str(name): list(held) for name, held in snapshot.by_section.items()}
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, launch.draft_id, now=clock.now())
    patient = {
        "patient": launch.context["patient"],
        # An encounter of somebody else must never come near the note.
        "encounter": None
        if PatientFlag.ENCOUNTER_MISMATCH in snapshot.flags
        else launch.context.get("encounter"),
        "user": launch.context["user"],
        "user_name": found.user_name,
        "may_file": found.may_file,
        **_patient_facts(snapshot.patient, snapshot.flags, draft.case_key),
        "about": subjects_in(by_section, launch.context.get("about", ())),
        "contents": [
            {"key": group.key, "count": group.count, "newest": group.newest}
            for group in contents(by_section)
        ],
    }
    with services.database.passing() as session:
        for section in snapshot.sections:
            drafts.put_section(session, launch.draft_id, _section(section))
        drafts.finish_reading(
            session,
            services.keyring,
            launch.draft_id,
            snapshot=json_text.dumps({"by_section": by_section}),
            patient=patient,
            now=clock.now(),
        )
