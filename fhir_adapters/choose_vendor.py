"""Which adapter speaks to a server, decided by what the server says about itself."""

from fhir_adapters.capability import Capability
from fhir_adapters.vendors.generic import GenericAdapter


def adapter_for(capability: Capability) -> GenericAdapter:
    """Return the adapter for a server. Every vendor is read by the generic one so far."""
    return GenericAdapter(capability=capability)
