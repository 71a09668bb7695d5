"""STU3 (3.0) to R4: all types of a chart."""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_adapters.converters import stu3_findings, stu3_orders
from fhir_adapters.converters.tables import Table

TABLES: Mapping[str, Table] = MappingProxyType({**stu3_findings.TABLES, **stu3_orders.TABLES})
# R4 type -> what it is called here; the first that a server offers is searched.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"ServiceRequest": ("ProcedureRequest", "ReferralRequest")}
)
