"""Walks FHIR JSON by the allow list: what no rule names does not leave.

Small on purpose: the rules are in the policy, the deciding in the actions.
"""

from typing import Any

from deid.errors import ResourceRefused
from deid.structured.date_methods import Dated
from deid.structured.paths import Path, element
from deid.structured.rules import ABSENT, Node, Renamed, Rule
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
        if rule.leaves_why is not None:
            _leave(rule, value, (path, key), run)
            continue
        here = (path, key)
        result = (
            _many(rule, value, here, run) if type(value) is list else rule.action(value, here, run)
        )
        if type(result) in _PLAIN or (type(result) is list and type(result[0]) in _PLAIN):
            out[key] = result
        elif result is not ABSENT:
            _put(out, key, result)
        elif rule.required:
            raise ResourceRefused(expression=element(here), reason="cannot be kept")
    return _finished(node, out, path, run)


_PLAIN = frozenset({str, dict, bool})
"""Results that stand in the output as they are."""


def _leave(rule: Rule, value: Any, path: Path, run: Run) -> None:
    """Count an element that never leaves, once for each of its values."""
    count = len(value) if type(value) is list else 1
    run.leave(rule.place or element(path), str(rule.leaves_why), count)


def _finished(node: Node, out: dict[str, Any], path: Path, run: Run) -> Any:
    """Return what leaves of a part whose elements have all been dealt with."""
    if not out or not _complete(node, out, path):
        return ABSENT
    return out if node.look is None else node.look(out, path, run)


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
    first = result[0] if type(result) is list else result
    kind = type(first)
    if kind is Renamed:
        out[first.element] = first.value
    elif kind is not Dated:
        out[key] = result
    elif type(result) is list:
        # Values and extensions run in parallel; null stands where one has none.
        _put_column(out, key, [each.value for each in result])
        _put_column(out, f"_{key}", [each.beside for each in result])
    else:
        _put_column(out, key, first.value)
        _put_column(out, f"_{key}", first.beside)


def _put_column(out: dict[str, Any], key: str, column: Any) -> None:
    """Write a value, or several of which at least one is there."""
    if any(column) if type(column) is list else column is not None:
        out[key] = column


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
