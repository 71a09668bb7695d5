"""Whether a search is read to its end: the longest one that was answered, in small pages.

Spec: FHIR R4 RESTful API, paging (links are opaque); row F2 of our checklist
"""

from collections.abc import Mapping
from typing import Any, Final

from confer.check import answers, reading, sessions, transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from fhir_adapters import search
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.search import Query
from runtime.errors import OutboundDown

SMALL_PAGE: Final = 2
# Enough to see a circle or an expiry, few enough to be no burden.
MOST_PAGES: Final = 5
_EXPIRED: Final = frozenset({404, 410})


def check(exam: Examination) -> list[Finding]:
    """Ask again for small pages, and follow their links."""
    session = sessions.for_reading(exam)
    longest = max(exam.searches, key=_length, default=None)
    if session is None or longest is None:
        return []
    query, bundle = longest
    if _length(longest) <= SMALL_PAGE and answers.next_link(bundle) is None:
        return [found("paging.one_page")]
    name = reading.label_of(query)
    asked = tuple((key, value) for key, value in query.params if key != "_count")
    small = Query(resource_type=query.resource_type, params=(*asked, ("_count", str(SMALL_PAGE))))
    try:
        return _walk(exam, sessions.as_r4(exam, session), name, search.address_of(small))
    except OutboundDown as down:
        return [found("reading.broken_off", type=name, problem=transport.words_of(down))]


def _length(asked: tuple[Query, Mapping[str, Any]]) -> int:
    return len(answers.matches(asked[1]))


def _walk(exam: Examination, session: FhirSession, name: str, address: str) -> list[Finding]:
    findings: list[Finding] = []
    seen: set[str | None] = set()
    for page in range(1, MOST_PAGES + 1):
        reply = session.get(address)
        bundle = answers.searchset(reply.body) if reply.status == 200 else None
        if bundle is None:
            return [*findings, _refusal(exam, name, reply, is_first=page == 1)]
        matches = answers.matches(bundle)
        if page == 1 and len(matches) > SMALL_PAGE:
            findings.append(found("paging.count_ignored", type=name))
        keys = {search.key_of(one) for one in matches}
        if keys and keys <= seen:
            return [*findings, found("paging.loop", type=name)]
        seen |= keys
        link = answers.next_link(bundle)
        if link is None:
            break
        following = search.same_origin(link, base_url=exam.base)
        if following is None:
            return [*findings, found("paging.foreign_link", type=name)]
        address = following
    last = found("paging.ok", type=name, count=page) if page > 1 else found("paging.one_page")
    return [*findings, last]


def _refusal(exam: Examination, name: str, reply: FhirReply, *, is_first: bool) -> Finding:
    traits = exam.adapter.traits.answers if exam.adapter else None
    statuses = _EXPIRED | (traits.expired_statuses if traits else frozenset())
    codes = traits.expired_codes if traits else frozenset()
    issue = answers.issue_of(reply.body)
    gone = reply.status in statuses or any(issue.endswith(f"code {code}") for code in codes)
    code = "paging.expired" if gone and not is_first else "paging.unreadable"
    return found(code, type=name, status=reply.status)
