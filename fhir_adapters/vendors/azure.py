"""Azure Health Data Services, and the open-source server of its maker.

Spec: spec/smart.md section 4, column Azure AHDS.
"""

from fhir_adapters.traits import PaceTraits, SignInTraits, VendorTraits

TRAITS = VendorTraits(
    key="azure",
    title="Azure Health Data Services",
    software=("microsoft fhir server", "azure healthcare apis", "azure api for fhir"),  # uncertain
    pace=PaceTraits(requests_per_second=10.0, burst=24, parallel=8),  # by throughput (uncertain)
    sign_in=SignInTraits(
        dialect="dots",  # `launch.patient`, `patient.Observation.read` may come and be asked for
        # scopes of patient, user and system in one request are answered with 400
        # (microsoft/fhir-server #5717, August 2026); the practitioner is read by fhirUser
        launch_scopes=("launch", "openid", "fhirUser", "patient/*.rs"),
    ),
    to_do=(
        "Register the app in Entra, and put the vendor's SMART sample (API Management) in "
        "front of the FHIR service.",
        "Add the claim `fhirUser` to the token: without it nobody can be told to be a clinician.",
        "Never mix scopes of patient, user and system in one registration.",
    ),
    missing=(
        "Pages go forward only.",
        "The older service (API for FHIR) has no transactions; Confer needs none there.",
    ),
)
