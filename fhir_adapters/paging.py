"""Reading a search to its end: pages on the same origin only, with caps and a loop guard.

A search whose pages ran out while they were read begins anew, once. Where a server takes
`POST _search` no identifier of a patient is in an address.

Spec: FHIR R4 Bundle, searchset; RESTful API, paging (links are opaque), search by POST
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from fhir_adapters import replies, search
from fhir_adapters.chart import Reason, Resource
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.search import Query
from fhir_adapters.traits import AnswerTraits, VendorTraits
from runtime import clock
from runtime.errors import OutboundDown

PLAIN = VendorTraits(key="generic", title="FHIR R4 server")
_FORM = "application/x-www-form-urlencoded"
_NO_POST_SEARCH = frozenset({404, 405, 415, 501})
_BUSY = frozenset({429, 502, 503, 504})
_TRIES = 3
_LONGEST_WAIT = 5.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a chart is read at most. Bytes count per page, search and chart."""

    pages: int = 20
    page_bytes: int = 20_000_000
    search_bytes: int = 40_000_000
    chart_bytes: int = 64_000_000
    seconds: float = 25.0
    parallel: int | None = None  # None: as the vendor's traits say
    attachments: int = 60
    attachment_bytes: int = 2_000_000
    picture_bytes: int = 12_000_000
    references: int = 200


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A moment on the steady clock after which no further request is started."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """Return the deadline that many seconds from now."""
        return cls(at=clock.monotonic() + seconds)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return clock.monotonic() >= self.at


class Budget:
    """Bytes that one chart may still cost; shared by the threads that read it."""

    def __init__(self, most: int) -> None:
        """Take the number of bytes."""
        self._left = most
        self._lock = threading.Lock()

    def spend(self, count: int) -> None:
        """Count an answer that was read."""
        with self._lock:
            self._left -= count

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be asked for."""
        return self._left <= 0


@dataclass(kw_only=True)
class Manner:
    """How one chart is read: caps, time, what is special about the server."""

    limits: Limits = field(default_factory=Limits)
    deadline: Deadline
    traits: VendorTraits = PLAIN
    budget: Budget
    by_post: bool = False  # searches go by POST until the server refuses one

    @classmethod
    def of(cls, limits: Limits, traits: VendorTraits, *, seconds: float | None = None) -> "Manner":
        """Return the manner of a reading that begins now."""
        return cls(
            limits=limits,
            deadline=Deadline.after(limits.seconds if seconds is None else seconds),
            traits=traits,
            budget=Budget(limits.chart_bytes),
            by_post=traits.search.post_search,
        )

    def for_vendor(self, traits: VendorTraits) -> "Manner":
        """Return the same reading, now that it is known whose server it is."""
        return replace(self, traits=traits, by_post=traits.search.post_search)


@dataclass(kw_only=True)
class Pages:
    """What one search returned, in the order of the server."""

    resources: list[Resource] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    unreadable: int = 0
    matches: int = 0
    total: int | None = None

    def note(self, reason: Reason) -> None:
        """Remember a reason once."""
        if reason not in self.reasons:
            self.reasons.append(reason)


def read_pages(
    session: FhirSession, query: Query, manner: Manner, *, address: str | None = None
) -> Pages:
    """Read a search and all its pages; faults become reasons, never exceptions.

    `address` is the search's address where somebody else has built it. Errors of the sign-in
    itself (a session that is over) are raised as they come.
    """
    start = address or search.address_of(query)
    walk = _Walk(session=session, query=query, start=start, manner=manner)
    pages = walk.run()
    for _again in range(manner.traits.answers.restarts):
        if not walk.expired:
            break
        walk = _Walk(session=session, query=query, start=start, manner=manner)
        second = walk.run()
        pages = second if len(second.resources) >= len(pages.resources) else pages
    if walk.expired:
        pages.note(Reason.EXPIRED_PAGE)
    return pages


