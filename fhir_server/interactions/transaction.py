"""batch and transaction. Spec: FHIR R4, http.html#transaction; spec/wire.md 0.1 to 0.5.

A transaction is all or nothing: the first failing entry raises `EntryFailed`, and whoever
owns the database transaction rolls it back. A batch runs each entry behind a savepoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn, TypeVar

from fhir_server import bundles, conditions, negotiate, outcomes, references, router
from fhir_server.context import Call
from fhir_server.entries import Entry
from fhir_server.errors import (
    ConditionAmbiguous,
    ConditionUnmatched,
    EntryFailed,
    Issue,
    RequestInvalid,
)
from fhir_server.interactions import dispatch, search, write
from fhir_server.interactions.dispatch import Work
from fhir_server.messages import FHIR_JSON, FhirAnswer, FhirRequest
from fhir_server.paging import PageLinks
from fhir_server.ports import Stored
from fhir_server.router import Route
from fhir_server.structure.check import check
from runtime import json_text, tokens
from runtime.errors import kind_of

_Result = TypeVar("_Result")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "GET": 3, "HEAD": 3}
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified"}


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What a transaction is about to do with one entry."""

    entry: Entry
    route: Route
    new_id: str | None = field(default=None, repr=False)
    existing: Stored | None = field(default=None, repr=False)


def run_batch(call: Call, entries: Sequence[Entry], links: PageLinks) -> list[bytes]:
    """Carry out each entry on its own; return the response entries in the same order."""
    return [_batch_entry(call, entry, links) for entry in entries]


def run_transaction(call: Call, entries: Sequence[Entry], links: PageLinks) -> list[bytes]:
    """Carry out all entries or raise `EntryFailed`; return the response entries in order."""
    plans = [_guarded(entry, partial(_plan, call, entry)) for entry in entries]
    _check_overlap(plans)
    addresses = _addresses(plans)
    done: dict[int, bytes] = {}
    for plan in sorted(plans, key=lambda plan: _ORDER[plan.entry.method]):
        done[plan.entry.position] = _guarded(
            plan.entry, partial(_carry_out, call, plan, addresses, links)
        )
    return [done[position] for position in sorted(done)]


def _plan(call: Call, entry: Entry) -> _Plan:
    """Find the address of the entry's resource before anything is written."""
    if entry.method not in _ORDER:
        raise _refused(entry, "method is not supported in a bundle")
    route = _route(call, entry)
    if entry.method in ("POST", "PUT", "DELETE") and entry.query:
        raise _refused(entry, "conditional update and delete are not supported")
    if route.action in ("create", "update"):
        check(entry.resource, resource_type=route.resource_type)
    if route.action != "create":
        return _Plan(entry=entry, route=route)
    condition = write.condition_of(call, route.resource_type, entry.headers.get("if-none-exist"))
    if condition is not None:
        grant = search.authorize_create(call, route.resource_type, entry.resource)
        existing = conditions.match(call, condition, grant)
        if existing is not None:
            return _Plan(entry=entry, route=route, existing=existing.stored)
    return _Plan(entry=entry, route=route, new_id=tokens.new_uuid())


def _route(call: Call, entry: Entry) -> Route:
    route = router.route(entry.method, entry.path, call.context.types, system=False)
    if route.action == "capabilities":
        raise _refused(entry, "not possible inside a bundle")
    return route


def _check_overlap(plans: Sequence[_Plan]) -> None:
    """Refuse two entries that write one resource, or two creates under one condition."""
    seen: set[str] = set()
    for plan in plans:
        entry, route = plan.entry, plan.route
        condition = entry.headers.get("if-none-exist")
        if route.action in ("update", "delete"):
            key = f"{route.resource_type}/{route.resource_id}"
        elif route.action == "create" and condition is not None:
            key = f"{route.resource_type}?{condition.rpartition('?')[2]}"
        else:
            continue
        if key in seen:
            _fail(entry, _refused(entry, "another entry writes the same resource", "duplicate"))
        seen.add(key)


def _addresses(plans: Sequence[_Plan]) -> dict[str, str]:
    """Map every fullUrl to the reference that its resource has after the transaction."""
    found: dict[str, str] = {}
    for plan in plans:
        url = plan.entry.full_url
        identity = plan.existing.id if plan.existing is not None else plan.new_id
        identity = identity or plan.route.resource_id
        if url is not None and identity and plan.route.action in ("create", "update"):
            found[url] = f"{plan.route.resource_type}/{identity}"
    return found


def _carry_out(call: Call, plan: _Plan, addresses: dict[str, str], links: PageLinks) -> bytes:
    entry = plan.entry
    if plan.existing is not None:
        return _response(call, plan.existing, 200)
    if plan.route.action == "create":
        linked = _linked(call, entry, addresses)
        written = write.create_checked(call, linked, plan.new_id or "")
        return _response(call, written.stored, 201)
    if plan.route.action == "update":
        linked = _linked(call, entry, addresses)
        if linked.get("id") != plan.route.resource_id:
            raise _refused(entry, "resource.id must equal the id in request.url", "value")
        version = negotiate.version_of(
            entry.headers.get("if-match"), f"{entry.place}.request.ifMatch"
        )
        updated = write.update_checked(call, linked, if_match=version)
        return _response(call, updated.stored, 201 if updated.created else 200)
    return _answered(dispatch.answer(_work(call, entry, plan.route, links)))


