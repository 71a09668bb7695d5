"""Reading a search to its end: pages on the same origin only, with caps and a loop guard.

Spec: FHIR R4 Bundle, searchset; RESTful API, paging (links are opaque)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_adapters import search
from fhir_adapters.chart import Reason, Resource
from fhir_adapters.ports import FhirReply, FhirSession
from runtime import clock, json_text
from runtime.errors import JsonTextError, OutboundDown

# An issue of one of these types says that the server kept something back (Epic 4119, 2026).
_PARTIAL_ISSUES = frozenset({"incomplete", "suppressed", "too-costly", "forbidden", "throttled"})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a chart is read at most. Bytes count per search, seconds per chart."""

    pages: int = 20
    page_bytes: int = 20_000_000
    search_bytes: int = 40_000_000
    seconds: float = 25.0
    parallel: int = 8
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


def read_pages(session: FhirSession, address: str, *, limits: Limits, deadline: Deadline) -> Pages:
    """Read a search and all its pages; faults become reasons, never exceptions.

    Errors of the sign-in itself (a session that is over) are raised as they come.
    """
    pages = Pages()
    seen: set[str] = set()
    spent = 0
    following: str | None = address
    while following is not None:
        stop = _stop(following, seen, spent, limits=limits, deadline=deadline)
        if stop is not None:
            pages.note(stop)
            return pages
        seen.add(following)
        reply = fetch(session, following)
        if isinstance(reply, Reason):
            pages.note(reply)
            return pages
        spent += len(reply.body)
        bundle = searchset(reply, limits.page_bytes)
        if bundle is None:
            pages.note(Reason.NOT_FHIR)
            return pages
        _take_entries(bundle, pages)
        following = _next(bundle, pages, session.base_url)
    if pages.total is not None and pages.matches < pages.total and not pages.reasons:
        pages.note(Reason.PARTIAL)
    return pages


def fetch(
    session: FhirSession, address: str, *, accept: str = "application/fhir+json"
) -> FhirReply | Reason:
    """Read one address; a fault is returned as the reason it becomes."""
    try:
        reply = session.get(address, accept=accept)
    except OutboundDown as down:
        return Reason.TOO_LARGE if down.reason == "oversize" else Reason.UNREACHABLE
    if reply.status == 200:
        return reply
    if reply.status in (401, 403):
        return Reason.FORBIDDEN
    if reply.status == 429 or reply.status >= 500:
        return Reason.UNREACHABLE
    return Reason.REJECTED


def json_resource(reply: FhirReply, max_bytes: int) -> dict[str, Any] | None:
    """Return the body as a FHIR resource, None when it is not one."""
    try:
        value = json_text.loads(reply.body, max_bytes=max_bytes)
    except JsonTextError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return None
    return value


def searchset(reply: FhirReply, max_bytes: int) -> dict[str, Any] | None:
    """Return the body as a searchset Bundle, None when it is not one."""
    value = json_resource(reply, max_bytes)
    if value is None or value["resourceType"] != "Bundle" or value.get("type") != "searchset":
        return None
    return value


def _stop(
    address: str, seen: set[str], spent: int, *, limits: Limits, deadline: Deadline
) -> Reason | None:
    if deadline.is_over:
        return Reason.OUT_OF_TIME
    if address in seen:
        return Reason.PAGE_LOOP
    if len(seen) >= limits.pages:
        return Reason.TOO_MANY_PAGES
    return Reason.TOO_LARGE if spent >= limits.search_bytes else None


def _take_entries(bundle: Mapping[str, Any], pages: Pages) -> None:
    total = bundle.get("total")
    pages.total = total if isinstance(total, int) and not isinstance(total, bool) else pages.total
    entries = bundle.get("entry", [])
    for entry in entries if isinstance(entries, list) else [entries]:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or search.key_of(resource) is None:
            _take_other(resource, pages)
            continue
        mode = entry.get("search")
        if not isinstance(mode, dict) or mode.get("mode", "match") == "match":
            pages.matches += 1
        pages.resources.append(resource)


def _take_other(resource: object, pages: Pages) -> None:
    if not isinstance(resource, dict) or resource.get("resourceType") != "OperationOutcome":
        pages.unreadable += 1
        pages.matches += 1
        pages.note(Reason.UNREADABLE_ENTRY)
        return
    issues = resource.get("issue")
    for issue in issues if isinstance(issues, list) else []:
        if isinstance(issue, dict) and (
            issue.get("severity") in ("error", "fatal") or issue.get("code") in _PARTIAL_ISSUES
        ):
            pages.note(Reason.PARTIAL)


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
