"""The canonical form of a resource: the bytes that are hashed and signed.

A server may renumber a resource, stamp it, write a narrative into it and turn references
into its own. The canonical form leaves exactly that out (spec/wire.md 2.10), so the same
content gives the same bytes before sending, in any store, and after reading back.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from exchange.errors import UnresolvedReference
from exchange.names import BASE, Resource
from runtime import json_text

Resolver = Mapping[str, tuple[str, str]]

_SERVER_META = ("versionId", "lastUpdated")
_KEPT_PREFIXES = ("#", f"{BASE}/case/")


def canonical_bytes(resource: Resource, *, resolve: Resolver | None = None) -> bytes:
    """Return the canonical UTF-8 bytes of a resource.

    `resolve` maps a reference as written (`urn:uuid:...`, `Task/12`) to the (system, value)
    of the target's identifier. Inside a nested Bundle nothing is touched.

    Raises `UnresolvedReference` when a reference stays that only one server understands.
    """
    root: Resource = {}
    known = resolve or {}
    for name, value in resource.items():
        if name in ("id", "text"):
            continue
        if name == "meta":
            meta = {key: item for key, item in value.items() if key not in _SERVER_META}
            if meta:
                root["meta"] = meta
        elif name == "entry" and resource.get("resourceType") == "Bundle":
            root[name] = value
        else:
            root[name] = _rewritten(value, known, f"{resource.get('resourceType')}.{name}")
    return json_text.dumps_sorted(root)


def canonical_sha256(resource: Resource, *, resolve: Resolver | None = None) -> str:
    """Return the lower-case hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_bytes(resource, resolve=resolve)).hexdigest()


def resolver_of(bundle: Resource) -> dict[str, tuple[str, str]]:
    """Map every reference that points at an entry of this Bundle to its identifier."""
    found: dict[str, tuple[str, str]] = {}
    for entry in bundle.get("entry", []):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            continue
        key = identifier_of(resource)
        if key is None:
            continue
        if isinstance(entry.get("fullUrl"), str):
            found[entry["fullUrl"]] = key
        if isinstance(resource.get("id"), str):
            found[f"{resource.get('resourceType')}/{resource['id']}"] = key
    return found


def identifier_of(resource: Resource) -> tuple[str, str] | None:
    """Return (system, value) of the first complete identifier, or None."""
    identifiers = resource.get("identifier")
    if isinstance(identifiers, dict):
        identifiers = [identifiers]
    for item in identifiers or []:
        key = _key(item)
        if key is not None:
            return key
    return None


def _key(identifier: object) -> tuple[str, str] | None:
    if not isinstance(identifier, dict):
        return None
    system, value = identifier.get("system"), identifier.get("value")
    if isinstance(system, str) and isinstance(value, str):
        return system, value
    return None


def _rewritten(value: Any, known: Resolver, expression: str) -> Any:
    if isinstance(value, list):
        return [_rewritten(item, known, f"{expression}[{n}]") for n, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    logical = _key(value.get("identifier"))
    if "reference" in value or (logical and _is_reference(value)):
        return _reference(value, logical, known, expression)
    return {name: _rewritten(item, known, f"{expression}.{name}") for name, item in value.items()}


def _is_reference(value: Mapping[str, Any]) -> bool:
    return set(value) <= {"reference", "type", "identifier", "display", "id", "extension"}


def _reference(
    value: Mapping[str, Any], logical: tuple[str, str] | None, known: Resolver, expression: str
) -> Any:
    written = value.get("reference")
    if isinstance(written, dict):
        # `Consent.provision.data.reference` is an element that holds a Reference.
        return {n: _rewritten(item, known, f"{expression}.{n}") for n, item in value.items()}
    found = known.get(written) if isinstance(written, str) else None
    if logical is not None and found is not None and logical != found:
        # It names one thing and points at another: neither may be what was signed.
        raise UnresolvedReference(expression=f"{expression}.reference")
    key = logical or found
    kept = {
        n: _rewritten(item, known, f"{expression}.{n}")
        for n, item in value.items()
        if n not in ("reference", "type", "identifier")
    }
    if key is not None:
        return {"reference": f"{key[0]}|{key[1]}", **kept}
    if isinstance(written, str) and written.startswith(_KEPT_PREFIXES):
        return {**value}
    raise UnresolvedReference(expression=f"{expression}.reference")
