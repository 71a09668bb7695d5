"""Which adapter speaks to a server: decided by its statement and its registration.

Never by an address: hospitals host what they like where they like.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from fhir_adapters.adapter import Adapter
from fhir_adapters.capability import Capability
from fhir_adapters.errors import ReleaseMismatch, VendorMismatch, VendorUnknown
from fhir_adapters.release import release_of
from fhir_adapters.traits import VendorTraits
from fhir_adapters.vendors import (
    athenahealth,
    azure,
    epic,
    generic,
    google,
    hapi,
    meditech,
    medplum,
    oracle,
    smart_sandbox,
    veradigm,
)

VENDORS: Mapping[str, VendorTraits] = MappingProxyType(
    {
        module.TRAITS.key: module.TRAITS
        for module in (
            generic,
            epic,
            oracle,
            athenahealth,
            meditech,
            veradigm,
            hapi,
            smart_sandbox,
            azure,
            google,
            medplum,
        )
    }
)
GENERIC = generic.TRAITS


def adapter_for(
    capability: Capability, *, registered: str | None = None, fhir_version: str | None = None
) -> Adapter:
    """Return the adapter for a server.

    `registered` is the vendor of the site's registration; None or `generic` leaves the
    choice to the statement. `fhir_version` is the registered version; None leaves it open.
    Raises `VendorUnknown`, `VendorMismatch`, `ReleaseMismatch` or `ReleaseUnsupported`: a
    registration that does not fit its server is corrected by a person, never guessed around.
    """
    _check_release(capability, fhir_version)
    return Adapter(capability=capability, traits=traits_for(capability, registered=registered))


def traits_for(capability: Capability, *, registered: str | None) -> VendorTraits:
    """Return the traits of the registered vendor, or of the one that the server names."""
    chosen = VENDORS.get(registered or GENERIC.key)
    if chosen is None:
        raise VendorUnknown
    stated = stated_vendor(capability)
    if chosen is GENERIC:
        return stated or GENERIC
    if stated is not None and stated is not chosen and stated.key not in chosen.built_on:
        raise VendorMismatch(registered=chosen.key, stated=stated.key)
    return chosen


def stated_vendor(capability: Capability) -> VendorTraits | None:
    """Return the vendor whose product the CapabilityStatement names, None when it names none."""
    name = capability.software.lower()
    for traits in VENDORS.values():
        if any(re.search(rf"\b{re.escape(word)}\b", name) for word in traits.software):
            return traits
    return None


def _check_release(capability: Capability, fhir_version: str | None) -> None:
    if not capability.fhir_version:
        return
    stated = release_of(capability.fhir_version)
    if fhir_version and release_of(fhir_version) is not stated:
        raise ReleaseMismatch(registered=release_of(fhir_version), stated=stated)