@dataclass(kw_only=True)
class _Walk:
    """One way through the pages of a search."""

    session: FhirSession
    query: Query
    start: str
    manner: Manner
    expired: bool = False
    spent: int = 0
    seen: set[str] = field(default_factory=set)
    pages: Pages = field(default_factory=Pages)

    def run(self) -> Pages:
        following: str | None = self.start
        while following is not None:
            stop = self._stop(following)
            if stop is not None:
                self.pages.note(stop)
                return self.pages
            following = self._page(following)
        self._judge_end()
        return self.pages

    def _page(self, address: str) -> str | None:
        """Take one page in and return the next one's address."""
        is_first = not self.seen
        self.seen.add(address)
        reply = self._first(address) if is_first else get(self.session, address)
        if isinstance(reply, Reason):
            self.pages.note(reply)
            return None
        self.spent += len(reply.body)
        self.manner.budget.spend(len(reply.body))
        answers = self.manner.traits.answers
        if not is_first and replies.is_expired(reply, answers):
            self.expired = True
            return None
        refused = replies.refusal(reply, answers)
        if refused is not None:
            self.pages.note(refused)
            return None
        return self._bundle(reply)

    def _bundle(self, reply: FhirReply) -> str | None:
        found = replies.json_resource(reply, self.manner.limits.page_bytes)
        answers = self.manner.traits.answers
        if found is not None and found["resourceType"] == "OperationOutcome":
            self.pages.note(replies.outcome_reason(found, answers) or Reason.NOT_FHIR)
            return None
        if found is None or not is_searchset(found):
            self.pages.note(Reason.NOT_FHIR)
            return None
        _take_entries(found, self.pages, answers)
        return _next(found, self.pages, self.session.base_url)

    def _first(self, address: str) -> FhirReply | Reason:
        if self.manner.by_post:
            reply = _post_search(self.session, self.query)
            if isinstance(reply, Reason) or not self._takes_no_post(reply):
                return reply
            self.manner.by_post = False
        return get(self.session, address)

    def _takes_no_post(self, reply: FhirReply) -> bool:
        # A 404 may also be the hospital's own "not for you", which is no reason to ask again.
        refused = replies.refusal(reply, self.manner.traits.answers)
        return reply.status in _NO_POST_SEARCH and refused is not Reason.FORBIDDEN

    def _stop(self, address: str) -> Reason | None:
        if self.manner.deadline.is_over:
            return Reason.OUT_OF_TIME
        if address in self.seen:
            return Reason.PAGE_LOOP
        if len(self.seen) >= self.manner.limits.pages:
            return Reason.TOO_MANY_PAGES
        spent = self.spent >= self.manner.limits.search_bytes or self.manner.budget.is_spent
        return Reason.TOO_LARGE if spent else None

    def _judge_end(self) -> None:
        pages = self.pages
        if self.expired or pages.reasons:
            return
        cap = self.manner.traits.search.result_cap
        if cap is not None and pages.matches >= cap:
            pages.note(Reason.CAPPED)
        elif pages.total is not None and pages.matches < pages.total:
            pages.note(Reason.PARTIAL)


def get(
    session: FhirSession, address: str, *, accept: str = "application/fhir+json"
) -> FhirReply | Reason:
    """Read one address; whatever status came is a reply, a broken connection is a reason."""
    try:
        return session.get(address, accept=accept)
    except OutboundDown as down:
        return _reason_of(down)


def fetch(
    session: FhirSession,
    address: str,
    *,
    accept: str = "application/fhir+json",
    answers: AnswerTraits | None = None,
) -> FhirReply | Reason:
    """Read one address; everything but a 200 is returned as the reason it becomes."""
    reply = get(session, address, accept=accept)
    if isinstance(reply, Reason):
        return reply
    return replies.refusal(reply, answers or PLAIN.answers) or reply


def is_searchset(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource is a searchset Bundle."""
    return resource["resourceType"] == "Bundle" and resource.get("type") == "searchset"


def _post_search(session: FhirSession, query: Query) -> FhirReply | Reason:
    body = urlencode(query.params).encode("ascii")
    address = f"{query.resource_type}/_search"
    for again in range(_TRIES):
        try:
            # A search changes nothing, so it may be repeated like a read.
            reply = session.post(address, body, headers={"Content-Type": _FORM})
        except OutboundDown as down:
            return _reason_of(down)
        if reply.status not in _BUSY or again == _TRIES - 1:
            break
        asked = reply.headers.get("retry-after", "")
        clock.sleep(min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 0.5)
    return reply


def _reason_of(down: OutboundDown) -> Reason:
    if down.reason == "oversize":
        return Reason.TOO_LARGE
    return Reason.THROTTLED if down.reason == "paused" else Reason.UNREACHABLE


def _take_entries(bundle: Mapping[str, Any], pages: Pages, answers: AnswerTraits) -> None:
    total = bundle.get("total")
    pages.total = total if isinstance(total, int) and not isinstance(total, bool) else pages.total
    entries = bundle.get("entry", [])
    for entry in entries if isinstance(entries, list) else [entries]:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or search.key_of(resource) is None:
            _take_other(resource, pages, answers)
            continue
        mode = entry.get("search")
        if isinstance(mode, dict) and mode.get("mode") == "outcome":
            _take_other(resource, pages, answers)
            continue
        if not isinstance(mode, dict) or mode.get("mode", "match") == "match":
            pages.matches += 1
        pages.resources.append(resource)


def _take_other(resource: object, pages: Pages, answers: AnswerTraits) -> None:
    if not isinstance(resource, dict) or resource.get("resourceType") != "OperationOutcome":
        pages.unreadable += 1
        pages.matches += 1
        pages.note(Reason.UNREADABLE_ENTRY)
        return
    if replies.CONVERSION_SYSTEM in _systems(resource):
        pages.note(Reason.NOT_CONVERTED)
        return
    if replies.detail_codes(resource) & answers.capped_codes:
        pages.note(Reason.CAPPED)
        return
    told = any(
        issue.get("severity") in ("error", "fatal") or issue.get("code") in replies.PARTIAL_ISSUES
        for issue in replies.issues_of(resource)
    )
    if told or replies.detail_codes(resource) & answers.partial_codes:
        pages.note(Reason.PARTIAL)


def _systems(outcome: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for issue in replies.issues_of(outcome):
        details = issue.get("details")
        codings = details.get("coding") if isinstance(details, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            if isinstance(coding, dict):
                found.add(str(coding.get("system", "")))
    return found


def _next(bundle: Mapping[str, Any], pages: Pages, base_url: str) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else []:
        if not isinstance(link, dict) or link.get("relation") != "next":
            continue
        url = link.get("url")
        admitted = search.same_origin(url, base_url=base_url) if isinstance(url, str) else None
        if admitted is None:
            pages.note(Reason.FOREIGN_PAGE)
        return admitted
    return None
