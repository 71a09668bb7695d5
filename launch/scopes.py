"""Scopes as sets of rights: parse, compare and print SMART v1 and v2 (pure).

Spec: SMART App Launch 2.2, Scopes for requesting FHIR resources; v1 `read` is `rs`,
`write` is `cud`. A v1 grant therefore answers a v2 wish and the other way round.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_RESOURCE = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
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


def resource_scope(scope: str) -> ResourceScope | None:
    """Read one FHIR resource scope of either dialect; None for any other scope."""
    match = _RESOURCE.fullmatch(scope)
    if match is None or not match["rights"]:
        return None
    rights = _V1_RIGHTS.get(match["rights"], match["rights"])
    return ResourceScope(
        level=match["level"],
        resource_type=match["type"],
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
