"""Search parameters, read from definitions/*.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from runtime import json_text

ParameterType = Literal["token", "string", "date", "reference", "quantity", "uri"]
_FILES = ("base", "directory", "chart", "results", "documents", "orders")
STANDARD_URL = "http://hl7.org/fhir/SearchParameter"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One search parameter of one resource type.

    `paths` are element paths without the type; "telecom[system=email].value" keeps the
    items whose element equals the text. `exists` makes a boolean token of presence.
    `system` is the implied system of a plain code. `own` marks a parameter that FHIR R4
    does not have.
    """

    resource_type: str
    name: str
    type: ParameterType
    paths: tuple[str, ...] = ()
    exists: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    system: str | None = None
    own: bool = False
    documentation: str = ""

    @property
    def key(self) -> str:
        """The name under which index rows are kept."""
        return f"{self.resource_type}.{self.name}"


# Answered from the resource's own row; they need no index.
_ROW_PARAMETERS: Mapping[str, ParameterType] = MappingProxyType(
    {"_id": "token", "_lastUpdated": "date"}
)


def load_definition(name: str) -> Any:
    """Return the JSON of definitions/`name`.json, which ships with the package."""
    return json_text.loads(
        files("fhir_server").joinpath("definitions", f"{name}.json").read_bytes()
    )


@cache
def parameters_of(resource_type: str) -> Mapping[str, Parameter]:
    """Return all parameters known for a type, those of every resource included."""
    if resource_type not in _definitions():
        return MappingProxyType({})
    own = _definitions()[resource_type]
    base = _definitions()["Resource"]
    found = {name: _parameter(resource_type, name, raw) for name, raw in {**base, **own}.items()}
    for name, kind in _ROW_PARAMETERS.items():
        found[name] = Parameter(resource_type=resource_type, name=name, type=kind)
    return MappingProxyType(found)


def known_types() -> tuple[str, ...]:
    """Return the resource types that have definitions."""
    return tuple(name for name in _definitions() if name != "Resource")


@cache
def patient_compartment() -> Mapping[str, tuple[str, ...]]:
    """Return, per type, the reference parameters that tie a resource to a patient."""
    raw = load_definition("patient_compartment")
    return MappingProxyType({name: tuple(params) for name, params in raw.items()})


@cache
def _definitions() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    merged: dict[str, Mapping[str, Mapping[str, Any]]] = {}
    for name in _FILES:
        merged.update(load_definition(name))
    return MappingProxyType(merged)


def _parameter(resource_type: str, name: str, raw: Mapping[str, Any]) -> Parameter:
    return Parameter(
        resource_type=resource_type,
        name=name,
        type=raw["type"],
        paths=tuple(raw.get("paths", ())),
        exists=tuple(raw.get("exists", ())),
        targets=tuple(raw.get("targets", ())),
        system=raw.get("system"),
        own=bool(raw.get("own", False)),
        documentation=str(raw.get("documentation", "")),
    )
