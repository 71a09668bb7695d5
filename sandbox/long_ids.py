"""Ids longer than FHIR allows: a tail is put on outside and taken off again inside.

Some vendors' ids are longer than the 64 letters of FHIR R4, and clients that check ids
refuse such charts.
"""

import re
from dataclasses import replace
from typing import Any

from fhir_server.messages import FhirAnswer, FhirRequest
from runtime import json_text

LENGTH = 80
_TAIL = re.compile(r"\.L{15,}(?![A-Za-z0-9])")
_TAIL_BYTES = re.compile(rb"\.L{15,}(?![A-Za-z0-9])")


def inward(asked: FhirRequest) -> FhirRequest:
    """Take the tails off everything that a client sends."""
    return replace(
        asked,
        path=_TAIL.sub("", asked.path),
        query=tuple((name, _TAIL.sub("", text)) for name, text in asked.query),
        headers={name: _TAIL.sub("", text) for name, text in asked.headers.items()},
        body=_TAIL_BYTES.sub(b"", asked.body),
    )


def outward(answered: FhirAnswer, types: tuple[str, ...]) -> FhirAnswer:
    """Put tails on the ids of some types in everything that goes out."""
    pattern = re.compile(rf"(?<![A-Za-z])({'|'.join(types)})/([A-Za-z0-9\-.]{{1,64}})(?=[/?#]|$)")
    headers = {
        name: pattern.sub(_longer_reference, text) if name.lower() == "location" else text
        for name, text in answered.headers.items()
    }
    content = answered.content()
    if content is None:
        return replace(answered, headers=headers)
    made = _walk(content, types, pattern)
    return FhirAnswer(
        status=answered.status, headers=headers, resource=made, body=json_text.dumps(made)
    )


def longer(identity: str) -> str:
    """Return an id with its tail."""
    return f"{identity}.{'L' * max(15, LENGTH - 1 - len(identity))}"


def _longer_reference(match: re.Match[str]) -> str:
    return f"{match[1]}/{longer(match[2])}"


def _walk(value: Any, types: tuple[str, ...], pattern: re.Pattern[str]) -> Any:  # Any: FHIR JSON
    if isinstance(value, list):
        return [_walk(inner, types, pattern) for inner in value]
    if not isinstance(value, dict):
        return value
    made = {name: _member(name, inner, types, pattern) for name, inner in value.items()}
    if value.get("resourceType") in types and isinstance(value.get("id"), str):
        made["id"] = longer(value["id"])
    return made


def _member(name: str, value: Any, types: tuple[str, ...], pattern: re.Pattern[str]) -> Any:
    if name in ("reference", "fullUrl", "location") and isinstance(value, str):
        return pattern.sub(_longer_reference, value)
    return _walk(value, types, pattern)
