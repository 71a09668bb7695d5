"""Search queries, references and addresses of a FHIR server (pure).

Spec: FHIR R4 Search, escaping of `$`, `,`, `|`; References, absolute and relative
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from runtime.errors import OutboundForbidden
from runtime.outbound import origin_of

_RESERVED = re.compile(r"([\\$,|])")
_REFERENCE = re.compile(
    r"(?:(?P<base>https?://[^?#]+?)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-._~]{1,255})"
    r"(?:/_history/[A-Za-z0-9\-.]+)?"
)
_SUBJECT_ELEMENTS = ("subject", "patient", "beneficiary")


@dataclass(frozen=True, kw_only=True)
class Query:
    """One search: a resource type and parameters whose values are escaped already."""

    resource_type: str
    params: tuple[tuple[str, str], ...]


def escaped(value: str) -> str:
    """Escape a value so that the server takes it literally."""
    return _RESERVED.sub(r"\\\1", value)


def token(system: str, code: str) -> str:
    """Return a token parameter's value, both halves escaped."""
    return f"{escaped(system)}|{escaped(code)}"


def address_of(query: Query) -> str:
    """Return the address of a search below the FHIR base; values are escaped already."""
    return f"{query.resource_type}?{urlencode(query.params)}"


def local_reference(reference: object, *, base_url: str) -> str | None:
    """Return `Type/id` when a reference points into this server, otherwise None."""
    match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None or match["base"] not in (None, base_url):
        return None
    return f"{match['type']}/{match['id']}"


def key_of(resource: Mapping[str, Any]) -> str | None:
    """Return `Type/id` of a resource, None when it has no usable type or id."""
    name, found = resource.get("resourceType"), resource.get("id")
    if not isinstance(name, str) or not isinstance(found, str):
        return None
    return f"{name}/{found}"


def belongs_to(resource: Mapping[str, Any], patient_id: str, *, base_url: str) -> bool:
    """Tell whether a resource provably is about this patient and names no other one."""
    named = [resource[e] for e in _SUBJECT_ELEMENTS if e in resource]
    wanted = f"Patient/{patient_id}"
    return bool(named) and all(
        isinstance(one, dict) and local_reference(one.get("reference"), base_url=base_url) == wanted
        for one in named
    )


def same_origin(address: str, *, base_url: str) -> str | None:
    """Return the absolute address when it lies on the server's origin, otherwise None."""
    try:
        url = urljoin(f"{base_url}/", address)
        return url if origin_of(url) == origin_of(base_url) else None
    except (OutboundForbidden, ValueError):
        return None
