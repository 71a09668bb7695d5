"""Who may do what over FHIR: scopes, patient compartment, and rules for writing into a chart.

Spec: SMART App Launch 2.2, Scopes; every interaction and every batch entry comes through here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from fhir_server.errors import Issue, RequestInvalid
from fhir_server.ports import Grant, Interaction
from sandbox import compartment
from sandbox.errors import OtherPatient, ScopeMissing, TokenMissing
from sandbox.scopes import ClinicalScope

_RIGHT = {
    "read": "r",
    "vread": "r",
    "history": "r",
    "search": "s",
    "create": "c",
    "update": "u",
    "delete": "d",
}
_WRITES = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, kw_only=True)
class TokenCaller:
    """Who presents an access token: the grant behind it and what it allows."""

    grant_id: str
    client_id: str
    account_id: str
    patient_id: str = field(repr=False)
    encounter_id: str = field(repr=False)
    scopes: tuple[ClinicalScope, ...] = field(repr=False)
    token_hash: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class StaffCaller:
    """The EHR itself: its pages for signed-in staff, and the seed."""


STAFF = StaffCaller()


@dataclass(frozen=True, kw_only=True)
class _Reach:
    """One way a scope lets the caller in."""

    any_patient: bool
    constraint: tuple[str, str] | None


class ChartPolicy:
    """The access policy of the EHR's FHIR base; what is not allowed here is refused."""

    def __init__(self, base_url: str) -> None:
        """Keep our FHIR base, so that absolute references to it are understood."""
        self._base_url = base_url

    def compartment_of(self, caller: object, resource: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the patient a resource belongs to, or the shared or the nobody compartment."""
        return compartment.compartment_of(resource, self._base_url)

    def authorize(self, caller: object, interaction: Interaction) -> Grant:
        """Return how far the caller reaches, or raise a coded error."""
        if interaction.kind == "capabilities":
            return Grant(compartments=frozenset())
        if isinstance(caller, StaffCaller):
            return Grant(compartments=None)
        if not isinstance(caller, TokenCaller):
            raise TokenMissing
        if interaction.kind in ("batch", "transaction"):
            return self._grant(caller, _Reach(any_patient=False, constraint=None))
        reach = self._reach(caller, interaction)
        if interaction.kind in _WRITES:
            self._check_write(caller, interaction, reach)
        elif interaction.current is not None:
            self._check_row(caller, interaction, interaction.current, reach)
        return self._grant(caller, reach)

    @staticmethod
    def _grant(caller: TokenCaller, reach: _Reach) -> Grant:
        own = frozenset({caller.patient_id, compartment.SHARED} - {""})
        return Grant(
            compartments=None if reach.any_patient else own,
            constraints=(reach.constraint,) if reach.constraint else (),
            binding=caller.grant_id,
        )

    def _reach(self, caller: TokenCaller, interaction: Interaction) -> _Reach:
        kind, resource_type = interaction.kind, interaction.resource_type or ""
        if kind == "everything":
            ways = [s for s in caller.scopes if s.resource_type == "*" and "r" in s.rights]
            ways = [s for s in ways if "s" in s.rights and s.constraint is None]
        else:
            right = _RIGHT.get(kind, "?")
            ways = [s for s in caller.scopes if s.names(resource_type) and right in s.rights]
        if not ways:
            raise ScopeMissing(interaction=kind, resource_type=resource_type)
        return _widest(ways)

    def _check_write(self, caller: TokenCaller, interaction: Interaction, reach: _Reach) -> None:
        for resource in (interaction.current, interaction.proposed):
            if resource is None:
                continue
            self._check_row(caller, interaction, resource, reach)
            named = compartment.patients_named(resource, self._base_url)
            home = compartment.compartment_of(resource, self._base_url)
            if named - {home}:
                raise OtherPatient(resource_type=interaction.resource_type or "")
            if home == compartment.SHARED and not reach.any_patient:
                raise ScopeMissing(
                    interaction=interaction.kind, resource_type=interaction.resource_type or ""
                )

    def _check_row(
        self,
        caller: TokenCaller,
        interaction: Interaction,
        resource: Mapping[str, Any],
        reach: _Reach,
    ) -> None:
        home = compartment.compartment_of(resource, self._base_url)
        if not reach.any_patient and home not in (caller.patient_id, compartment.SHARED):
            raise OtherPatient(resource_type=interaction.resource_type or "")
        if reach.constraint and not _has_category(resource, reach.constraint[1]):
            raise ScopeMissing(
                interaction=interaction.kind, resource_type=interaction.resource_type or ""
            )


def _widest(ways: list[ClinicalScope]) -> _Reach:
    """Fold scopes into one reach; never wider than the scopes together."""
    any_patient = [s for s in ways if s.level != "patient"]
    own_patient = [s for s in ways if s.level == "patient"]
    for group, everyone in ((any_patient, True), (own_patient, False)):
        if any(s.constraint is None for s in group):
            return _Reach(any_patient=everyone, constraint=None)
    group = any_patient or own_patient
    values = dict.fromkeys(s.constraint[1] for s in group if s.constraint)
    return _Reach(any_patient=bool(any_patient), constraint=("category", ",".join(values)))


def _has_category(resource: Mapping[str, Any], wanted: str) -> bool:
    tokens = {token for token in wanted.split(",") if token}
    categories = resource.get("category") or []
    for category in categories if isinstance(categories, list) else [categories]:
        for coding in category.get("coding") or []:
            system, code = coding.get("system", ""), coding.get("code", "")
            if {f"{system}|{code}", code, f"{system}|"} & tokens:
                return True
    return False


class ChartWriteRules:
    """What a chart refuses from an app, whatever its scopes: loose or foreign context."""

    def __init__(self, base_url: str, home_of: Callable[[Session, str, str], str | None]) -> None:
        """Keep our base and a way to ask where a stored resource belongs (None: unknown)."""
        self._base_url = base_url
        self._home_of = home_of

    def before_write(self, session: Session, caller: object, interaction: Interaction) -> None:
        """Refuse a resource whose patient or encounter is unknown or belongs to another chart."""
        if isinstance(caller, StaffCaller) or interaction.proposed is None:
            return
        home = compartment.compartment_of(interaction.proposed, self._base_url)
        for kind, logical_id in compartment.local_references(interaction.proposed, self._base_url):
            if kind not in ("Patient", "Encounter"):
                continue
            if self._home_of(session, kind, logical_id) != home:
                raise RequestInvalid(
                    issues=[
                        Issue(
                            code="business-rule",
                            expression=interaction.resource_type,
                            rule=f"its {kind} is not in this patient's chart",
                        )
                    ]
                )
