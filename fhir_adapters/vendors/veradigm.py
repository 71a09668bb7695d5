"""Veradigm (formerly Allscripts): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column Veradigm. Its sources: CapabilityStatement and SMART
configuration of 2026.
"""

from fhir_adapters.capability import WriteClass
from fhir_adapters.traits import PaceTraits, VendorTraits, WriteTraits, by_type

TRAITS = VendorTraits(
    key="veradigm",
    title="Veradigm",
    software=("veradigm", "allscripts"),  # software.name is "Veradigm FHIR"
    pace=PaceTraits(requests_per_second=10.0, burst=24, parallel=8),  # nothing is published
    writes=WriteTraits(
        # neither conditional create nor a search by identifier is declared
        classes=by_type({"DocumentReference": WriteClass.BLIND}),
    ),
    to_do=(
        "Register the origin of the sign-in service as an allowed origin: issuer and key set "
        "are on another host than the FHIR base.",
        "Production access is by a request to the vendor as a partner.",
        "Ask whether notes may be written: DocumentReference declares create, but none of the "
        "238 announced scopes allows writing (uncertain).",
        "Signed assertions work although only the capability, not the list of methods, says so.",
    ),
    missing=(
        "A note whose answer was lost is parked for a person, since it cannot be searched by "
        "identifier.",
        "No message can be written.",
    ),
)
