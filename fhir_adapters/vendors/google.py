"""Google Cloud Healthcare API: what differs from a plain R4 server.

Spec: spec/smart.md section 4, column Google Healthcare.
"""

from fhir_adapters.traits import PaceTraits, SignInTraits, VendorTraits

TRAITS = VendorTraits(
    key="google",
    title="Google Cloud Healthcare API",
    software=("cloud healthcare", "google"),  # uncertain
    pace=PaceTraits(requests_per_second=10.0, burst=24, parallel=8),  # project quotas (uncertain)
    sign_in=SignInTraits(
        dialect="v1",  # SMART 1.1
        launch_scopes=("openid", "fhirUser", "launch/patient", "patient/*.rs"),
    ),
    to_do=(
        "There is no authorization server: put one in front that sends X-Authorization-Scope "
        "and X-Authorization-Patient.",
        "Register as a standalone launch with SMART version 1 scopes.",
    ),
    missing=(
        "No launch from inside a chart: the doctor chooses the hospital and the patient.",
        "No encounter in the context.",
    ),
)
