"""One request to one interaction to one answer; batch entries come through here again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fhir_server import answers, bundles, negotiate, paging
from fhir_server.context import Call
from fhir_server.errors import BodyUnreadable, InteractionUnsupported, Issue, RequestInvalid
from fhir_server.interactions import everything, read, search, write
from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.paging import PageLinks
from fhir_server.ports import Interaction
from fhir_server.router import Route
from fhir_server.search import page_links, parse
from fhir_server.search.compile import Position
from fhir_server.search.page_links import PageState
from runtime import json_text

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Work:
    """One request on its way: who calls, what was asked, and how links are made."""

    call: Call
    request: FhirRequest
    route: Route
    links: PageLinks

    @property
    def base_url(self) -> str:
        """The public FHIR base."""
        return self.call.context.base_url


def answer(work: Work) -> FhirAnswer:
    """Carry out one interaction of a resource type; raises coded errors."""
    return _ACTIONS[work.route.action](work)


def body_of(request: FhirRequest) -> dict[str, Any]:
    """Return the resource in a body, or raise what is wrong with it."""
    negotiate.check_body_format(request.headers)
    parsed = json_text.loads(request.body)
    if not isinstance(parsed, dict):
        raise BodyUnreadable(issues=[Issue(code="structure", rule="a resource is a JSON object")])
    return parsed


def _read(work: Work) -> FhirAnswer:
    _no_parameters(work.request)
    stored = read.read(work.call, work.route.resource_type, work.route.resource_id)
    return answers.version_answer(stored, unless_version=work.request.headers.get("if-none-match"))


def _vread(work: Work) -> FhirAnswer:
    _no_parameters(work.request)
    route = work.route
    stored = read.vread(work.call, route.resource_type, route.resource_id, route.version)
    return answers.version_answer(stored, unless_version=None)


def _history(work: Work) -> FhirAnswer:
    route = work.route
    address = f"{route.resource_type}/{route.resource_id}/_history"
    pairs = _known(work.request.query, ("_count", page_links.PARAMETER))
    below, count = None, None
    for name, text in pairs:
        if name == "_count":
            count = _number(name, text)
    limit = max(paging.page_size(count), 1)
    sealed = dict(pairs).get(page_links.PARAMETER)
    if sealed is not None:
        # The grant is asked for again below; the link is opened with the same one.
        grant = work.call.authorize(
            Interaction(
                kind="history", resource_type=route.resource_type, resource_id=route.resource_id
            )
        )
        state = work.links.open(sealed, address, grant)
        below, limit = state.pk, int(state.keys[0])
    page = read.history(work.call, route.resource_type, route.resource_id, below=below, limit=limit)
    links = [("self", f"{work.base_url}/{address}")]
    if page.more_below is not None:
        state = PageState(address=address, pairs=(), keys=(limit,), pk=page.more_below)
        links.append(("next", work.links.make(state, page.grant)))
    entries = [bundles.history_entry(stored, work.base_url) for stored in page.versions]
    return answers.json_answer(
        200, bundles.bundle("history", entries, links=links, total=page.total)
    )


def _search(work: Work) -> FhirAnswer:
    kind = work.route.resource_type
    pairs = _search_pairs(work.request)
    grant = search.authorize(work.call, kind)
    after, total = None, None
    sealed = dict(pairs).get(page_links.PARAMETER)
    if sealed is not None:
        _known(pairs, (page_links.PARAMETER,))
        state = work.links.open(sealed, kind, grant)
        pairs, total = state.pairs, state.total
        after = Position(keys=state.keys, pk=state.pk)
    query = parse.parse(work.call.context.scope, kind, pairs)
    page = search.search(
        work.call, query, grant, limit=paging.page_size(query.count), after=after, total=total
    )
    links = [("self", _self_link(work, pairs if sealed is None else ()))]
    if page.after is not None:
        following = PageState(
            address=kind, pairs=pairs, keys=page.after.keys, pk=page.after.pk, total=page.total
        )
        links.append(("next", work.links.make(following, grant)))
    entries = [
        bundles.found_entry(record.stored, work.base_url, "match") for record in page.matches
    ]
    entries += [bundles.found_entry(item, work.base_url, "include") for item in page.includes]
    return answers.json_answer(
        200, bundles.bundle("searchset", entries, links=links, total=page.total)
    )


def _everything(work: Work) -> FhirAnswer:
    route = work.route
    if route.resource_type != "Patient":
        raise InteractionUnsupported()
    address = f"Patient/{route.resource_id}/$everything"
    pairs = work.request.query
    after = None
    sealed = dict(pairs).get(page_links.PARAMETER)
    grant = work.call.authorize(
        Interaction(kind="everything", resource_type="Patient", resource_id=route.resource_id)
    )
    if sealed is not None:
        _known(pairs, (page_links.PARAMETER,))
        state = work.links.open(sealed, address, grant)
        pairs, after = state.pairs, state.pk
    scope = everything.read_scope(work.call, pairs)
    limit = paging.page_size(scope.count if scope.count is not None else paging.MAX_COUNT)
    record = everything.everything(work.call, route.resource_id, scope, after=after, limit=limit)
    links = [("self", f"{work.base_url}/{address}")]
    if record.after is not None:
        state = PageState(address=address, pairs=pairs, keys=(), pk=record.after)
        links.append(("next", work.links.make(state, grant)))
    entries = [bundles.found_entry(item, work.base_url, "match") for item in record.matches]
    entries += [bundles.found_entry(item, work.base_url, "include") for item in record.supporting]
    return answers.json_answer(200, bundles.bundle("searchset", entries, links=links))


def _create(work: Work) -> FhirAnswer:
    _no_parameters(work.request)
    resource = body_of(work.request)
    _check_type(resource, work.route.resource_type)
    written = write.create(
        work.call, resource, if_none_exist=work.request.headers.get("if-none-exist")
    )
    preference = negotiate.preference(work.request.headers)
    if not written.created and not _may_read(work, written.stored.id):
        preference = "minimal"
    return answers.write_answer(
        written.stored, created=written.created, base_url=work.base_url, preference=preference
    )


def _update(work: Work) -> FhirAnswer:
    _no_parameters(work.request)
    resource = body_of(work.request)
    _check_type(resource, work.route.resource_type)
    if resource.get("id") != work.route.resource_id:
        place = f"{work.route.resource_type}.id"
        raise RequestInvalid(
            issues=[Issue(code="value", expression=place, rule="must equal the id in the address")]
        )
    written = write.update(work.call, resource, if_match=negotiate.if_match(work.request.headers))
    return answers.write_answer(
        written.stored,
        created=written.created,
        base_url=work.base_url,
        preference=negotiate.preference(work.request.headers),
    )


def _delete(work: Work) -> FhirAnswer:
    _no_parameters(work.request)
    stored = write.delete(
        work.call,
        work.route.resource_type,
        work.route.resource_id,
        if_match=negotiate.if_match(work.request.headers),
    )
    return answers.deleted_answer(stored)


def _may_read(work: Work, resource_id: str) -> bool:
    """A conditional create that found its match shows the match only to those who may read it."""
    interaction = Interaction(
        kind="read", resource_type=work.route.resource_type, resource_id=resource_id
    )
    return search.grant_or_none(work.call, interaction) is not None


def _search_pairs(request: FhirRequest) -> Pairs:
    if request.method != "POST":
        return request.query
    if request.body and not negotiate.is_form(request.headers):
        raise RequestInvalid(
            issues=[Issue(code="value", expression="http.content-type", rule="send a form")]
        )
    form = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return request.query + tuple(form)


def _self_link(work: Work, pairs: Pairs) -> str:
    # The values of a POST stay out of addresses: that is why it was a POST.
    shown = pairs if work.request.method in ("GET", "HEAD") else ()
    query = urlencode([pair for pair in shown if pair[0] not in ("_format", "_pretty")])
    return f"{work.base_url}/{work.route.resource_type}" + (f"?{query}" if query else "")


def _known(pairs: Pairs, names: tuple[str, ...]) -> Pairs:
    for name, _ in pairs:
        if name not in (*names, "_format", "_pretty"):
            place = f"http.{parse.safe_name(name)}"
            raise RequestInvalid(
                issues=[Issue(code="not-supported", expression=place, rule="unknown parameter")]
            )
    return pairs


def _no_parameters(request: FhirRequest) -> None:
    _known(request.query, ())


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestInvalid(
            issues=[Issue(code="value", expression=f"http.{name}", rule="not a number")]
        )
    return int(text)


def _check_type(resource: Mapping[str, Any], resource_type: str) -> None:
    if write.type_of(resource) != resource_type:
        raise RequestInvalid(
            issues=[
                Issue(code="value", expression="resourceType", rule=f"expected {resource_type}")
            ]
        )


_ACTIONS: Mapping[str, Callable[[Work], FhirAnswer]] = MappingProxyType(
    {
        "read": _read,
        "vread": _vread,
        "history": _history,
        "search": _search,
        "everything": _everything,
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
)
