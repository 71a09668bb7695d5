"""Epic: what differs from a plain R4 server.

Spec: spec/smart.md section 4, column Epic. Its sources: the sandbox's CapabilityStatement
(May 2026), a Finnish customer (release of November 2022), Epic's registry of error codes.
"""

from fhir_adapters.capability import WriteClass
from fhir_adapters.traits import (
    AnswerTraits,
    PaceTraits,
    SearchTraits,
    VendorTraits,
    WriteTraits,
    by_type,
)

TRAITS = VendorTraits(
    key="epic",
    title="Epic",
    software=("epic",),  # software.name of both captured statements is "Epic"
    id_length=255,  # ids above 64 characters: fhir.resources #152
    search=SearchTraits(
        # refused with 400 `required`, code 59108, otherwise: yourphr #754
        required=by_type({"Observation": (("category", "code"),)}),
        page_size=100,
        result_cap=100,  # codes 4127, 59133
        post_search=True,  # February 2026: what is in the address of a _search is ignored
    ),
    answers=AnswerTraits(
        partial_codes=frozenset({"4119"}),  # the sign-in sees a part of the data
        # more results than are returned; 59133 says so of Observation
        capped_codes=frozenset({"4127", "59133"}),
        refused_codes=frozenset(
            {
                "4118",  # not authorized
                "4130",  # 4130, 4131, 4134: break-the-glass, a rule of the hospital
                "4131",
                "4134",
                "4135",  # today's allowance of documents is used up
            }
        ),
        expired_codes=frozenset({"4113"}),  # the cached pages of a search are gone
        merged_codes=frozenset({"4107"}),  # the patient was merged into another record
    ),
    # No limit is published and none is answered with 429; customers ask for at most 1 % of
    # the load on their database at peak times (uncertain), hence our own brake.
    pace=PaceTraits(requests_per_second=5.0, burst=24, parallel=8),
    writes=WriteTraits(
        # conditionalCreate is false for every type; `identifier` is searchable in 2026
        classes=by_type(
            {
                "DocumentReference": WriteClass.SEARCHABLE,
                "Communication": WriteClass.SEARCHABLE,
            }
        ),
    ),
    to_do=(
        "Register the app in the vendor's developer portal and pick one API for each resource "
        "type below, each as read and search; the scopes follow from that choice.",
        "Give the address of the gateway's key set (JWKS): since February 2024 apps without "
        "one stop working at new releases.",
        "The redirect address must be https in production.",
        "The app becomes usable at a hospital once that hospital has downloaded its client.",
    ),
    missing=(
        "A search returns at most 100 entries; longer sections show as incomplete.",
        "Parts of a chart behind break-the-glass show as refused and are not asked for again.",
        "A document made on request can be fetched about 80 times a day.",
        "A public client signed in without the EHR gets no refresh token.",
    ),
)
