"""The values of a resource by element, as a person reads them. PHI."""

import re
from collections.abc import Iterator
from typing import Any, Final

from deid.pipeline import NETWORK_BASE
from deid.structured.date_methods import TIME_FROM_QUESTION

_ADDRESS: Final = re.compile(
    rf"{re.escape(NETWORK_BASE)}/case/[a-z0-9-]{{1,40}}/([A-Za-z]+/[0-9]+)"
)
_SHOWN: Final = 300
_FILE: Final = 200

Resource = dict[str, Any]  # FHIR JSON


def by_element(resource: Resource) -> dict[str, list[str]]:
    """Return every value under its element without positions, in the order of the resource."""
    found: dict[str, list[str]] = {}
    for element, text in _leaves(resource, ""):
        if element != "resourceType":
            found.setdefault(element, []).append(text)
    return found


def _leaves(value: Any, element: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            below = f"{element}.{key}" if element else key
            distance = _distances(each) if key.startswith("_") else ()
            if distance:
                name = f"{element}.{key[1:]}" if element else key[1:]
                yield from ((name, text) for text in distance)
            else:
                yield from _leaves(each, below)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, element)
    else:
        yield element, _text(value, element)


def _distances(beside: Any) -> tuple[str, ...]:
    """Return the distances from the question beside a date, or nothing when there are none."""
    found = []
    for each in beside if isinstance(beside, list) else [beside]:
        extensions = each.get("extension") if isinstance(each, dict) else None
        for extension in extensions if isinstance(extensions, list) else ():
            if isinstance(extension, dict) and extension.get("url") == TIME_FROM_QUESTION:
                found.append(_distance(extension.get("valueDuration", {})))
    return tuple(found)


def _distance(duration: Resource) -> str:
    amount = str(duration.get("value", ""))
    side = "before" if amount.startswith("-") else "after"
    return f"{amount.lstrip('-')} {duration.get('unit', '')} {side} the question"


def _text(value: Any, element: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "null" if value is None else str(value)
    if element.endswith("data") and len(text) > _FILE:
        return f"(a file, {len(text)} characters as base64)"
    text = _ADDRESS.sub(r"\1", text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
