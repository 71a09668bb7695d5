"""R5 (5.0) to R4: all types of a chart. Media is not in this release."""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_adapters.converters import r5_findings, r5_orders
from fhir_adapters.converters.tables import Table

TABLES: Mapping[str, Table] = MappingProxyType({**r5_findings.TABLES, **r5_orders.TABLES})
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({})
