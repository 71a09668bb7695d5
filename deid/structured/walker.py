"""Walks FHIR JSON by the allow list: what no rule names does not leave.

Small on purpose: the rules are in the policy, the deciding in the actions.
"""

from typing import Any

from deid.errors import ResourceRefused
from deid.structured.paths import Path, element
from deid.structured.rules import ABSENT, Dated, Node, Renamed, Rule
from deid.structured.run import Run


def walk(node: Node, source: Any, path: Path, run: Run) -> Any:
    """Return a new dict with what may leave of `source`, or ABSENT; `source` is not changed.

    Raises:
        ResourceRefused: an element that must stay cannot, or one is not understood.
    """
    if type(source) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    out: dict[str, Any] = {}
    children = node.children
    for key, value in source.items():
        rule = children.get(key)
        if rule is None:
            _beside(node, source, key, path, run, out)
            continue
        here = (path, key)
        result = (
            _many(rule, value, here, run) if type(value) is list else rule.action(value, here, run)
        )
        if result is not ABSENT:
            _put(out, key, result)
        elif rule.required:
            raise ResourceRefused(expression=element(here), reason="cannot be kept")
    return out if out and _complete(node, out, path) else ABSENT


def _complete(node: Node, out: dict[str, Any], path: Path) -> bool:
    """Tell whether FHIR knows this part with what is left; a resource is refused otherwise."""
    missing = [key for key in node.needed if key not in out and f"_{key}" not in out]
    if missing and node.is_resource:
        raise ResourceRefused(expression=element((path, missing[0])), reason="missing")
    return not missing


def _many(rule: Rule, values: list[Any], path: Path, run: Run) -> Any:
    kept = []
    for position, value in enumerate(values):
        result = rule.action(value, (path, position), run)
        if result is not ABSENT:
            kept.append(result)
    return kept or ABSENT


def _put(out: dict[str, Any], key: str, result: Any) -> None:
    """Write one result; a date brings its extension beside it, a death another element."""
    kind = type(result)
    if kind is Dated:
        if result.year is not None:
            out[key] = result.year
        if result.beside is not None:
            out[f"_{key}"] = result.beside
    elif kind is Renamed:
        out[result.element] = result.value
    elif kind is list and type(result[0]) is Dated:
        # Values and extensions run in parallel; null stands where one has none.
        for name, column in (
            (key, [each.year for each in result]),
            (f"_{key}", [each.beside for each in result]),
        ):
            if any(each is not None for each in column):
                out[name] = column
    else:
        out[key] = result


def _beside(
    node: Node, source: dict[str, Any], key: str, path: Path, run: Run, out: dict[str, Any]
) -> None:
    """Deal with a key no rule names: an extension beside an absent value, or anything unknown."""
    name = key[1:]
    if not key.startswith("_") or name not in node.children:
        run.drop_unknown("unknown_element", path)
        return
    beside = source[key]
    extension = node.children.get("extension")
    if name in source or extension is None or type(beside) is not dict:
        run.drop("extension", (path, key))
        return
    kept = _many(extension, _listed(beside.get("extension")), ((path, key), "extension"), run)
    if kept is not ABSENT:
        out[key] = {"extension": kept}


def _listed(value: Any) -> list[Any]:
    return value if type(value) is list else []
