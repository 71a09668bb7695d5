"""athenahealth (athenaOne): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column athenahealth. Its sources: CapabilityStatement and SMART
configuration of August 2026.
"""

from fhir_adapters.traits import PaceTraits, Rung, VendorTraits, WriteTraits

TRAITS = VendorTraits(
    key="athenahealth",
    title="athenahealth (athenaOne)",
    software=("athenahealth",),  # software.name is "athenahealth FHIR Server"
    # 100 a second and 500,000 a day are told, not published (uncertain)
    pace=PaceTraits(requests_per_second=20.0, burst=40),
    writes=WriteTraits(
        # neither DocumentReference nor Communication can be created
        ladder=(Rung.SCRATCHPAD, Rung.QUESTIONNAIRE_RESPONSE, Rung.COPY),
    ),
    to_do=(
        "Register the origin of the sign-in service (api.platform.athenahealth.com in the "
        "test system) as an allowed origin; it is not the FHIR base, and the issuer is a "
        "third host.",
        "Scopes of version 1 and 2 are separate products; ask for version 2.",
        "Choose a client that signs assertions; with a secret, PKCE may be refused (uncertain).",
    ),
    missing=(
        "No note and no message can be written: the answer stays in the app, as text to copy "
        "and as PDF. Filing into the chart needs the vendor's own interface by contract "
        "(uncertain).",
        "Searches hold to the practice of the sign-in; other practices of the tenant are not read.",
    ),
)
