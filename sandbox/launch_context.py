"""What the token answer says about the launch: patient, encounter, and what else was open.

Spec: SMART App Launch 2.2, Launch context arrives with your access_token.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from fhir_server.ports import Found
from sandbox import app_contexts
from sandbox.access import STAFF
from sandbox.clients import Client
from sandbox.grants import Granted
from sandbox.manners import Manners
from sandbox.places import Places

Context = dict[str, Any]  # Any: JSON
_SUBJECTS = ("ServiceRequest", "DiagnosticReport")


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Who is told, of which grant, by which EHR."""

    client: Client
    granted: Granted
    manners: Manners
    places: Places


def of(session: Session, engine: FhirEngine, occasion: Occasion) -> Context:
    """Return the members of a token answer that carry the launch context."""
    manners, context = occasion.manners, occasion.granted.context
    said: Context = {}
    if context.patient_id and manners.launch_context != "no_patient":
        said["patient"] = context.patient_id
        said.update(_appearance(occasion.client, manners, occasion.places.style))
        said.update(_fhir_context(session, engine, context.patient_id, manners))
        if context.encounter_id and manners.launch_context == "full":
            said["encounter"] = context.encounter_id
    said.update(_extras(manners))
    carried = manners.app_context or app_contexts.of_grant(session, occasion.granted.grant_id)
    if carried:
        said["appContext"] = carried
    if manners.web_messaging:
        said["smart_web_messaging_handle"] = occasion.granted.grant_id
        said["smart_web_messaging_origin"] = occasion.places.ehr_url
    return said


def _extras(manners: Manners) -> Context:
    given = {"intent": manners.intent, "tenant": manners.tenant}
    return {name: value for name, value in given.items() if value}


def _appearance(client: Client, manners: Manners, style: str) -> Context:
    said: Context = {}
    if manners.need_patient_banner == "registered":
        said["need_patient_banner"] = client.need_patient_banner
    elif manners.need_patient_banner != "missing":
        said["need_patient_banner"] = manners.need_patient_banner == "true"
    if manners.smart_style != "missing":
        said["smart_style_url"] = style
    return said


def _fhir_context(
    session: Session, engine: FhirEngine, patient_id: str, manners: Manners
) -> Context:
    if manners.fhir_context == "none":
        return {}
    references = [
        found.matches[0].reference
        for kind in _SUBJECTS
        if (found := _newest(session, engine, kind, patient_id)).matches
    ]
    if manners.fhir_context == "texts":
        return {"fhirContext": references}
    return {"fhirContext": [{"reference": one, "role": "launch"} for one in references]}


def _newest(session: Session, engine: FhirEngine, kind: str, patient_id: str) -> Found:
    return engine.search(session, kind, [("patient", patient_id), ("_count", "1")], caller=STAFF)
