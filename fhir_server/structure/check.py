"""Refuse what is not FHIR R4: unknown elements, wrong JSON types, wrong codes.

Two passes. Ours walks the JSON by the shapes of fhir.resources and is strict about JSON
types, nulls, empties and required codes. Then fhir.resources checks formats, cardinality
and choices. Its result is thrown away: the JSON as received is what gets stored.

Spec: spec/wire.md 0.10 and 0.11.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from fhir_server.errors import Issue, ResourceInvalid
from fhir_server.search import parameters
from fhir_server.structure import shapes
from fhir_server.structure.shapes import Element

MAX_DEPTH = 48
_MAX_ISSUES = 20


def check(resource: Any, *, resource_type: str) -> None:
    """Raise `ResourceInvalid` with FHIRPaths unless this is a valid resource of that type."""
    if not isinstance(resource, dict):
        raise _invalid([Issue(code="structure", rule="a resource is a JSON object")])
    if resource.get("resourceType") != resource_type:
        raise _invalid(
            [Issue(code="structure", expression="resourceType", rule=f"expected {resource_type}")]
        )
    found = list(_first(_resource(resource, resource_type, resource_type, depth=0)))
    if found:
        raise _invalid(found)
    _check_model(resource, resource_type)


def _invalid(issues: list[Issue]) -> ResourceInvalid:
    return ResourceInvalid(issues=issues)


def _first(issues: Iterator[Issue]) -> Iterator[Issue]:
    for _, issue in zip(range(_MAX_ISSUES), issues, strict=False):
        yield issue


def _resource(value: Any, path: str, element_path: str, *, depth: int) -> Iterator[Issue]:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    model = shapes.model_of(kind) if isinstance(kind, str) else None
    if model is None:
        yield Issue(code="structure", expression=path, rule="not a resource of FHIR R4")
        return
    body = {key: item for key, item in value.items() if key != "resourceType"}
    nested = str(kind) if path != element_path else element_path
    yield from _object(body, shapes.path_of(model), path, nested, depth=depth)


def _object(value: Any, model: str, path: str, element_path: str, *, depth: int) -> Iterator[Issue]:
    if not isinstance(value, dict):
        yield Issue(code="structure", expression=path, rule="expected an object")
        return
    if depth > MAX_DEPTH:
        yield Issue(code="too-long", expression=path, rule="nested too deeply")
        return
    if not value and depth > 0:
        yield Issue(code="structure", expression=path, rule="an object may not be empty")
    elements = shapes.elements_of(model)
    for name, item in value.items():
        element = elements.get(name)
        if element is None:
            yield Issue(code="structure", expression=_below(path, name), rule="unknown element")
            continue
        place = (_below(path, name), f"{element_path}.{name}")
        yield from _items(item, element, place, has_sibling=f"_{name}" in value, depth=depth)


def _below(path: str, name: str) -> str:
    # An unknown name is the sender's own text: it is repeated only when it is a plain word.
    return f"{path}.{name}" if name.lstrip("_").isalnum() and len(name) <= 64 else path


def _items(
    value: Any, element: Element, place: tuple[str, str], *, has_sibling: bool, depth: int
) -> Iterator[Issue]:
    path, element_path = place
    if not element.repeats:
        yield from _one(value, element, path, element_path, depth=depth)
    elif not isinstance(value, list):
        yield Issue(code="structure", expression=path, rule="expected a list")
    elif not value:
        yield Issue(code="structure", expression=path, rule="a list may not be empty")
    else:
        may_skip = has_sibling or path.rpartition(".")[2].startswith("_")
        for index, item in enumerate(value):
            if item is None and may_skip:
                continue
            yield from _one(item, element, f"{path}[{index}]", element_path, depth=depth)


def _one(
    value: Any, element: Element, path: str, element_path: str, *, depth: int
) -> Iterator[Issue]:
    if element.kind == "complex":
        yield from _object(
            value, element.model, path, _type_path(element, element_path), depth=depth + 1
        )
    elif element.kind == "resource":
        yield from _resource(value, path, "", depth=depth + 1)
    elif not _PRIMITIVES[element.kind](value):
        yield Issue(code="value", expression=path, rule=f"expected a JSON {element.kind}")
    elif isinstance(value, str):
        if not value or "\x00" in value:
            yield Issue(code="value", expression=path, rule="text is empty or holds NUL")
        allowed = _required_codes().get(element_path)
        if allowed is not None and value not in allowed:
            yield Issue(code="code-invalid", expression=path, rule="not a code of the value set")


def _type_path(element: Element, element_path: str) -> str:
    """A data type starts a path of its own (Identifier.use); a backbone goes on (Task.input)."""
    name = element.model.rpartition(".")[2]
    root = element_path.partition(".")[0]
    return element_path if name.startswith(root) else name


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_PRIMITIVES: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "boolean": lambda value: isinstance(value, bool),
        "integer": _is_integer,
        "decimal": lambda value: _is_integer(value) or isinstance(value, (Decimal, float)),
        "string": lambda value: isinstance(value, str),
    }
)


@cache
def _required_codes() -> Mapping[str, frozenset[str]]:
    raw = parameters.load_definition("required_codes")
    return MappingProxyType({path: frozenset(codes) for path, codes in raw.items()})


def _check_model(resource: dict[str, Any], resource_type: str) -> None:
    model = shapes.model_of(resource_type)
    try:
        model.model_validate(resource)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise _invalid(
            [_model_issue(item, resource_type) for item in found[:_MAX_ISSUES]]
        ) from None
    except RecursionError:
        raise _invalid([Issue(code="too-long", rule="nested too deeply")]) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        # What the library itself stumbles over is not a resource it knows.
        raise _invalid([Issue(code="structure", rule="not a resource of FHIR R4")]) from None


# Messages of the library may quote values: only its error types are repeated, as our words.
_RULES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "missing": ("required", "element is required"),
        "string_pattern_mismatch": ("value", "text has not the required form"),
        "extra_forbidden": ("structure", "unknown element"),
        "string_too_long": ("too-long", "text is too long"),
        "list_type": ("structure", "expected a list"),
    }
)


def _model_issue(item: Mapping[str, Any], resource_type: str) -> Issue:
    path = resource_type
    for step in item["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    code, rule = _RULES.get(str(item["type"]), ("value", "value breaks the element's rule"))
    if item["type"] == "value_error" and "Expect any of field value" in str(item["msg"]):
        code, rule = "required", "one of the choices is required"
    if "missing" in str(item["type"]):
        code, rule = "required", "element is required"
    return Issue(code=code, expression=path, rule=rule)
