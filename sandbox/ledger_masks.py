"""What of a call may be written down: words of the protocol, never a value of a person (pure)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
_SAFE_PARAMETERS = frozenset(
    {
        "response_type",
        "scope",
        "code_challenge_method",
        "grant_type",
        "aud",
        "iss",
        "client_id",
        "client_assertion_type",
        "redirect_uri",
        "error",
        "error_description",
        "token_type_hint",
        "prompt",
        "_count",
        "_sort",
        "_summary",
        "_total",
        "_include",
        "_revinclude",
        "_format",
        "category",
        "status",
        "intent",
        "clinical-status",
    }
)
_SAFE_HEADERS = frozenset(
    {"accept", "content-type", "prefer", "retry-after", "www-authenticate", "cache-control", "date"}
)
_NAMED_HEADERS = frozenset(
    {
        "authorization",
        "if-none-exist",
        "if-match",
        "if-none-match",
        "origin",
        "etag",
        "location",
        "access-control-allow-origin",
    }
)
_SAFE_MEMBERS = frozenset(
    {
        "token_type",
        "expires_in",
        "scope",
        "error",
        "error_description",
        "need_patient_banner",
        "intent",
        "active",
        "issuer",
        "resourceType",
        "type",
        "total",
        "fhirVersion",
        "status",
    }
)
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,40}")
_OPERATION = re.compile(r"[$_][a-z-]{2,30}")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_.:-]{0,60}")
_LONGEST = 400


def parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name, with the values of the few that are words of a protocol."""
    return {
        name: text[:_LONGEST] if name in _SAFE_PARAMETERS else MASK
        for name, text in pairs
        if _NAME.fullmatch(name)
    }


def headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers that matter; of credentials only the kind."""
    shown: dict[str, str] = {}
    for name, text in pairs:
        lower = name.lower()
        if lower in _SAFE_HEADERS:
            shown[name] = text[:_LONGEST]
        elif lower == "authorization":
            shown[name] = f"{text.split(' ', 1)[0][:10]} {MASK}"
        elif lower in _NAMED_HEADERS:
            shown[name] = MASK
    return shown


def members(body: object) -> dict[str, Any]:  # Any: JSON
    """Return the members of a JSON answer by name: safe words, counts, or `***`."""
    if not isinstance(body, Mapping):
        return {}
    shown: dict[str, Any] = {}
    for name, value in body.items():
        if name in _SAFE_MEMBERS and isinstance(value, str | int | bool):
            shown[name] = value
        elif name == "issue":
            shown[name] = [_issue(one) for one in value if isinstance(one, Mapping)]
        elif name == "entry" and isinstance(value, list):
            shown[name] = len(value)
        elif name == "link" and isinstance(value, list):
            shown[name] = [one.get("relation", "") for one in value if isinstance(one, Mapping)]
        elif _NAME.fullmatch(str(name)):
            shown[name] = MASK
    return shown


def _issue(one: Mapping[str, Any]) -> dict[str, Any]:
    details = one.get("details")
    codings = details.get("coding") or [] if isinstance(details, Mapping) else []
    return {
        "severity": one.get("severity", ""),
        "code": one.get("code", ""),
        "codes": [coding.get("code", "") for coding in codings if isinstance(coding, Mapping)],
    }


def fhir_route(path: str) -> tuple[str, str]:
    """Return the pattern of a path below the FHIR base, and its resource type."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return "/fhir", ""
    if parts[0] == "metadata":
        return "/fhir/metadata", "metadata"
    kind = parts[0] if _TYPE.fullmatch(parts[0]) else "{other}"
    shown = [kind, *(_part(part) for part in parts[1:4])]
    return "/fhir/" + "/".join(shown), kind if kind != "{other}" else ""


def _part(part: str) -> str:
    return part if _OPERATION.fullmatch(part) else "{id}"
