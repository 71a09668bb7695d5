"""SMART Health IT sandbox (launcher and open data): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column SMART Health IT sandbox.
"""

from fhir_adapters.traits import (
    AnswerTraits,
    PaceTraits,
    VendorTraits,
)

TRAITS = VendorTraits(
    key="smart_sandbox",
    title="SMART Health IT sandbox",
    built_on=("hapi",),
    answers=AnswerTraits(expired_statuses=frozenset({404, 410})),  # paging as at HAPI
    pace=PaceTraits(requests_per_second=5.0, burst=24, parallel=8),  # fair use
    to_do=(
        "Nothing to register: the launcher takes any client id. Use a public client.",
        "The launcher's options are part of the FHIR base: each combination of options is a "
        "site of its own here.",
    ),
    missing=(
        "What is written can be read by everybody: never anything but synthetic data.",
        "The launcher does not hold tokens to their scopes or to the patient, so a pass there "
        "proves nothing about either.",
        "No fhirContext.",
    ),
)
