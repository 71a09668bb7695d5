"""People, places and drugs that a chart only refers to: which are missing, and reading them.

Spec: FHIR R4 References
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fhir_adapters import paging, replies, search
from fhir_adapters.capability import Capability
from fhir_adapters.chart import Reason, Resource
from fhir_adapters.paging import Manner
from fhir_adapters.ports import FhirSession
from fhir_adapters.search import Query

PEOPLE_TYPES = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})
DRUG_TYPES = frozenset({"Medication"})


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some ids of one type that are read together."""

    resource_type: str
    ids: tuple[str, ...] = field(repr=False)


@dataclass(kw_only=True)
class Referenced:
    """The resources found for one chunk, and why some are missing."""

    resources: list[Resource] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)


def missing(resources: Iterable[Resource], *, base_url: str) -> tuple[str, ...]:
    """Return `Type/id` of everybody and everything named but not at hand, first named first."""
    known: set[str | None] = set()
    named: dict[str, None] = {}
    for resource in resources:
        known.add(search.key_of(resource))
        for reference in _references(resource):
            local = search.local_reference(reference, base_url=base_url)
            if local is not None and local.split("/", 1)[0] in PEOPLE_TYPES | DRUG_TYPES:
                named[local] = None
    return tuple(reference for reference in named if reference not in known)


def chunks(
    references: Iterable[str], capability: Capability, *, most: int = 50
) -> tuple[Chunk, ...]:
    """Group references so that few requests fetch them: `most` by `_id`, else one by one."""
    by_type: dict[str, list[str]] = {}
    for reference in references:
        resource_type, found = reference.split("/", 1)
        by_type.setdefault(resource_type, []).append(found)
    made: list[Chunk] = []
    for resource_type, ids in by_type.items():
        size = most if _by_id(capability, resource_type) else 1
        made.extend(
            Chunk(resource_type=resource_type, ids=tuple(ids[i : i + size]))
            for i in range(0, len(ids), size)
        )
    return tuple(made)


def query_for(chunk: Chunk, capability: Capability, *, id_alone: bool = False) -> Query:
    """Return the search that fetches a chunk of several ids; `id_alone`: and nothing else."""
    params = [("_id", ",".join(search.escaped(one) for one in chunk.ids))]
    if capability.takes_count(chunk.resource_type) and not id_alone:
        params.append(("_count", str(len(chunk.ids))))
    return Query(resource_type=chunk.resource_type, params=tuple(params))


def read_one(session: FhirSession, chunk: Chunk, manner: Manner) -> Referenced:
    """Read the single resource of a chunk."""
    if manner.deadline.is_over:
        return Referenced(reasons=[Reason.OUT_OF_TIME])
    address = f"{chunk.resource_type}/{chunk.ids[0]}"
    reply = paging.fetch(session, address, answers=manner.traits.answers)
    if isinstance(reply, Reason):
        return Referenced(reasons=[reply if reply is Reason.FORBIDDEN else Reason.REFERENCE])
    resource = replies.json_resource(reply, manner.limits.page_bytes)
    if resource is None or search.key_of(resource) != address:
        return Referenced(reasons=[Reason.REFERENCE])
    cut = [Reason.NOT_CONVERTED] if replies.is_cut(resource) else []
    return Referenced(resources=[resource], reasons=cut)


def from_pages(chunk: Chunk, pages: paging.Pages) -> Referenced:
    """Keep of a search what was asked for; whoever is missing is a reason."""
    wanted = {f"{chunk.resource_type}/{one}" for one in chunk.ids}
    found = {search.key_of(resource): resource for resource in pages.resources}
    kept = [resource for key, resource in found.items() if key in wanted]
    reasons = list(pages.reasons)
    if len(kept) < len(wanted) and not reasons:
        reasons.append(Reason.REFERENCE)
    return Referenced(resources=kept, reasons=reasons)


def _by_id(capability: Capability, resource_type: str) -> bool:
    return capability.offers(resource_type, "search-type") and capability.has_param(
        resource_type, "_id"
    )


def _references(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            reference = one.get("reference")
            if isinstance(reference, str):
                yield reference
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
