"""What a host gives to the engine (types, policy, hooks) and what it gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from runtime import json_text

InteractionKind = Literal[
    "read",
    "vread",
    "history",
    "search",
    "create",
    "update",
    "delete",
    "batch",
    "transaction",
    "everything",
    "capabilities",
]
TYPE_INTERACTIONS: frozenset[str] = frozenset(
    {"read", "vread", "history", "search", "create", "update", "delete", "everything"}
)
SYSTEM_INTERACTIONS: frozenset[str] = frozenset({"batch", "transaction"})
# Any: FHIR JSON is what it is; its structure is checked at the edge.
Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """What a caller is about to do; `current` and `proposed` are the resource before and after."""

    kind: InteractionKind
    resource_type: str | None = None
    resource_id: str | None = None
    current: Resource | None = field(default=None, repr=False)
    proposed: Resource | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """How far a permission reaches.

    `compartments` limits rows to these opaque values (None: all rows). `constraints` are
    search clauses that every row must also match, as ("category", "vital-signs").
    `binding` names the caller: page links made under one binding open under no other.
    """

    compartments: frozenset[str] | None
    constraints: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    binding: str = field(default="", repr=False)


class AccessPolicy(Protocol):
    """The host's rules. Default deny: an unknown interaction must raise."""

    def authorize(self, caller: Any, interaction: Interaction) -> Grant:
        """Return the grant, or raise a coded error (unauthenticated, forbidden)."""
        ...

    def compartment_of(self, caller: Any, resource: Resource) -> str:
        """Return the opaque compartment a resource is stored under; never on the wire."""
        ...


class WriteHook(Protocol):
    """A rule of the host that may refuse a write inside the writing transaction."""

    def before_write(self, session: Session, caller: Any, interaction: Interaction) -> None:
        """Raise a `FhirServerError` with issues to refuse; return to let it pass."""
        ...


@dataclass(frozen=True, kw_only=True)
class TypeSupport:
    """What the host offers for one resource type over HTTP; everything else is refused.

    From Python the interactions are not limited by this, only by the policy. `includes`
    and `revincludes` are "Type:parameter" texts as in `_include`.
    """

    interactions: frozenset[str]
    search: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    revincludes: tuple[str, ...] = ()
    allow_update_as_create: bool = False
    require_if_match: bool = False


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One version of a resource as it is stored; `body` is its exact JSON text."""

    resource_type: str
    id: str
    version: int
    updated: datetime
    body: bytes = field(repr=False)
    compartment: str = field(repr=False)
    deleted: bool = False

    @cached_property
    def resource(self) -> dict[str, Any]:
        """The resource as JSON values (parsed on first use; decimals as `Decimal`)."""
        parsed: dict[str, Any] = json_text.loads(self.body) if self.body else {}
        return parsed

    @property
    def reference(self) -> str:
        """The relative reference, as "Task/1"."""
        return f"{self.resource_type}/{self.id}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of a search: all matches that fit, and what `_include` brought along."""

    total: int | None
    matches: tuple[Stored, ...] = ()
    includes: tuple[Stored, ...] = ()
