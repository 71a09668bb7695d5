"""Checks what a host registers, at start and not at the first request."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from fhir_server.errors import EngineMisconfigured
from fhir_server.ports import SYSTEM_INTERACTIONS, TYPE_INTERACTIONS, TypeSupport
from fhir_server.search import parameters


def checked(types: Mapping[str, TypeSupport], system: frozenset[str]) -> Mapping[str, TypeSupport]:
    """Return the types, or raise `EngineMisconfigured` naming what the engine does not have."""
    for kind in system - SYSTEM_INTERACTIONS:
        raise EngineMisconfigured(rule="unknown interaction", name=kind)
    for name, support in types.items():
        if name not in parameters.known_types():
            raise EngineMisconfigured(rule="no definitions for type", name=name)
        _check_support(name, support)
    return MappingProxyType(dict(types))


def opened(types: Mapping[str, TypeSupport]) -> Mapping[str, TypeSupport]:
    """Return the same types with every interaction: what a host's own code may do."""
    return MappingProxyType(
        {name: replace(item, interactions=TYPE_INTERACTIONS) for name, item in types.items()}
    )


def _check_support(name: str, support: TypeSupport) -> None:
    for kind in support.interactions - TYPE_INTERACTIONS:
        raise EngineMisconfigured(rule="unknown interaction", name=f"{name} {kind}")
    if "everything" in support.interactions and name != "Patient":
        raise EngineMisconfigured(rule="$everything is for Patient only", name=name)
    known = parameters.parameters_of(name)
    for parameter in support.search:
        if parameter not in known:
            raise EngineMisconfigured(rule="unknown search parameter", name=f"{name} {parameter}")
    for include in support.includes:
        _check_include(include, source=name)
    for include in support.revincludes:
        _check_include(include, source=include.partition(":")[0])


def _check_include(include: str, *, source: str) -> None:
    kind, _, parameter = include.partition(":")
    found = parameters.parameters_of(kind).get(parameter)
    if kind != source or found is None or found.type != "reference":
        raise EngineMisconfigured(rule="not a reference parameter", name=include)