def _linked(call: Call, entry: Entry, addresses: dict[str, str]) -> dict[str, Any]:
    """Return the resource with temporary and conditional references made real."""

    def resolve(text: str, path: str) -> str:
        known = addresses.get(text)
        if known is not None:
            return known
        if text.startswith("urn:uuid:") and path.endswith("reference"):
            place = f"{entry.place}.resource.{path}"
            raise RequestInvalid(
                issues=[Issue(code="not-found", expression=place, rule="no entry has this fullUrl")]
            )
        if "?" in text and path.endswith("reference"):
            return _by_condition(call, text, f"{entry.place}.resource.{path}")
        return text

    linked: dict[str, Any] = references.rewrite(entry.resource, resolve)
    return linked


def _by_condition(call: Call, text: str, place: str) -> str:
    """Resolve a reference such as `Patient?identifier=a|b` to the one resource it means."""
    kind = references.strip_base(text, call.context.base_url).partition("?")[0]
    if kind not in call.context.types:
        return text  # an address of another server that happens to hold a question mark
    condition = conditions.read_condition(text, kind, call.context.base_url, place)
    found = conditions.find(call, condition, search.authorize(call, kind))
    if len(found) > 1:
        raise ConditionAmbiguous(
            issues=[Issue(code="multiple-matches", expression=place, rule="several match")]
        )
    if not found:
        raise ConditionUnmatched(
            issues=[Issue(code="not-found", expression=place, rule="nothing matches")]
        )
    return found[0].stored.reference


def _batch_entry(call: Call, entry: Entry, links: PageLinks) -> bytes:
    savepoint = call.session.begin_nested()
    try:
        route = _route(call, entry)
        answered = _answered(dispatch.answer(_work(call, entry, route, links)))
    except Exception as error:
        savepoint.rollback()
        if kind_of(error) == "bug":
            raise
        status = outcomes.status_of(error)
        response = {"status": str(status), "outcome": outcomes.outcome_of(error)}
        return bundles.entry(parts={"response": response})
    savepoint.commit()
    return answered


def _work(call: Call, entry: Entry, route: Route, links: PageLinks) -> Work:
    body = json_text.dumps(entry.resource) if entry.resource is not None else b""
    request = FhirRequest(
        method=entry.method,
        path=entry.path,
        query=entry.query,
        headers={"content-type": FHIR_JSON, "prefer": "return=minimal"} | dict(entry.headers),
        body=body,
        caller=call.caller,
    )
    return Work(call=call, request=request, route=route, links=links)


def _response(call: Call, stored: Stored, status: int) -> bytes:
    response = {
        "status": f"{status} {_REASONS[status]}",
        "location": f"{call.context.base_url}/{stored.reference}/_history/{stored.version}",
        "etag": bundles.etag(stored),
        "lastModified": write.instant(stored.updated),
    }
    full_url = f"{call.context.base_url}/{stored.reference}"
    return bundles.entry(full_url=full_url, parts={"response": response})


def _answered(answer: FhirAnswer) -> bytes:
    """Turn the HTTP answer of one entry into a response entry."""
    response = {"status": f"{answer.status} {_REASONS.get(answer.status, '')}".strip()}
    for name in ("location", "etag"):
        if name in answer.headers:
            response[name] = answer.headers[name]
    return bundles.entry(resource=answer.body, parts={"response": response})


def _guarded(entry: Entry, work: Callable[[], _Result]) -> _Result:
    """Do one step of an entry; what is coded becomes `EntryFailed` with the entry's place."""
    try:
        return work()
    except Exception as error:
        if kind_of(error) == "bug":
            raise
        _fail(entry, error)


def _fail(entry: Entry, error: Exception) -> NoReturn:
    issues = [_placed(issue, entry) for issue in outcomes.issues_of(error)]
    raise EntryFailed(entry=entry.position, cause=error, issues=issues) from None


def _placed(issue: Issue, entry: Entry) -> Issue:
    """Name the place in the Bundle: Task.status becomes Bundle.entry[2].resource.status."""
    expression = issue.expression or ""
    if expression.startswith("Bundle.entry["):
        return issue
    kind = str((entry.resource or {}).get("resourceType", ""))
    head, _, rest = expression.partition(".")
    if kind and head == kind and rest:
        return replace(issue, expression=f"{entry.place}.resource.{rest}")
    if kind and head in (kind, "resourceType"):
        return replace(issue, expression=f"{entry.place}.resource")
    return replace(issue, expression=entry.place)


def _refused(entry: Entry, rule: str, code: str = "not-supported") -> RequestInvalid:
    return RequestInvalid(issues=[Issue(code=code, expression=f"{entry.place}.request", rule=rule)])
