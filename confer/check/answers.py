"""Answers of a FHIR server read for what they say about the server, never for a patient (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_adapters import search
from fhir_adapters.errors import issue_code_of
from runtime import json_text
from runtime.errors import JsonTextError


def resource(body: bytes) -> Mapping[str, Any] | None:
    """Return the body as a FHIR resource, None when it is not one."""
    try:
        value = json_text.loads(body)
    except JsonTextError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return None
    return value


def searchset(body: bytes) -> Mapping[str, Any] | None:
    """Return the body as a searchset Bundle, None when it is not one."""
    value = resource(body)
    if value is None or value["resourceType"] != "Bundle" or value.get("type") != "searchset":
        return None
    return value


def issue_of(body: bytes) -> str:
    """Return the FHIR issue type of an OperationOutcome, `no reason given` without one.

    A vendor's own number is added where it is nothing but digits.
    """
    outcome = resource(body) or {}
    issues = objects(outcome.get("issue"))
    return issue_words(issues[0]) if issues else "no reason given"


def issue_words(issue: Mapping[str, Any]) -> str:
    """Return the FHIR issue type of one issue and the vendor's own number."""
    code = issue_code_of(issue.get("code")) or "no reason given"
    number = _number(issue.get("details"))
    return f"{code}, code {number}" if number else code


def matches(bundle: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the resources that a search found, without what came along with them."""
    found: list[Mapping[str, Any]] = []
    for entry in objects(bundle.get("entry")):
        mode = entry.get("search")
        kind = mode.get("mode", "match") if isinstance(mode, dict) else "match"
        item = entry.get("resource")
        if kind == "match" and isinstance(item, dict):
            found.append(item)
    return [one for one in found if one.get("resourceType") != "OperationOutcome"]


def foreign(found: Sequence[Mapping[str, Any]], patient_id: str, *, base_url: str) -> int:
    """Count the resources that are not provably about this patient."""
    return sum(not search.belongs_to(one, patient_id, base_url=base_url) for one in found)


def next_link(bundle: Mapping[str, Any]) -> str | None:
    """Return the address of the next page as the server wrote it."""
    for link in objects(bundle.get("link")):
        if link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the JSON objects of a list; anything else counts as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(details: object) -> str:
    codings = objects(details.get("coding")) if isinstance(details, dict) else []
    code = codings[0].get("code") if codings else None
    return code if isinstance(code, str) and code.isdecimal() and len(code) < 9 else ""
