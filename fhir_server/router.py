"""Method and path to interaction: one table (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fhir_server import references
from fhir_server.errors import InteractionUnsupported, Issue, UnknownAddress
from fhir_server.ports import TypeSupport

Action = Literal[
    "capabilities",
    "read",
    "vread",
    "history",
    "search",
    "create",
    "update",
    "delete",
    "everything",
    "transaction",
]
_BY_DEPTH: Mapping[tuple[str, int], Action] = {
    ("GET", 1): "search",
    ("POST", 1): "create",
    ("GET", 2): "read",
    ("PUT", 2): "update",
    ("DELETE", 2): "delete",
}


@dataclass(frozen=True, kw_only=True)
class Route:
    """Which interaction a request asks for, and on what."""

    action: Action
    resource_type: str = ""
    resource_id: str = field(default="", repr=False)
    version: str = ""


def route(method: str, path: str, types: Mapping[str, TypeSupport], *, system: bool) -> Route:
    """Return the route, or raise when the address or the interaction is not offered.

    `system` tells whether the base address takes batch and transaction.
    """
    verb = "GET" if method == "HEAD" else method
    parts = [part for part in path.split("/") if part]
    if not parts:
        if verb == "POST" and system:
            return Route(action="transaction")
        raise _unsupported()
    if parts == ["metadata"]:
        if verb == "GET":
            return Route(action="capabilities")
        raise _unsupported()
    if parts[0] not in types:
        raise UnknownAddress()
    found = _below_type(verb, parts)
    if found.action not in types[found.resource_type].interactions:
        raise _unsupported()
    return found


def _below_type(verb: str, parts: list[str]) -> Route:
    kind = parts[0]
    if parts[1:] == ["_search"]:
        if verb == "POST":
            return Route(action="search", resource_type=kind)
        raise _unsupported()
    if len(parts) > 1 and not references.ID_PATTERN.fullmatch(parts[1]):
        raise UnknownAddress()
    identity = parts[1] if len(parts) > 1 else ""
    if len(parts) <= 2:
        action = _BY_DEPTH.get((verb, len(parts)))
        if action is None:
            raise _unsupported()
        return Route(action=action, resource_type=kind, resource_id=identity)
    return _special(verb, kind, identity, parts[2:])


def _special(verb: str, kind: str, identity: str, rest: list[str]) -> Route:
    if rest == ["$everything"] and verb in ("GET", "POST"):
        return Route(action="everything", resource_type=kind, resource_id=identity)
    if rest[0] != "_history" or len(rest) > 2:
        raise UnknownAddress()
    if verb != "GET":
        raise _unsupported()
    if len(rest) == 1:
        return Route(action="history", resource_type=kind, resource_id=identity)
    return Route(action="vread", resource_type=kind, resource_id=identity, version=rest[1])


def _unsupported() -> InteractionUnsupported:
    return InteractionUnsupported(
        issues=[Issue(code="not-supported", rule="see this server's CapabilityStatement")]
    )
