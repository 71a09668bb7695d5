"""The consult server's FHIR engine: which types it offers, and who may reach what.

Default deny. A hospital reads inside its own compartment and writes nothing directly: its
transactions and changes go through our use cases, which act as a `NetworkCaller` confined
to that compartment.
"""

import re
from collections.abc import Mapping
from importlib import metadata
from itertools import combinations
from typing import Any

from consult.domain.callers import (
    OFFERS,
    HospitalCaller,
    NetworkCaller,
    NetworkReader,
    compartment_of,
)
from consult.errors import AccessDenied
from exchange import offer
from fhir_server.engine import FhirEngine
from fhir_server.ports import Grant, Interaction, TypeSupport

_READ = frozenset({"read", "vread", "history", "search"})
_LETTERS: Mapping[str, str] = {
    "read": "r",
    "vread": "r",
    "history": "r",
    "search": "s",
    "create": "c",
    "update": "u",
}
_SCOPE = re.compile(r"system/([A-Z][A-Za-z]+|\*)\.(c?r?u?d?s?)")
# What a hospital's client may ask for; anything else is refused at the token endpoint.
HOSPITAL_SCOPES: Mapping[str, str] = {
    "Bundle": "crs",
    "Communication": "crus",
    "Consent": "crs",
    "DocumentReference": "rs",
    "Patient": "crs",
    "Provenance": "crs",
    "ServiceRequest": "crus",
    "Task": "crus",
}

# What HTTP offers. Everything else is written by our use cases, inside the submissions.
TYPES: Mapping[str, TypeSupport] = {
    "Patient": TypeSupport(interactions=_READ, search=("identifier", "_id")),
    "Bundle": TypeSupport(interactions=_READ, search=("identifier", "type")),
    "ServiceRequest": TypeSupport(
        interactions=_READ | {"update"},
        search=("identifier", "requisition", "status", "priority", "performer-type", "requester"),
        require_if_match=True,
    ),
    "Task": TypeSupport(
        interactions=_READ | {"create", "update"},
        search=(
            "identifier",
            "group-identifier",
            "status",
            "business-status",
            "intent",
            "priority",
            "code",
            "focus",
            "part-of",
            "requester",
            "owner",
            "performer",
            "authored-on",
            "modified",
            "due",
        ),
        includes=("Task:focus", "Task:part-of"),
        revincludes=("Communication:part-of",),
        require_if_match=True,
    ),
    "Communication": TypeSupport(
        interactions=_READ,
        search=(
            "identifier",
            "status",
            "category",
            "based-on",
            "part-of",
            "sent",
            "sender",
            "recipient",
            "in-response-to",
        ),
        require_if_match=True,
    ),
    "DocumentReference": TypeSupport(
        interactions=_READ,
        search=("identifier", "type", "status", "related", "author"),
        require_if_match=True,
    ),
    "Provenance": TypeSupport(interactions=_READ, search=("target", "recorded")),
    "Consent": TypeSupport(interactions=_READ, search=("identifier", "status")),
    "Practitioner": TypeSupport(
        interactions=frozenset({"read", "search"}),
        search=("identifier", "active"),
        allow_update_as_create=True,
    ),
    "PractitionerRole": TypeSupport(
        interactions=frozenset({"read", "search"}),
        search=("identifier", "active", "specialty", "practitioner"),
        allow_update_as_create=True,
    ),
}


class TenantPolicy:
    """The access rules (fhir_server.ports.AccessPolicy)."""

    # Any: the engine's port lets each host bring its own callers.
    def authorize(self, caller: Any, interaction: Interaction) -> Grant:
        """Return how far the caller reaches, or raise `AccessDenied`."""
        if interaction.kind == "capabilities":
            return Grant(compartments=frozenset())
        if isinstance(caller, NetworkCaller):
            return Grant(compartments=frozenset({caller.compartment}), binding=caller.compartment)
        if isinstance(caller, NetworkReader) and interaction.kind in ("read", "search"):
            return Grant(compartments=None, binding="desk")
        if isinstance(caller, HospitalCaller) and _hospital_may(caller, interaction):
            own = compartment_of(caller.tenant_id)
            return Grant(compartments=frozenset({own}), binding=f"{own}:{caller.client_id}")
        raise AccessDenied

    def compartment_of(self, caller: Any, resource: Mapping[str, Any]) -> str:
        """Return where a resource is stored; an offer never lands in a hospital's compartment."""
        if not isinstance(caller, NetworkCaller):
            raise AccessDenied
        is_offer = resource.get("resourceType") == "Task" and offer.is_offer(dict(resource))
        if is_offer != (caller.compartment == OFFERS):
            raise AccessDenied
        return caller.compartment


def _hospital_may(caller: HospitalCaller, interaction: Interaction) -> bool:
    letter = _LETTERS.get(interaction.kind)
    kind = interaction.resource_type
    if interaction.kind not in _READ or letter is None:
        return False
    if kind is None or kind not in HOSPITAL_SCOPES:
        return False
    return covers(caller.scopes, kind, letter)


def covers(scopes: frozenset[str], resource_type: str, letter: str) -> bool:
    """Tell whether one of these scopes allows an interaction letter on a type."""
    for scope in scopes:
        match = _SCOPE.fullmatch(scope)
        if match and match.group(1) in (resource_type, "*") and letter in match.group(2):
            return True
    return False


def hospital_scopes() -> frozenset[str]:
    """Return every scope that a hospital's client may ask for: all cuts of `HOSPITAL_SCOPES`."""
    return frozenset(
        f"system/{kind}.{''.join(cut)}"
        for kind, letters in HOSPITAL_SCOPES.items()
        for size in range(1, len(letters) + 1)
        for cut in combinations(letters, size)
    )


def make_engine(base_url: str) -> FhirEngine:
    """Return the engine of the consult server for its public FHIR base."""
    return FhirEngine(
        base_url=base_url,
        types=TYPES,
        policy=TenantPolicy(),
        software_name="Confer consult server",
        software_version=metadata.version("confer-consult"),
        security={
            "cors": False,
            "service": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/"
                            "restful-security-service",
                            "code": "SMART-on-FHIR",
                        }
                    ]
                }
            ],
        },
        system_interactions=frozenset({"transaction"}),
        documentation="A case Task goes back to `received` when a specialist declines it; "
        "R4's state diagram shows the typical transitions, not the only ones.",
    )
