"""CapabilityStatement: exactly what is registered, nothing more. Spec: FHIR R4, http.html."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fhir_server.ports import TypeSupport
from fhir_server.search import parameters, parse
from fhir_server.search.parameters import STANDARD_URL, Parameter

_CODES = {
    "read": "read",
    "vread": "vread",
    "history": "history-instance",
    "search": "search-type",
    "create": "create",
    "update": "update",
    "delete": "delete",
}
_EVERYTHING = "http://hl7.org/fhir/OperationDefinition/Patient-everything"


@dataclass(frozen=True, kw_only=True)
class Software:
    """What stands in the statement besides the registered types."""

    name: str
    version: str
    since: datetime
    documentation: str = ""
    system: tuple[str, ...] = ()
    security: Mapping[str, Any] | None = field(default=None, repr=False)


def capability_statement(
    base_url: str, types: Mapping[str, TypeSupport], software: Software
) -> dict[str, Any]:
    """Return the CapabilityStatement of an engine."""
    rest: dict[str, Any] = {"mode": "server"}
    if software.documentation:
        rest["documentation"] = software.documentation
    if software.security is not None:
        rest["security"] = dict(software.security)
    rest["resource"] = [_type(name, types[name]) for name in sorted(types)]
    if software.system:
        rest["interaction"] = [{"code": code} for code in software.system]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": software.since.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": software.name, "version": software.version},
        "implementation": {"description": software.name, "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }


def _type(name: str, support: TypeSupport) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": name,
        "interaction": [
            {"code": code} for kind, code in _CODES.items() if kind in support.interactions
        ],
        "versioning": "versioned-update" if support.require_if_match else "versioned",
        "readHistory": "vread" in support.interactions,
        "updateCreate": support.allow_update_as_create,
        "conditionalCreate": {"create", "search"} <= support.interactions,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
    }
    if "search" in support.interactions:
        described |= _search(name, support)
    if "everything" in support.interactions:
        described["operation"] = [{"name": "everything", "definition": _EVERYTHING}]
    return described


def _search(name: str, support: TypeSupport) -> dict[str, Any]:
    known = parameters.parameters_of(name)
    names = sorted({*parse.ALWAYS, *support.search})
    described: dict[str, Any] = {"searchParam": [_parameter(known[item]) for item in names]}
    if support.includes:
        described["searchInclude"] = sorted(support.includes)
    if support.revincludes:
        described["searchRevInclude"] = sorted(support.revincludes)
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {"name": parameter.name}
    if not parameter.own:
        kind = "Resource" if parameter.name.startswith("_") else parameter.resource_type
        described["definition"] = f"{STANDARD_URL}/{kind}-{parameter.name.lstrip('_')}"
    described["type"] = parameter.type
    if parameter.documentation:
        described["documentation"] = parameter.documentation
    return described
