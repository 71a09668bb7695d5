"""What an EHR with its own ways makes of a FHIR request before it is carried out.

`refused` are the rules by which it refuses, `shaped` is the request as it is understood.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.search import page_links
from sandbox import fhir_outcomes, long_ids
from sandbox.fhir_outcomes import issue
from sandbox.manners import Manners

Pairs = tuple[tuple[str, str], ...]
SEEN = "_seen"
"""How many matches the pages before this one held: our own word in a next link."""
_TYPE = re.compile(r"([A-Z][A-Za-z]+)(/_search)?/?")


def searched_type(asked: FhirRequest) -> str:
    """Return the type that a request searches; empty when it is no search of a type."""
    match = _TYPE.fullmatch(asked.path)
    if match is None or (asked.method == "POST") != bool(match[2]):
        return ""
    return match[1] if asked.method in ("GET", "HEAD", "POST") else ""


def parameters(asked: FhirRequest) -> Pairs:
    """Return the parameters of a search, of its address and of its form."""
    if asked.method != "POST":
        return asked.query
    form = parse_qsl(asked.body.decode("utf-8", "replace"), keep_blank_values=True)
    return asked.query + tuple(form)


def follows_page(asked: FhirRequest) -> bool:
    """Tell whether a request follows a next link."""
    return any(name == page_links.PARAMETER for name, _ in asked.query)


def refused(asked: FhirRequest, manners: Manners) -> FhirAnswer | None:
    """Return the refusal of a request, or None when it may go on."""
    kind = asked.path.split("/", 1)[0]
    if kind in manners.forbidden_types:
        return fhir_outcomes.refusal(
            403,
            issue("forbidden", "Not authorized for this type.", vendor_code=manners.forbidden_code),
        )
    if manners.post_search == "refused" and asked.path.endswith("/_search"):
        return fhir_outcomes.refusal(405, issue("not-supported", "Search by GET."))
    if manners.pages == "expire" and follows_page(asked):
        return fhir_outcomes.refusal(
            manners.expired_status,
            issue("not-found", "The search is no longer kept.", vendor_code=manners.expired_code),
        )
    return _unsearchable(asked, manners)


def _unsearchable(asked: FhirRequest, manners: Manners) -> FhirAnswer | None:
    kind = searched_type(asked)
    if not kind or follows_page(asked):
        return None
    given = {name.split(":", 1)[0] for name, _ in parameters(asked)}
    for rule in manners.required_search:
        wanted_type, _, names = rule.partition(":")
        if wanted_type == kind and not given & set(names.split(",")):
            return fhir_outcomes.refusal(
                400,
                issue(
                    "required",
                    f"One of these is needed: {names}.",
                    severity="fatal",
                    vendor_code=manners.required_code,
                ),
            )
    return None


def shaped(asked: FhirRequest, manners: Manners) -> FhirRequest:
    """Return the request as the engine below is to understand it."""
    headers = dict(asked.headers)
    if not manners.conditional_create:
        headers.pop("if-none-exist", None)
    query = tuple(pair for pair in asked.query if pair[0] != SEEN)
    request = replace(asked, headers=headers, query=query)
    if manners.long_ids:
        request = long_ids.inward(request)
    if searched_type(request) and not follows_page(request):
        request = _with_count(request, manners)
    return request


def _with_count(asked: FhirRequest, manners: Manners) -> FhirRequest:
    pairs = parameters(asked)
    texts = [text for name, text in pairs if name == "_count"]
    if texts and not texts[0].isdigit():
        return asked
    count = min(int(texts[0]) if texts else manners.page_size, manners.page_most)
    if manners.result_cap:
        count = min(count, manners.result_cap)
    kept = (*(pair for pair in pairs if pair[0] != "_count"), ("_count", str(count)))
    return _with_parameters(asked, kept)


def _with_parameters(asked: FhirRequest, pairs: Sequence[tuple[str, str]]) -> FhirRequest:
    if asked.method != "POST":
        return replace(asked, query=tuple(pairs))
    headers = {**asked.headers, "content-type": "application/x-www-form-urlencoded"}
    return replace(asked, query=(), headers=headers, body=urlencode(pairs).encode("ascii"))


def seen_before(asked: FhirRequest) -> int:
    """Return how many matches came on the pages before the one asked for."""
    text = dict(asked.query).get(SEEN, "0")
    return int(text) if text.isdigit() else 0
