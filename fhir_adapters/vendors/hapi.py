"""HAPI FHIR (JPA server, public test server): what differs from a plain R4 server.

Spec: spec/smart.md section 4, column HAPI.
"""

from fhir_adapters.traits import AnswerTraits, PaceTraits, SearchTraits, VendorTraits

TRAITS = VendorTraits(
    key="hapi",
    title="HAPI FHIR server",
    software=("hapi fhir",),
    search=SearchTraits(post_search=True),
    answers=AnswerTraits(
        # `_getpages` sessions run out (hapi-fhir #3780, #7220) and are then gone
        expired_statuses=frozenset({404, 410}),
        # the last page may point at one more that fails (hapi-fhir #1300)
        restarts=1,
    ),
    pace=PaceTraits(requests_per_second=10.0, burst=24, parallel=8),  # shared (uncertain)
    to_do=(
        "Nothing to register: the server asks for no sign-in. The gateway needs one, so put a "
        "SMART launcher in front, or use the server with `confer check` only.",
    ),
    missing=(
        "The public server is shared and wiped (uncertain): never anything but synthetic data.",
        "No launch and no doctor's identity without an authorization server in front.",
    ),
)
