"""What a server of another release declares, in the shape and the names of R4 (pure).

Spec: FHIR DSTU2 Conformance; STU3, R4, R5 CapabilityStatement
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_adapters.converters.actions import objects
from fhir_adapters.converters.releases import Converter

STATEMENTS = frozenset({"CapabilityStatement", "Conformance"})
# Nothing is ever written into a chart of another release.
_READING = frozenset({"read", "vread", "search-type"})


def as_r4(statement: Mapping[str, Any], converter: Converter) -> dict[str, Any]:
    """Return the statement with R4 types, only those that can be converted, reading only."""
    rests = []
    for rest in objects(statement.get("rest")):
        found: dict[str, dict[str, Any]] = {}
        for declared in objects(rest.get("resource")):
            for one in _declared(declared, converter):
                _join(found, one)
        rests.append({**rest, "resource": list(found.values())})
    return {**statement, "resourceType": "CapabilityStatement", "rest": rests}


def native_types(statement: Mapping[str, Any]) -> frozenset[str]:
    """Return the types as the server itself names them."""
    return frozenset(
        name
        for rest in objects(statement.get("rest"))
        for declared in objects(rest.get("resource"))
        if isinstance(name := declared.get("type"), str)
    )


def _declared(declared: Mapping[str, Any], converter: Converter) -> Iterator[dict[str, Any]]:
    name = declared.get("type")
    r4_type = converter.r4_type(name) if isinstance(name, str) else None
    if r4_type is None:
        return
    codes = objects(declared.get("interaction"))
    yield {
        "type": r4_type,
        "interaction": [one for one in codes if one.get("code") in _READING],
        "searchParam": objects(declared.get("searchParam")),
    }


def _join(found: dict[str, dict[str, Any]], one: dict[str, Any]) -> None:
    # Two types may become one; the first is searched.
    found.setdefault(one["type"], one)
