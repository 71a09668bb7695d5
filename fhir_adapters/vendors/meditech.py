"""MEDITECH (Greenfield): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column MEDITECH. Its sources: CapabilityStatement and SMART
configuration of August 2026.
"""

from fhir_adapters.capability import WriteClass
from fhir_adapters.traits import (
    PaceTraits,
    Rung,
    VendorTraits,
    WriteTraits,
    by_type,
)

TRAITS = VendorTraits(
    key="meditech",
    title="MEDITECH (Greenfield)",
    # software.name is "Interoperability Services: US Core STU6 FHIR R4"
    software=("meditech", "interoperability services: us core"),
    id_length=255,  # compound ids
    # limits are at the vendor's discretion and no header tells them
    pace=PaceTraits(requests_per_second=5.0, burst=24, parallel=8),
    writes=WriteTraits(
        # Communication can be created, DocumentReference cannot
        ladder=(Rung.SCRATCHPAD, Rung.COMMUNICATION, Rung.QUESTIONNAIRE_RESPONSE, Rung.COPY),
        # neither conditional create nor a search by identifier is declared
        classes=by_type({"Communication": WriteClass.BLIND}),
    ),
    to_do=(
        "Register through the vendor's portal; a dynamic registration address is announced too.",
        "Ask for Backend Services in writing: the test system announces client_credentials and "
        "answers unauthorized_client.",
        "The SMART configuration is at the root of the host, and not surely under the FHIR "
        "base (uncertain): try `confer check` first.",
    ),
    missing=(
        "No document can be created: the answer arrives as a message, or stays in the app.",
        "A message whose answer was lost is parked for a person, since it cannot be searched.",
        "Many codes are text only.",
    ),
)
