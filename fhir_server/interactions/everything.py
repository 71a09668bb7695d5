"""$everything of one patient. Spec: FHIR R4, operation-patient-everything."""

from collections import defaultdict
from dataclasses import dataclass, field

from fhir_server import references
from fhir_server.context import Call
from fhir_server.errors import Issue, ResourceGone, SearchInvalid, UnknownResource
from fhir_server.interactions import search
from fhir_server.ports import Interaction, Stored
from fhir_server.search import compile as sql
from fhir_server.search import dates, parameters, parse
from fhir_server.search.compile import Reach
from fhir_server.store import resources

OFFERED = ("_count", "_type", "_since")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What was asked: some types (empty: all), changes since (milliseconds), page size."""

    types: frozenset[str]
    since: int | None
    count: int | None


@dataclass(frozen=True, kw_only=True)
class Record:
    """One page of a patient's record, with the directory entries it refers to."""

    matches: tuple[Stored, ...] = field(repr=False)
    supporting: tuple[Stored, ...] = field(repr=False)
    after: int | None


def read_scope(call: Call, pairs: tuple[tuple[str, str], ...]) -> Scope:
    """Read the operation's parameters; raises `SearchInvalid` for any other."""
    given: dict[str, str] = {}
    for name, text in pairs:
        if name not in (*OFFERED, "_format", "_pretty") or name in given:
            raise _refused(name, "unsupported parameter, or given twice")
        given[name] = text
    types = frozenset(filter(None, given.get("_type", "").split(",")))
    if not types <= set(call.context.types):
        raise _refused("_type", "type is not offered here")
    since = dates.range_of(given["_since"].replace(" ", "+")) if "_since" in given else None
    if "_since" in given and since is None:
        raise _refused("_since", "not an instant")
    count = given.get("_count")
    if count is not None and not (count.isascii() and count.isdigit() and 0 < int(count) < 10**6):
        raise _refused("_count", "not a page size")
    return Scope(
        types=types, since=since[0] if since else None, count=int(count) if count else None
    )


def everything(
    call: Call, patient_id: str, scope: Scope, *, after: int | None, limit: int
) -> Record:
    """Return a patient's resources in the order they were stored, `limit` at a time."""
    patient = resources.load(call.session, "Patient", patient_id)
    current = patient.stored.resource if patient and not patient.stored.deleted else None
    grant = call.authorize(
        Interaction(
            kind="everything", resource_type="Patient", resource_id=patient_id, current=current
        )
    )
    if patient is None:
        raise UnknownResource()
    call.check_visible(patient, grant)
    if current is None:
        raise ResourceGone()
    query = sql.compartment(
        _reaches(call, scope), "Patient", patient_id, since=scope.since, after=after
    ).limit(limit + 1)
    rows = resources.run(call.session, query)
    shown = [resources.record_of(row) for row in rows[:limit]]
    matches = tuple(record.stored for record in shown)
    return Record(
        matches=matches,
        supporting=_supporting(call, matches, scope),
        after=shown[-1].pk if len(rows) > limit else None,
    )


def _reaches(call: Call, scope: Scope) -> dict[str, tuple[Reach, tuple[str, ...]]]:
    """Per type that the caller may search: how far, and the index keys that lead to a patient."""
    found = {}
    for name in call.context.types:
        if scope.types and name not in scope.types:
            continue
        keys = parameters.patient_compartment().get(name, ())
        if not keys and name != "Patient":
            continue
        grant = search.grant_or_none(call, Interaction(kind="search", resource_type=name))
        if grant is not None:
            known = parameters.parameters_of(name)
            found[name] = (call.reach(name, grant), tuple(known[key].key for key in keys))
    return found


def _supporting(call: Call, matches: tuple[Stored, ...], scope: Scope) -> tuple[Stored, ...]:
    """Practitioners, organizations, medications and the like that the page refers to."""
    wanted: dict[str, set[str]] = defaultdict(set)
    asked = scope.types or frozenset(call.context.types)
    outside = asked - set(parameters.patient_compartment())
    for stored in matches:
        for text in references.references_in(stored.resource):
            target = references.target_of(text, call.context.base_url)
            kind = target.resource_type
            if kind and target.resource_id and kind in outside:
                wanted[kind].add(target.resource_id)
    return tuple(
        stored
        for kind, ids in sorted(wanted.items())
        for stored in search.load_visible(call, kind, ids)
    )


def _refused(name: str, rule: str) -> SearchInvalid:
    place = f"http.{parse.safe_name(name)}"
    return SearchInvalid(issues=[Issue(code="not-supported", expression=place, rule=rule)])
