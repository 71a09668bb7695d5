"""What a FHIR server says it can do, and how safely we can write there (pure).

Spec: FHIR R4 CapabilityStatement; DESIGN decision 8 (write classes a, b, c)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class WriteClass(StrEnum):
    """How a repeated write is kept from making a second copy."""

    CONDITIONAL = "a"  # the server honors If-None-Exist
    SEARCHABLE = "b"  # we search by identifier before we write
    BLIND = "c"  # neither: an unknown outcome goes to a person


@dataclass(frozen=True, kw_only=True)
class TypeCapability:
    """What is offered for one resource type."""

    interactions: frozenset[str]
    search_params: frozenset[str]
    includes: frozenset[str] = frozenset()
    conditional_create: bool = False


@dataclass(frozen=True, kw_only=True)
class Capability:
    """The server side of a CapabilityStatement, reduced to what adapters decide by.

    `software` is the name of the product, or of its maker when the product is not named.
    `fhir_version` is empty when the server does not tell it.
    """

    types: Mapping[str, TypeCapability]
    software: str = ""
    fhir_version: str = ""

    @classmethod
    def from_statement(cls, statement: Mapping[str, Any]) -> "Capability":
        """Read a CapabilityStatement; parts of the wrong shape count as not declared."""
        types: dict[str, TypeCapability] = {}
        for rest in _objects(statement.get("rest")):
            if rest.get("mode") != "server":
                continue
            for resource in _objects(rest.get("resource")):
                name = resource.get("type")
                if isinstance(name, str):
                    types[name] = _type_capability(resource)
        return cls(
            types=types,
            software=_software(statement),
            fhir_version=_text(statement.get("fhirVersion")),
        )

    @property
    def is_r4(self) -> bool:
        """Whether resources may be written as R4 has them; nothing else is ever written."""
        return not self.fhir_version or self.fhir_version.startswith("4.")

    def offers(self, resource_type: str, interaction: str) -> bool:
        """Tell whether an interaction (`read`, `search-type`, `create`) is declared."""
        found = self.types.get(resource_type)
        return found is not None and interaction in found.interactions

    def has_param(self, resource_type: str, name: str) -> bool:
        """Tell whether a search parameter is declared."""
        found = self.types.get(resource_type)
        return found is not None and name in found.search_params

    def takes_count(self, resource_type: str) -> bool:
        """Tell whether a page size may be asked for.

        Most servers take `_count` without declaring it; where some types declare it, the
        others are taken to refuse it (MEDITECH, 2026).
        """
        declared = any("_count" in found.search_params for found in self.types.values())
        return not declared or self.has_param(resource_type, "_count")

    def write_class(self, resource_type: str) -> WriteClass | None:
        """Return how safely this type can be written, None when it cannot."""
        found = self.types.get(resource_type)
        if found is None or "create" not in found.interactions or not self.is_r4:
            return None
        if found.conditional_create:
            return WriteClass.CONDITIONAL
        searchable = "search-type" in found.interactions and "identifier" in found.search_params
        return WriteClass.SEARCHABLE if searchable else WriteClass.BLIND

    def can_find(self, resource_type: str) -> bool:
        """Tell whether a resource can be looked up by identifier."""
        return self.offers(resource_type, "search-type") and self.has_param(
            resource_type, "identifier"
        )


def _software(statement: Mapping[str, Any]) -> str:
    software = statement.get("software")
    name = _text(software.get("name")) if isinstance(software, dict) else ""
    return name or _text(statement.get("publisher"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _type_capability(resource: Mapping[str, Any]) -> TypeCapability:
    return TypeCapability(
        interactions=_names(resource.get("interaction"), "code"),
        search_params=_names(resource.get("searchParam"), "name"),
        includes=_strings(resource.get("searchInclude")),
        conditional_create=resource.get("conditionalCreate") is True,
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _names(value: object, key: str) -> frozenset[str]:
    return frozenset(v for item in _objects(value) if isinstance(v := item.get(key), str))


def _strings(value: object) -> frozenset[str]:
    return (
        frozenset(v for v in value if isinstance(v, str))
        if isinstance(value, list)
        else (frozenset())
    )
