"""Who acts on the network's resources, and how far each may reach."""

from dataclasses import dataclass
from typing import NewType

TenantId = NewType("TenantId", str)
ClientId = NewType("ClientId", str)

# Compartments that belong to no hospital.
NETWORK = "network"
OFFERS = "network:offers"


def compartment_of(tenant_id: str) -> str:
    """Return the compartment that holds a hospital's resources."""
    return f"tenant:{tenant_id}"


@dataclass(frozen=True, kw_only=True)
class HospitalCaller:
    """A hospital's gateway, as its access token proves it. The tenant comes from it alone."""

    tenant_id: TenantId
    client_id: ClientId
    scopes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class NetworkCaller:
    """One of our own use cases at work inside one compartment."""

    compartment: str


@dataclass(frozen=True, kw_only=True)
class NetworkReader:
    """One of our own use cases reading across hospitals (the desk, the timers); never writes."""
