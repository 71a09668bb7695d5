"""DSTU2 (1.0) to R4: all types of a chart.

CareTeam is not in this release, and a Coverage does not say whom it covers: neither is read.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_adapters.converters import dstu2_findings, dstu2_orders
from fhir_adapters.converters.tables import Table

TABLES: Mapping[str, Table] = MappingProxyType({**dstu2_findings.TABLES, **dstu2_orders.TABLES})
# R4 type -> what it is called here; the first that a server offers is searched.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "MedicationRequest": ("MedicationOrder",),
        "ServiceRequest": ("ProcedureRequest", "ReferralRequest"),
    }
)
