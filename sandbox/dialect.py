"""How this EHR speaks: the seam where vendor dialects will plug in.

A dialect is a value, not a switch: which types and interactions exist over FHIR, and which
SMART capabilities are announced. Vendor dialects (`sandbox/vendors/`) will be more values
of this shape, chosen when the services are built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_server.ports import TypeSupport
from sandbox import discovery, fhir_types


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What one kind of EHR offers."""

    name: str
    types: Mapping[str, TypeSupport] = field(repr=False)
    capabilities: tuple[str, ...] = field(repr=False)


GENERIC = Dialect(name="generic", types=fhir_types.TYPES, capabilities=discovery.CAPABILITIES)
