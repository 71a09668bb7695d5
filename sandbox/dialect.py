"""What kind of EHR this is: the record that one vendor's dialect fills in.

A dialect is a value, not a switch in the code: which types and interactions exist over FHIR,
which SMART capabilities are announced, under which name, and how the server behaves. The
code that serves a request asks the record and never a vendor's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_server.ports import TypeSupport
from sandbox import discovery, fhir_types
from sandbox.manners import PLAIN, Manners


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What one kind of EHR offers.

    `software` is the name in its CapabilityStatement, by which a client may know the vendor.
    `source` says where the facts come from, `differs` what a client meets, one line each.
    """

    name: str
    title: str
    software: str
    types: Mapping[str, TypeSupport] = field(repr=False)
    capabilities: tuple[str, ...] = field(default=discovery.CAPABILITIES, repr=False)
    manners: Manners = field(default=PLAIN, repr=False)
    source: str = ""
    differs: tuple[str, ...] = ()


GENERIC = Dialect(
    name="generic",
    title="Plain FHIR R4 server",
    software="Plainview Chart (sandbox)",
    types=fhir_types.TYPES,
)
