"""Oracle Health (Millennium): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column Oracle Health. Its sources: the vendor's documentation
up to May 2024, and yourphr #338. No CapabilityStatement of it is at hand.
"""

from fhir_adapters.traits import (
    PaceTraits,
    SearchTraits,
    SignInTraits,
    VendorTraits,
    WriteTraits,
    by_type,
)

# Types are registered one by one, and `.*` rights are unknown (documentation, 2024).
_TYPES = (
    "AllergyIntolerance",
    "CareTeam",
    "Condition",
    "Coverage",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "FamilyMemberHistory",
    "Immunization",
    "MedicationRequest",
    "Observation",
    "Patient",
    "Procedure",
    "RelatedPerson",
    "ServiceRequest",
)

TRAITS = VendorTraits(
    key="oracle",
    title="Oracle Health (Millennium)",
    software=("cerner", "oracle health", "millennium"),  # uncertain
    search=SearchTraits(
        page_size=50,  # the default of Observation; what is larger elsewhere is cut down
        page_sizes=by_type({"Observation": 200, "DocumentReference": 100, "DiagnosticReport": 100}),
        id_alone=True,
    ),
    pace=PaceTraits(requests_per_second=10.0, burst=24, parallel=8),  # nothing is published
    writes=WriteTraits(
        # taken: pdf, text, rtf, html, xhtml; XHTML is kept as RTF
        formats=("application/xhtml+xml", "text/plain"),
        keeps_content=False,
        single_author=True,  # the authorizing doctor alone
        final_only=True,  # docStatus final
        body_in_answer=False,  # 201 with a Location and nothing else
    ),
    sign_in=SignInTraits(
        dialect="v2",  # scopes of version 1 vanish without a word for such an app: yourphr #338
        types_by_name=True,
        launch_scopes=(
            "launch",
            "openid",
            "fhirUser",
            "online_access",
            *(f"patient/{name}.rs" for name in _TYPES),
            "user/Practitioner.rs",
            "user/Organization.rs",
            "user/Location.rs",
        ),
    ),
    to_do=(
        "Register two applications: one for providers (SMART launch) and one for the system "
        "(backend); they have different hosts and sign-in addresses.",
        "Subscribe both to the R4 API product; otherwise signing in ends with unknown-tenant.",
        "Choose SMART version 2 scopes and name each type; `.*` rights are not known, and "
        "scopes of the other version vanish without an error.",
        "Fix online access (not offline access) at registration; changes take about 15 minutes.",
        "The hospital's Millennium must list the gateway's client among its own.",
    ),
    missing=(
        "Notes are converted to RTF: styles are lost, and reading back proves identifier, "
        "patient and state, not the letters.",
        "The note's only author is the doctor who signed in; the specialist is named inside.",
        "Messages reach internal inboxes only.",
        "Access tokens live about ten minutes.",
    ),
)
