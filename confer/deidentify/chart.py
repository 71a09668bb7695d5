"""Takes the resources out of what was read: one patient's chart, its subject first."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from confer.deidentify import document, reading
from confer.deidentify.reading import ChartSource
from confer.errors import ChartFileUnusable
from runtime import json_text
from runtime.errors import JsonTextError

_MAX_DEPTH: Final = 80
_MAX_BUNDLES: Final = 8

Resource = dict[str, Any]  # FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart as `deid` takes it. `content` is what was read: keys of the case derive from it."""

    resources: tuple[Resource, ...] = field(repr=False)
    """What would leave, the Patient of the case first."""
    naming: tuple[Resource, ...] = field(repr=False)
    """Everything that may name somebody, sent or not."""
    left_out: int
    """Other patients, and entries without a resource: not sent and not read."""
    content: bytes = field(repr=False)


def of_source(source: ChartSource) -> Chart:
    """Return the chart of a source. Raises `ChartFileUnusable` or `JsonTextError`."""
    if source.path is not None:
        return of_bytes(reading.content(source.path), several=False)
    try:
        own = [_loads(body) for body in source.bodies]
        others = [_loads(body) for body in source.others]
    except JsonTextError as error:
        problem = f"not strict JSON ({error.rule})"
        raise ChartFileUnusable(problem=problem, line=source.line) from None
    content = b"\n".join((*source.bodies, *source.others))
    if len(own) == 1 and own[0].get("resourceType") == "Bundle":
        return _of_bundle(own[0], content, several=False)
    return Chart(resources=(*own, *others), naming=(*own, *others), left_out=0, content=content)


def of_bytes(body: bytes, *, several: bool) -> Chart:
    """Return the chart of a FHIR Bundle, of a Patient alone, or of a clinical document in XML.

    With `several`, the first Patient of several is the subject, and the others are known by
    name but not sent; else there must be one.
    """
    if document.is_markup(body):
        whole = document.resources_of(body)
        return Chart(resources=whole, naming=whole, left_out=0, content=body)
    found = _loads(body)
    if found.get("resourceType") == "Patient":
        return Chart(resources=(found,), naming=(found,), left_out=0, content=body)
    if found.get("resourceType") != "Bundle":
        raise ChartFileUnusable(problem="neither a FHIR Bundle nor a Patient")
    return _of_bundle(found, body, several=several)


def _of_bundle(bundle: Resource, content: bytes, *, several: bool) -> Chart:
    entries = list(_entries(bundle, "Bundle", _MAX_BUNDLES))
    full = [entry for entry in entries if entry is not None]
    resources = _linked(full)
    patients = [each for each in resources if each.get("resourceType") == "Patient"]
    if not patients or (len(patients) > 1 and not several):
        more = "; `confer deid bundle` takes the first" if patients else ""
        raise ChartFileUnusable(problem=f"{len(patients)} Patient resources, not one{more}")
    sent = [each for each in resources if each.get("resourceType") != "Patient"]
    return Chart(
        resources=(patients[0], *sent),
        naming=tuple(resources),
        left_out=len(entries) - len(full) + len(patients) - 1,
        content=content,
    )


def _entries(bundle: Resource, place: str, levels: int) -> Iterator[tuple[str, Resource] | None]:
    """Yield (fullUrl, resource) of every entry, of Bundles inside too; None: no resource."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise ChartFileUnusable(problem="not a list", expression=f"{place}.entry")
    for position, entry in enumerate(entries):
        here = f"{place}.entry[{position}]"
        if not isinstance(entry, dict):
            raise ChartFileUnusable(problem="not an entry", expression=here)
        resource = entry.get("resource")
        if resource is None and (entry.keys() & {"request", "response"}):
            yield None
            continue
        if not isinstance(resource, dict):
            raise ChartFileUnusable(problem="no resource", expression=here)
        if resource.get("resourceType") == "Bundle":
            if not levels:
                raise ChartFileUnusable(problem="Bundles nested too deep", expression=here)
            yield from _entries(resource, f"{here}.resource", levels - 1)
            continue
        full_url = entry.get("fullUrl")
        yield (full_url if isinstance(full_url, str) else "", resource)


def _linked(entries: list[tuple[str, Resource]]) -> list[Resource]:
    """Let references by fullUrl be found by id, where the two differ; nothing read is changed."""
    renamed: dict[str, str] = {}
    resources: list[Resource] = []
    for full_url, resource in entries:
        own_id, kind = resource.get("id"), resource.get("resourceType")
        tail = full_url.rpartition(":" if full_url.startswith("urn:") else "/")[2]
        if tail and "id" not in resource:
            resources.append({**resource, "id": tail})
            continue
        resources.append(resource)
        if tail and tail != own_id and isinstance(own_id, str):
            renamed[full_url] = f"{kind}/{own_id}"
    return _renamed(resources, renamed) if renamed else resources


def _renamed(resources: list[Resource], names: Mapping[str, str]) -> list[Resource]:
    copies = copy.deepcopy(resources)
    waiting: list[Any] = list(copies)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            target = value.get("reference")
            if isinstance(target, str) and target in names:
                value["reference"] = names[target]
            waiting.extend(value.values())
    return copies


def _loads(body: bytes) -> Resource:
    found = json_text.loads(body, max_bytes=reading.MAX_BYTES, max_depth=_MAX_DEPTH)
    if not isinstance(found, dict):
        raise ChartFileUnusable(problem="not a FHIR resource")
    return found
