"""search: one page of matches with what belongs to it. Spec: FHIR R4 search."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from fhir_server import references
from fhir_server.context import Call
from fhir_server.ports import Grant, Interaction, Resource, Stored
from fhir_server.search import compile as sql
from fhir_server.search import index
from fhir_server.search.clauses import Include, SearchQuery
from fhir_server.search.compile import Position
from fhir_server.store import resources
from fhir_server.store.resources import Record
from runtime.errors import kind_of


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a search; `after` is where the next one starts (None: this is the last)."""

    matches: tuple[Record, ...] = field(default=(), repr=False)
    includes: tuple[Stored, ...] = field(default=(), repr=False)
    total: int | None = None
    after: Position | None = None


def authorize(call: Call, resource_type: str) -> Grant:
    """Ask the policy whether this caller may search this type, and how far."""
    return call.authorize(Interaction(kind="search", resource_type=resource_type))


def authorize_create(call: Call, resource_type: str, resource: Resource | None) -> Grant:
    """Ask the policy for a create whose condition is looked up before it is carried out."""
    return call.authorize(
        Interaction(kind="create", resource_type=resource_type, proposed=resource)
    )


def search(
    call: Call,
    query: SearchQuery,
    grant: Grant,
    *,
    limit: int,
    after: Position | None = None,
    total: int | None = None,
) -> Page:
    """Run one page of `limit` matches; `total` is what the first page counted, if it did."""
    reach = call.reach(query.resource_type, grant)
    if query.only_count or limit == 0:
        counted = resources.run(call.session, sql.count(query, reach))
        return Page(total=int(counted[0][0]))
    counts = query.wants_total and after is None
    rows = resources.run(
        call.session, sql.page(query, reach, after=after, limit=limit + 1, total=counts)
    )
    if counts:
        total = int(rows[0].total) if rows else 0
    shown = rows[:limit]
    matches = tuple(resources.record_of(row) for row in shown)
    more = len(rows) > limit
    return Page(
        matches=matches,
        includes=_includes(call, query, [record.stored for record in matches]),
        total=total,
        after=Position(
            keys=tuple(getattr(shown[-1], f"key_{n}") for n in range(len(query.sort))),
            pk=shown[-1].pk,
        )
        if more
        else None,
    )


def _includes(call: Call, query: SearchQuery, matches: Sequence[Stored]) -> tuple[Stored, ...]:
    if not matches or not (query.includes or query.revincludes):
        return ()
    wanted: dict[str, set[str]] = defaultdict(set)
    for include in query.includes:
        for target_type, target_id in _targets(call, include, matches):
            wanted[target_type].add(target_id)
    brought = [
        stored
        for target_type, ids in sorted(wanted.items())
        for stored in load_visible(call, target_type, ids)
    ]
    for include in query.revincludes:
        brought += _pointing(call, include, query.resource_type, matches)
    matched = {match.reference for match in matches}
    found = {stored.reference: stored for stored in brought if stored.reference not in matched}
    return tuple(found.values())


def _targets(call: Call, include: Include, matches: Sequence[Stored]) -> list[tuple[str, str]]:
    parameter = include.parameter
    return [
        (entry.system, entry.value)
        for stored in matches
        for entry in index.entries_for(parameter, stored.resource, call.context.base_url)
        if entry.param == parameter.key
        and entry.system
        and entry.value
        and include.target_type in (None, entry.system)
    ]


def load_visible(call: Call, resource_type: str, ids: set[str]) -> list[Stored]:
    """Load resources of one type by id; those that the caller may not search for stay away."""
    grant = _grant_or_none(call, resource_type)
    valid = sorted(identity for identity in ids if references.ID_PATTERN.fullmatch(identity))
    if grant is None or not valid:
        return []
    reach = call.reach(resource_type, grant)
    rows = resources.run(call.session, sql.by_identity(resource_type, valid, reach))
    return [resources.record_of(row).stored for row in rows]


def _pointing(
    call: Call, include: Include, target_type: str, matches: Sequence[Stored]
) -> list[Stored]:
    source = include.parameter.resource_type
    grant = _grant_or_none(call, source)
    if grant is None:
        return []
    reach = call.reach(source, grant)
    ids = [match.id for match in matches]
    rows = resources.run(call.session, sql.pointing_at(include, target_type, ids, reach))
    return [resources.record_of(row).stored for row in rows]


def _grant_or_none(call: Call, resource_type: str) -> Grant | None:
    """An include may not show more than a search would: a refusal leaves it out."""
    support = call.context.types.get(resource_type)
    if support is None or not support.interactions & {"search", "read"}:
        return None
    return grant_or_none(call, Interaction(kind="search", resource_type=resource_type))


def grant_or_none(call: Call, interaction: Interaction) -> Grant | None:
    """Return the grant, or None when the policy refuses with a coded error."""
    try:
        return call.authorize(interaction)
    except Exception as error:
        if kind_of(error) not in ("forbidden", "unauthenticated", "not_found"):
            raise
        return None
