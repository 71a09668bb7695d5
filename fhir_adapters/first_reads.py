"""The first reads of a chart: what the server can do, the patient, the launched encounter.

Spec: FHIR R4 Patient.link, Patient.active, Patient.deceased; DESIGN invariant "never another
patient"
"""

from fhir_adapters import paging, replies, search
from fhir_adapters.capability import Capability
from fhir_adapters.chart import PatientFlag, Reason, Resource, SectionName
from fhir_adapters.collecting import SectionContent
from fhir_adapters.errors import (
    ChartForbidden,
    ChartUnreachable,
    PatientMerged,
    PatientMismatch,
    PatientUnreadable,
    StatementUnusable,
)
from fhir_adapters.paging import Limits
from fhir_adapters.ports import FhirSession
from fhir_adapters.traits import AnswerTraits

_PASSING = (Reason.UNREACHABLE, Reason.THROTTLED)


def capability(session: FhirSession, limits: Limits) -> Capability:
    """Return what the server declares."""
    reply = paging.fetch(session, "metadata")
    if reply in _PASSING:
        raise ChartUnreachable
    if isinstance(reply, Reason):
        raise StatementUnusable
    statement = replies.json_resource(reply, limits.page_bytes)
    if statement is None or statement["resourceType"] != "CapabilityStatement":
        raise StatementUnusable
    return Capability.from_statement(statement)


def patient(
    session: FhirSession,
    patient_id: str,
    limits: Limits,
    answers: AnswerTraits = paging.PLAIN.answers,
) -> Resource:
    """Return the patient, read by id and checked to be the one that was asked for."""
    reply = paging.get(session, f"Patient/{patient_id}")
    if not isinstance(reply, Reason) and replies.is_merged(reply, answers):
        raise PatientMerged
    refused = reply if isinstance(reply, Reason) else replies.refusal(reply, answers)
    if refused in _PASSING:
        raise ChartUnreachable
    if refused is Reason.FORBIDDEN:
        raise ChartForbidden
    if refused is not None or isinstance(reply, Reason):
        raise PatientUnreadable
    found = replies.json_resource(reply, limits.page_bytes)
    if found is None or found["resourceType"] != "Patient":
        raise PatientUnreadable
    if found.get("id") != patient_id:
        raise PatientMismatch
    return found


def patient_flags(found: Resource) -> set[PatientFlag]:
    """Return what is unusual about the patient's record."""
    flags: set[PatientFlag] = set()
    links = found.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("type") == "replaced-by":
            flags.add(PatientFlag.MERGED)
    if found.get("active") is False:
        flags.add(PatientFlag.INACTIVE)
    if found.get("deceasedBoolean") is True or found.get("deceasedDateTime"):
        flags.add(PatientFlag.DECEASED)
    return flags


def encounter(
    session: FhirSession, encounter_id: str | None, patient_id: str, limits: Limits
) -> SectionContent:
    """Return the launched encounter; no encounter in the context is complete and empty."""
    content = SectionContent(name=SectionName.ENCOUNTER)
    if encounter_id is None:
        return content
    reply = paging.fetch(session, f"Encounter/{encounter_id}")
    if isinstance(reply, Reason):
        content.note(reply)
        return content
    found = replies.json_resource(reply, limits.page_bytes)
    if found is None or search.key_of(found) != f"Encounter/{encounter_id}":
        content.note(Reason.UNREADABLE_ENTRY)
        content.unreadable += 1
    elif not search.belongs_to(found, patient_id, base_url=session.base_url):
        content.note(Reason.WRONG_PATIENT)
        content.wrong_patient += 1
    else:
        content.resources.append(found)
        if replies.is_cut(found):
            content.note(Reason.NOT_CONVERTED)
    return content
