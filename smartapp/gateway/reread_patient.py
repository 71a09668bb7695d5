"""Read patient and visit of the launch once more, right before anything is sent.

An EHR may have been switched to another patient, or the record may have been joined to
another one, while the doctor wrote. The doctor's own token is asked first; when it has run
out, the gateway's account looks, so that a long evening costs nobody their words.

Spec: spec/reliability.md T34
"""

from concurrent.futures import ThreadPoolExecutor

from fhir_adapters import first_reads
from fhir_adapters.chart import PatientFlag, Reason, Resource
from fhir_adapters.collecting import SectionContent
from fhir_adapters.errors import AdapterError, ChartUnreachable
from fhir_adapters.paging import Limits
from fhir_adapters.ports import FhirSession
from launch.errors import LaunchError, SiteClosed
from launch.ports import GrantId, SiteId
from runtime import logs
from runtime.errors import RuntimeFault, code_of, kind_of
from runtime.log_events import Event
from smartapp.errors import ContextChanged, ContextUnknown, SiteUnknown
from smartapp.gateway.note_choice import note_choice
from smartapp.gateway.patient_facts import demographics
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.stop_rules import CHANGED
from smartapp.store.drafts import Draft
from smartapp.store.launches import Launch

_PASSING = (Reason.UNREACHABLE, Reason.THROTTLED)
_Read = tuple[Resource, SectionContent]


def require_context(services: GatewayServices, launch: Launch, draft: Draft) -> None:
    """Require the same patient; what changed is logged and closes the draft for good."""
    try:
        require_same_patient(services, launch, draft)
    except ContextChanged as changed:
        logs.emit(Event.CONTEXT_CHANGED, what=str(changed.facts.get("what", "")))
        note_choice(services, launch, CHANGED)
        raise


def require_same_patient(services: GatewayServices, launch: Launch, draft: Draft) -> None:
    """Return when the launch's patient and visit are still those that were read.

    Raises `ContextChanged` when they are not, and `ContextUnknown` when the EHR does not
    answer or answers nobody: then nothing is sent, and the words stay.
    """
    site = services.sites.by_id(SiteId(launch.site_id))
    if site is None:
        raise SiteUnknown
    if "birth_hash" not in draft.patient:
        raise ContextUnknown(code="not_read_yet")
    try:
        found = _read(services.charts.of_doctor(site, GrantId(launch.grant_id)), launch)
    except SiteClosed:
        raise
    except LaunchError as ended:
        if code_of(ended) == "launch.patient_changed":
            raise ContextChanged(what="patient") from None
        try:
            found = _read(services.charts.of_gateway(site), launch)
        except (LaunchError, RuntimeFault) as problem:
            raise ContextUnknown(code=code_of(problem)) from None
    except RuntimeFault as problem:
        raise ContextUnknown(code=code_of(problem)) from None
    _compare(found, draft)


def _read(chart: FhirSession, launch: Launch) -> _Read:
    patient_id = str(launch.context["patient"])
    limits = Limits()
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="reread") as pool:
        encounter = pool.submit(
            first_reads.encounter, chart, launch.context.get("encounter"), patient_id, limits
        )
        try:
            return first_reads.patient(chart, patient_id, limits), encounter.result()
        except ChartUnreachable as down:
            raise ContextUnknown(code=code_of(down)) from None
        except AdapterError as refused:
            if kind_of(refused) == "refused":  # another patient, or joined to another record
                raise ContextChanged(what="patient") from None
            raise ContextUnknown(code=code_of(refused)) from None


def _compare(found: _Read, draft: Draft) -> None:
    patient, encounter = found
    if PatientFlag.MERGED in first_reads.patient_flags(patient):
        raise ContextChanged(what="merged")
    now = demographics(patient, draft.case_key)
    known = (draft.patient.get("birth_hash"), draft.patient.get("name_hash"))
    if known != (now.birth_hash, now.name_hash):
        raise ContextChanged(what="demographics")
    if Reason.WRONG_PATIENT in encounter.reasons:
        raise ContextChanged(what="encounter")
    if set(encounter.reasons) & set(_PASSING):
        raise ContextUnknown(code="adapter.chart_unreachable")
