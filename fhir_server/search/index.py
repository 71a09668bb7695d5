"""A resource's values under each search parameter (pure)."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from fhir_server import references
from fhir_server.search import dates, parameters
from fhir_server.search.parameters import Parameter
from fhir_server.store.index_entry import IndexEntry

_STEP = re.compile(r"(?P<name>\w+)(?:\[(?P<key>\w+)=(?P<value>[^\]]+)\])?")
_DOT = re.compile(r"\.(?![^\[]*\])")  # a dot outside of [key=value]
_FOREIGN_TAIL = re.compile(r"/(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}$")
_TEXT_PARTS = (
    "text", "family", "given", "prefix", "suffix",
    "line", "city", "district", "state", "postalCode", "country",
)  # fmt: skip
# Index keys have a size limit; long texts are searchable by their beginning.
_MAX_TEXT = 500
IDENTIFIER_SUFFIX = ":identifier"


def entries_of(resource: Mapping[str, Any], base_url: str) -> list[IndexEntry]:
    """Return the index rows of one resource; unknown types have none."""
    found: dict[IndexEntry, None] = {}
    for parameter in parameters.parameters_of(str(resource.get("resourceType"))).values():
        found.update(dict.fromkeys(entries_for(parameter, resource, base_url)))
    return list(found)


def fold(text: str) -> str:
    """Return text without case and accents, the form in which strings are compared."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return " ".join(plain.casefold().split())


def entries_for(
    parameter: Parameter, resource: Mapping[str, Any], base_url: str
) -> Iterator[IndexEntry]:
    """Yield the index rows of one resource under one parameter."""
    if parameter.exists:
        present = any(
            resource.get(name) is not None and resource.get(name) is not False
            for name in parameter.exists
        )
        yield IndexEntry(parameter.key, value="true" if present else "false")
        return
    if parameter.type == "reference":
        for value in _values(parameter.paths, resource):
            yield from _reference_entries(parameter, value, base_url)
        return
    for value in _values(parameter.paths, resource):
        yield from _BY_TYPE[parameter.type](parameter, value)


def _values(paths: Iterable[str], resource: Mapping[str, Any]) -> Iterator[Any]:
    for path in paths:
        steps = _steps(path)
        if steps[0].name not in resource:
            continue  # most paths of a type are absent from most resources
        level: list[Any] = [resource]
        for step in steps:
            level = [value for item in level for value in _descend(item, step)]
        yield from level


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    key: str | None
    text: str | None


@cache
def _steps(path: str) -> tuple[_Step, ...]:
    found = [_STEP.fullmatch(step) for step in _DOT.split(path)]
    return tuple(_Step(m["name"], m["key"], m["value"]) for m in found if m is not None)


def _descend(item: Any, step: _Step) -> list[Any]:
    inner = item.get(step.name) if isinstance(item, Mapping) else None
    values = inner if isinstance(inner, list) else [inner]
    return [
        value
        for value in values
        if value is not None and (step.key is None or _has(value, step.key, step.text))
    ]


def _has(value: Any, key: str, text: str | None) -> bool:
    return isinstance(value, Mapping) and value.get(key) == text


def _clean(value: Any) -> str | None:
    # Too long for an index key, or a NUL, which PostgreSQL cannot hold: not searchable.
    fits = isinstance(value, str) and len(value) <= _MAX_TEXT and "\x00" not in value
    return value if fits else None


def _token_entries(parameter: Parameter, value: Any) -> Iterator[IndexEntry]:
    if isinstance(value, bool):
        yield IndexEntry(parameter.key, value="true" if value else "false")
    elif isinstance(value, str):
        yield IndexEntry(parameter.key, system=parameter.system, value=_clean(value))
    elif isinstance(value, Mapping):
        codings = value.get("coding") if "coding" in value else [value]
        for coding in codings if isinstance(codings, list) else []:
            yield from _coded(parameter, coding)


