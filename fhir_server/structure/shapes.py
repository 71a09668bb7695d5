"""The elements of each FHIR type, read off the fhir.resources R4B models.

The models themselves accept `null`, `[]`, "true" for true and "5" for 5; with these
shapes the walker in `check` refuses them.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Literal

from fhir_server import references

_PACKAGE = "fhir.resources.R4B"
Kind = Literal["boolean", "integer", "decimal", "string", "complex", "resource"]


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element: its JSON kind, whether it repeats, and the model of a complex one."""

    kind: Kind
    repeats: bool = False
    model: str = ""


@cache
def model_of(resource_type: str) -> Any:
    """Return the fhir.resources model class of a resource type, or None."""
    if not references.TYPE_PATTERN.fullmatch(resource_type):
        return None
    module = f"{_PACKAGE}.{resource_type.lower()}"
    if find_spec(module) is None:
        return None
    model = getattr(import_module(module), resource_type, None)
    base = import_module(f"{_PACKAGE}.resource").Resource
    return model if model is not None and issubclass(model, base) else None


@cache
def elements_of(model: str) -> Mapping[str, Element]:
    """Return the elements of a model named by its dotted path, by their JSON names."""
    module, _, name = model.rpartition(".")
    fields = getattr(import_module(module), name).model_fields
    return MappingProxyType(
        {
            field.alias or key: _element(field.annotation)
            for key, field in fields.items()
            if key != "fhir_comments"
        }
    )


def path_of(model: Any) -> str:
    """Return the dotted path of a model class."""
    return f"{model.__module__}.{model.__name__}"


# Any: annotations are run-time values of many kinds.
def _element(annotation: Any, *, repeats: bool = False) -> Element:
    inner = _without_none(annotation)
    if typing.get_origin(inner) is list:
        return _element(typing.get_args(inner)[0], repeats=True)
    model = getattr(inner, "_model_klass", None)
    if model == f"{_PACKAGE}.resource.Resource":
        return Element(kind="resource", repeats=repeats)
    if model is not None:
        return Element(kind="complex", repeats=repeats, model=model)
    return Element(kind=_primitive(inner), repeats=repeats)


def _without_none(annotation: Any) -> Any:
    options = [item for item in typing.get_args(annotation) if item is not type(None)]
    is_union = type(None) in typing.get_args(annotation)
    return options[0] if is_union and options else annotation


def _primitive(annotation: Any) -> Kind:
    plain = typing.get_args(annotation)[0] if typing.get_args(annotation) else annotation
    kinds: dict[Any, Kind] = {bool: "boolean", int: "integer", Decimal: "decimal"}
    return kinds.get(plain, "string")
