"""Actions on references: rewritten, turned into a role, or left behind."""

from collections.abc import Mapping
from typing import Any, Final

from deid.structured.paths import Path
from deid.structured.rules import ABSENT
from deid.structured.run import Link, Run


def reference(value: Any, path: Path, run: Run) -> Any:
    """Rewrite a reference whose target leaves too; a person or place becomes a role."""
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    target = value.get("reference")
    if isinstance(target, str) and target.startswith("#"):
        return _to_contained(value, target[1:], path, run)
    if isinstance(target, str):
        key = run.references.resolve(target)
        position = run.references.walked.get(key) if key is not None else None
        if position is not None:
            return _link(position, run)
    return role(value, path, run)


OF_THE_CASE: Final[dict[str, str]] = {"reference": "#the patient of the case"}
"""Stands for the patient where a contained resource names none; no chart can write it."""


def is_patient(value: Any, run: Run) -> bool:
    """Tell whether a reference points to the patient of the case."""
    target = value.get("reference") if type(value) is dict else None
    key = run.references.resolve(target) if isinstance(target, str) else None
    return key is not None and run.references.walked.get(key) == 0


def patient(value: Any, path: Path, run: Run) -> Any:
    """Rewrite a reference to the patient of the case; anybody else is not kept."""
    if value is OF_THE_CASE or is_patient(value, run):
        return _link(0, run)
    run.drop("link", path)
    return ABSENT


def role(value: Any, path: Path, run: Run) -> Any:
    """Turn a person or place into a role token; a link to anything else is left behind."""
    if type(value) is not dict:
        run.drop("wrong_type", path)
        return ABSENT
    target = value.get("reference")
    kind = _kind(value, target if isinstance(target, str) else "", run)
    base = run.roles.get(kind or "")
    if base is None:
        run.drop("link", path)
        return ABSENT
    run.drop("organization" if base in ("organization", "place") else "name", path)
    # The name of a contained person means nothing outside its resource.
    key = target if isinstance(target, str) else ""
    if key.startswith("#"):
        named = run.contained_names.get(key[1:], "")
        key = f"{run.entry}{key}"
    else:
        key = run.references.resolve(key) or key
        named = name_of(run.references.known.get(key, {}))
    label = value.get("display")
    name = named or (label if isinstance(label, str) else "")
    if not key and not name:
        return ABSENT
    return {"display": run.role_token(base, key=key, name=name)}


def _link(position: int, run: Run) -> dict[str, Any]:
    out: dict[str, Any] = {"reference": ""}
    run.links.append(Link(out, run.entry, position))
    return out


def _to_contained(value: dict[str, Any], own_id: str, path: Path, run: Run) -> Any:
    kind = run.contained.get(own_id)
    if kind is None:
        run.drop("link", path)
        return ABSENT
    if kind in run.roles:
        return role(value, path, run)
    out: dict[str, Any] = {"reference": ""}
    run.contained_links.append((out, own_id))
    return out


def _kind(value: Mapping[str, Any], target: str, run: Run) -> str | None:
    if target.startswith("#"):
        return run.contained.get(target[1:])
    kind = run.references.type_of(target) if target else None
    declared = value.get("type")
    return kind or (declared if isinstance(declared, str) else None)


def name_of(resource: Mapping[str, Any]) -> str:
    """Return how a known person or place is called, to recognize them in the texts."""
    name = resource.get("name")
    if isinstance(name, str):
        return name
    first = name[0] if isinstance(name, list) and name else None
    if not isinstance(first, dict):
        return ""
    if isinstance(first.get("text"), str):
        return str(first["text"])
    given = first.get("given")
    words = [w for w in given if isinstance(w, str)] if isinstance(given, list) else []
    return " ".join([*words, str(first.get("family", ""))]).strip()