def _coded(parameter: Parameter, coding: Any) -> Iterator[IndexEntry]:
    if not isinstance(coding, Mapping):
        return
    code = _clean(coding.get("code", coding.get("value")))
    system = _clean(coding.get("system"))
    if code is not None or system is not None:
        yield IndexEntry(parameter.key, system=system, value=code)


def _string_entries(parameter: Parameter, value: Any) -> Iterator[IndexEntry]:
    for text in _texts(value):
        cleaned = _clean(text[:_MAX_TEXT])
        if cleaned:
            yield IndexEntry(parameter.key, value=fold(cleaned), exact=cleaned)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in _TEXT_PARTS:
            inner = value.get(part)
            yield from (
                text
                for text in (inner if isinstance(inner, list) else [inner])
                if isinstance(text, str)
            )


def _uri_entries(parameter: Parameter, value: Any) -> Iterator[IndexEntry]:
    text = _clean(value)
    if text is not None:
        yield IndexEntry(parameter.key, value=text)


def _date_entries(parameter: Parameter, value: Any) -> Iterator[IndexEntry]:
    for low, high in _ranges(value):
        yield IndexEntry(parameter.key, low=low, high=high)


def _ranges(value: Any) -> Iterator[dates.Range]:
    if isinstance(value, str):
        found = dates.range_of(value)
        if found is not None:
            yield found
    elif isinstance(value, Mapping) and "event" in value:
        yield from (moment for event in value["event"] for moment in _ranges(event))
    elif isinstance(value, Mapping) and ("start" in value or "end" in value):
        start = dates.range_of(str(value["start"])) if "start" in value else None
        end = dates.range_of(str(value["end"])) if "end" in value else None
        yield (start[0] if start else dates.BEGINNING), (end[1] if end else dates.END)


def _quantity_entries(parameter: Parameter, value: Any) -> Iterator[IndexEntry]:
    if not isinstance(value, Mapping) or value.get("value") is None:
        return
    yield IndexEntry(
        parameter.key,
        system=_clean(value.get("system")),
        value=_clean(value.get("code")),
        exact=_clean(value.get("unit")),
        number=float(value["value"]),
    )


def _reference_entries(parameter: Parameter, value: Any, base_url: str) -> Iterator[IndexEntry]:
    if isinstance(value, str):  # a canonical
        yield IndexEntry(parameter.key, system="", value=_clean(value.split("|")[0]))
        return
    if not isinstance(value, Mapping):
        return
    identifier = value.get("identifier")
    if isinstance(identifier, Mapping) and _declared_type_fits(parameter, value):
        yield IndexEntry(
            parameter.key + IDENTIFIER_SUFFIX,
            system=_clean(identifier.get("system")),
            value=_clean(identifier.get("value")),
        )
    text = _clean(value.get("reference"))
    if text is None or text.startswith("#"):
        return
    target = references.target_of(text, base_url)
    if target.resource_type is None:
        if _foreign_fits(parameter, text):
            yield IndexEntry(parameter.key, system="", value=target.address)
    elif not parameter.targets or target.resource_type in parameter.targets:
        yield IndexEntry(parameter.key, system=target.resource_type, value=target.resource_id)


def _foreign_fits(parameter: Parameter, address: str) -> bool:
    tail = _FOREIGN_TAIL.search(address)
    if tail is None:
        # `patient` is a view on `subject`: without a type we cannot say that it is one.
        return parameter.name != "patient"
    return not parameter.targets or tail["type"] in parameter.targets


def _declared_type_fits(parameter: Parameter, value: Mapping[str, Any]) -> bool:
    declared = value.get("type")
    return declared is None or not parameter.targets or declared in parameter.targets


_BY_TYPE: Mapping[str, Callable[[Parameter, Any], Iterator[IndexEntry]]] = MappingProxyType(
    {
        "token": _token_entries,
        "string": _string_entries,
        "uri": _uri_entries,
        "date": _date_entries,
        "quantity": _quantity_entries,
    }
)
