"""Scopes as sets of rights: parse, compare and print SMART v1 and v2 (pure).

Spec: SMART App Launch 2.2, Scopes for requesting FHIR resources; v1 `read` is `rs`,
`write` is `cud`. A v1 grant therefore answers a v2 wish and the other way round.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from launch.ports import ScopeDialect

_RESOURCE = re.compile(
    # The second way to write them, with dots and `all`, is that of servers behind Entra ID,
    # which may also put their own address in front of what they granted.
    r"(?:https://\S+/(?=(?:patient|user|system)\.))?"
    r"(?P<level>patient|user|system)[/.](?P<type>\*|all|[A-Z][A-Za-z]+)\."
    r"(?P<rights>\*|read|write|c?r?u?d?s?)(?:\?(?P<query>[^\s]+))?"
)
_V1_RIGHTS = {"read": "rs", "write": "cud", "*": "cruds"}
# The right to read a chart at patient level is implied by the same right at user or system
# level: those tokens see at least this patient.
_WIDER_LEVELS = {
    "patient": ("patient", "user", "system"),
    "user": ("user", "system"),
    "system": ("system",),
}


@dataclass(frozen=True, kw_only=True)
class ResourceScope:
    """Rights (letters of `cruds`) on one resource type, or on all of them (`*`)."""

    level: str
    resource_type: str
    rights: frozenset[str]
    query: str | None = None

    def covers(self, level: str, resource_type: str, right: str, query: str | None = None) -> bool:
        """Tell whether this scope grants one right; a narrower query never covers a wider."""
        return (
            self.level in _WIDER_LEVELS[level]
            and self.resource_type in ("*", resource_type)
            and right in self.rights
            and self.query in (None, query)
        )


def parse(scope: str) -> tuple[str, ...]:
    """Split a scope string; order kept, duplicates dropped, the empty string is no scope."""
    return tuple(dict.fromkeys(scope.split()))


def to_text(scopes: Iterable[str]) -> str:
    """Print scopes as the request parameter wants them."""
    return " ".join(scopes)


def in_dialect(wanted: Sequence[str], dialect: ScopeDialect) -> tuple[str, ...]:
    """Write scopes as an EHR understands them; words that are in its dialect already stay.

    v1 has no single rights: what reads becomes `.read`, what writes `.write`, and a query is
    lost. `dots` is `patient.all.rs` for `patient/*.rs` and `launch.patient` for its like.
    """
    if dialect == "dots":
        return tuple(_with_dots(scope) for scope in wanted)
    if dialect == "v1":
        return tuple(dict.fromkeys(word for scope in wanted for word in _in_v1(scope)))
    return tuple(wanted)


def _with_dots(scope: str) -> str:
    if scope.startswith(("patient/", "user/", "system/", "launch/")):
        return scope.replace("/", ".", 1).replace(".*.", ".all.", 1)
    return scope


def _in_v1(scope: str) -> list[str]:
    match = _RESOURCE.fullmatch(scope)
    if match is None or match["rights"] in ("read", "write", "*"):
        return [scope]
    head = f"{match['level']}/{match['type']}"
    found = [f"{head}.read"] if set(match["rights"]) & set("rs") else []
    return found + ([f"{head}.write"] if set(match["rights"]) & set("cud") else [])


def resource_scope(scope: str) -> ResourceScope | None:
    """Read one FHIR resource scope of either dialect; None for any other scope."""
    match = _RESOURCE.fullmatch(scope)
    if match is None or not match["rights"]:
        return None
    rights = _V1_RIGHTS.get(match["rights"], match["rights"])
    return ResourceScope(
        level=match["level"],
        resource_type="*" if match["type"] == "all" else match["type"],
        rights=frozenset(rights),
        query=match["query"],
    )


def may(granted: Sequence[str], resource_type: str, right: str, *, level: str = "patient") -> bool:
    """Tell whether the granted scopes allow one right (a letter of `cruds`) on a type."""
    return any(
        scope.covers(level, resource_type, right)
        for scope in map(resource_scope, granted)
        if scope is not None
    )


def missing(wanted: Sequence[str], granted: Sequence[str]) -> tuple[str, ...]:
    """Return the wanted scopes that were not granted in full, in the order of the wish."""
    return tuple(scope for scope in wanted if not _is_granted(scope, granted))


def narrowed(granted: Sequence[str], login: Sequence[str]) -> tuple[str, ...]:
    """Return the scopes of a renewed token that the login already had; it never widens."""
    return tuple(scope for scope in granted if _is_granted(scope, login))


def _is_granted(scope: str, granted: Sequence[str]) -> bool:
    if scope in granted:
        return True
    wish = resource_scope(scope)
    if wish is None:
        return False
    grants = [g for g in map(resource_scope, granted) if g is not None]
    return all(
        any(g.covers(wish.level, wish.resource_type, right, wish.query) for g in grants)
        for right in wish.rights
    )
