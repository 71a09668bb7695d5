"""Medplum: what differs from a plain R4 server.

Spec: spec/smart.md section 4, column Medplum.
"""

from fhir_adapters.traits import PaceTraits, SearchTraits, VendorTraits

TRAITS = VendorTraits(
    key="medplum",
    title="Medplum",
    software=("medplum",),  # software.name of its public statement, October 2026
    search=SearchTraits(page_size=100),  # 20 without `_count`, at most 1,000
    # by address and by weighted load, told in the header `RateLimit` (July 2026)
    pace=PaceTraits(requests_per_second=10.0, burst=24),
    to_do=(
        "Create a ClientApplication for the launch and one for the backend, each with an "
        "AccessPolicy that reads the types below and creates DocumentReference.",
        "Leave PKCE on (it can be switched off per client).",
    ),
    missing=("What the AccessPolicy hides is simply not in the answers: check it once.",),
)
