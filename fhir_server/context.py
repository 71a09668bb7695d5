"""What every interaction works with: the engine's set-up, a session, and a caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from fhir_server.errors import Forbidden, UnknownResource
from fhir_server.ports import AccessPolicy, Grant, Interaction, Stored, TypeSupport, WriteHook
from fhir_server.search import compile as sql
from fhir_server.search.compile import Reach
from fhir_server.search.parse import SearchScope, parse_constraints
from fhir_server.store import resources
from fhir_server.store.resources import Record


@dataclass(frozen=True, kw_only=True)
class EngineContext:
    """The engine's set-up, unchanged for its whole life."""

    base_url: str
    types: Mapping[str, TypeSupport]
    policy: AccessPolicy
    hooks: Sequence[WriteHook] = ()

    @property
    def scope(self) -> SearchScope:
        """What searches are read against."""
        return SearchScope(types=self.types, base_url=self.base_url)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One caller at work inside one database session."""

    context: EngineContext
    session: Session = field(repr=False)
    # Any: each host has its own type of caller.
    caller: Any = field(repr=False)

    def authorize(self, interaction: Interaction) -> Grant:
        """Ask the host's policy; it raises when the caller may not."""
        return self.context.policy.authorize(self.caller, interaction)

    def reach(self, resource_type: str, grant: Grant) -> Reach:
        """Turn a grant into the rows of one type that it covers."""
        return Reach(
            compartments=grant.compartments,
            constraints=parse_constraints(self.context.scope, resource_type, grant.constraints),
        )

    def check_visible(self, record: Record, grant: Grant) -> None:
        """Raise `UnknownResource` unless the grant covers this row: no hint that it exists."""
        stored = record.stored
        if not within(stored, grant):
            raise UnknownResource()
        if grant.constraints and (stored.deleted or not self.fits(record, grant)):
            raise UnknownResource()

    def check_written(self, record: Record, grant: Grant) -> None:
        """Raise `Forbidden` when what was just written lies outside the grant."""
        if not within(record.stored, grant) or not self.fits(record, grant):
            raise Forbidden()

    def fits(self, record: Record, grant: Grant) -> bool:
        """Tell whether the current version of a row meets the grant's constraints."""
        if not grant.constraints:
            return True
        reach = self.reach(record.stored.resource_type, grant)
        return bool(resources.run(self.session, sql.row_fits(record.pk, reach)))


def within(stored: Stored, grant: Grant) -> bool:
    """Tell whether a version lies in one of the grant's compartments."""
    return grant.compartments is None or stored.compartment in grant.compartments
