"""Query text to a search, strictly: what is not supported is refused, never ignored.

Spec: FHIR R4 search; spec/wire.md 0.6 (an unknown parameter is an error).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, cast

from fhir_server.errors import Issue, SearchInvalid
from fhir_server.ports import TypeSupport
from fhir_server.search import parameters, values
from fhir_server.search.clauses import (
    Clause,
    Include,
    Modifier,
    SearchQuery,
    SortKey,
    Value,
)
from fhir_server.search.parameters import Parameter

ALWAYS = ("_id", "_lastUpdated")
RESULT_PARAMETERS = frozenset(
    {"_count", "_sort", "_include", "_revinclude", "_summary", "_total", "_format", "_pretty"}
)
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_MODIFIERS: Mapping[str, frozenset[str]] = {
    "token": frozenset({"missing", "not"}),
    "string": frozenset({"missing", "exact", "contains"}),
    "uri": frozenset({"missing"}),
    "date": frozenset({"missing"}),
    "quantity": frozenset({"missing"}),
    "reference": frozenset({"missing", "identifier"}),
}
_MAX_VALUES = 500
_MAX_PAIRS = 100


@dataclass(frozen=True, kw_only=True)
class SearchScope:
    """What a host offers: its types and its base, against which a query is read."""

    types: Mapping[str, TypeSupport]
    base_url: str


def parse(scope: SearchScope, resource_type: str, pairs: Sequence[tuple[str, str]]) -> SearchQuery:
    """Read a query; raises `SearchInvalid` naming the first parameter that does not fit."""
    if len(pairs) > _MAX_PAIRS:
        _refuse("parameters", "too many parameters", "too-costly")
    offered = _offered(scope, resource_type)
    search = [pair for pair in pairs if pair[0] not in RESULT_PARAMETERS]
    return SearchQuery(
        resource_type=resource_type,
        clauses=tuple(_clause(scope, offered, name, text) for name, text in search),
        sort=_sort(offered, _all(pairs, "_sort")),
        includes=tuple(_include(scope, resource_type, text) for text in _all(pairs, "_include")),
        revincludes=tuple(
            _revinclude(scope, resource_type, text) for text in _all(pairs, "_revinclude")
        ),
        count=_count(_single(pairs, "_count")),
        wants_total=_one_of(pairs, "_total", ("accurate", "estimate", "none")) != "none",
        only_count=_one_of(pairs, "_summary", ("count", "false")) == "count",
    )


def parse_constraints(
    scope: SearchScope, resource_type: str, pairs: Sequence[tuple[str, str]]
) -> tuple[Clause, ...]:
    """Read the clauses of a grant; every known parameter may be used, offered or not."""
    known = parameters.parameters_of(resource_type)
    return tuple(_clause(scope, known, name, text) for name, text in pairs)


def safe_name(name: str) -> str:
    """Return a parameter name fit to be repeated to the caller, else a neutral word."""
    return name if _SAFE_NAME.fullmatch(name) else "parameter"


def _offered(scope: SearchScope, resource_type: str) -> Mapping[str, Parameter]:
    known = parameters.parameters_of(resource_type)
    return {name: known[name] for name in (*ALWAYS, *scope.types[resource_type].search)}


def _refuse(name: str, rule: str, code: str = "not-supported") -> NoReturn:
    raise SearchInvalid(issues=[Issue(code=code, expression=f"http.{safe_name(name)}", rule=rule)])


def _clause(scope: SearchScope, offered: Mapping[str, Parameter], name: str, text: str) -> Clause:
    plain, _, modifier = name.partition(":")
    parameter = offered.get(plain)
    if parameter is None:
        _refuse(name, "unknown or unsupported search parameter")
    if modifier == "missing":
        return _missing(parameter, name, text)
    typed = modifier if modifier[:1].isupper() and parameter.type == "reference" else None
    if modifier and typed is None and modifier not in _allowed(parameter):
        _refuse(name, "unsupported modifier")
    found: list[Value] = []
    for piece in values.split(text, ","):
        value = _value(scope, parameter, modifier, piece)
        if value is None:
            _refuse(name, "value does not fit the parameter", "value")
        found.append(value)
    if len(found) > _MAX_VALUES:
        _refuse(name, "too many values", "too-costly")
    # The modifier was compared with the closed list above; a type name is spent already.
    kept = cast("Modifier | None", None if typed or not modifier else modifier)
    return Clause(parameter=parameter, modifier=kept, values=tuple(found))


def _allowed(parameter: Parameter) -> frozenset[str]:
    if parameter.name == "_id":
        return frozenset()
    return _MODIFIERS[parameter.type]


def _value(scope: SearchScope, parameter: Parameter, modifier: str, piece: str) -> Value | None:
    if modifier == "identifier":
        return values.token_of(piece) if piece else None
    if modifier[:1].isupper():
        return values.typed_reference(parameter, piece, modifier)
    return values.value_of(parameter, piece, scope.base_url)


def _missing(parameter: Parameter, name: str, text: str) -> Clause:
    if parameter.name in ALWAYS:
        _refuse(name, "unsupported modifier")
    if text not in ("true", "false"):
        _refuse(name, "value does not fit the parameter", "value")
    return Clause(parameter=parameter, modifier="missing", missing=text == "true")


def _sort(offered: Mapping[str, Parameter], texts: Sequence[str]) -> tuple[SortKey, ...]:
    keys = []
    for text in (piece for whole in texts for piece in whole.split(",")):
        parameter = offered.get(text.removeprefix("-"))
        if parameter is None:
            _refuse("_sort", "unknown or unsupported search parameter")
        keys.append(SortKey(parameter=parameter, descending=text.startswith("-")))
    return tuple(keys)


def _include(scope: SearchScope, resource_type: str, text: str) -> Include:
    source, name, target = _include_parts("_include", text)
    if f"{source}:{name}" not in scope.types[resource_type].includes or source != resource_type:
        _refuse("_include", "include is not offered")
    return _checked_include("_include", source, name, target)


def _revinclude(scope: SearchScope, resource_type: str, text: str) -> Include:
    source, name, target = _include_parts("_revinclude", text)
    if f"{source}:{name}" not in scope.types[resource_type].revincludes:
        _refuse("_revinclude", "include is not offered")
    if target not in (None, resource_type):
        _refuse("_revinclude", "target type is not the type searched", "value")
    return _checked_include("_revinclude", source, name, target)


def _include_parts(kind: str, text: str) -> tuple[str, str, str | None]:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        _refuse(kind, "expected Type:parameter or Type:parameter:Target", "value")
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None


def _checked_include(kind: str, source: str, name: str, target: str | None) -> Include:
    parameter = parameters.parameters_of(source)[name]
    if target is not None and parameter.targets and target not in parameter.targets:
        _refuse(kind, "the parameter never points at that type", "value")
    return Include(parameter=parameter, target_type=target)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        _refuse("_count", "value does not fit the parameter", "value")
    return int(text)


def _all(pairs: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [text for key, text in pairs if key == name]


def _single(pairs: Sequence[tuple[str, str]], name: str) -> str | None:
    found = _all(pairs, name)
    if len(found) > 1:
        _refuse(name, "given more than once", "value")
    return found[0] if found else None


def _one_of(pairs: Sequence[tuple[str, str]], name: str, allowed: tuple[str, ...]) -> str | None:
    text = _single(pairs, name)
    if text is not None and text not in allowed:
        _refuse(name, "value is not supported")
    return text
