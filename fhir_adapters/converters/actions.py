"""What may become of an element: the words in which the tables are written (pure)."""

from collections.abc import Mapping
from typing import Any

from fhir_adapters.converters.tables import (
    Action,
    JsonObject,
    Source,
    Table,
    Target,
    converted,
    is_whole,
)


def kept(names: str) -> dict[str, Action]:
    """Elements that R4 has under the same name and in the same shape."""
    return dict.fromkeys(names.split(), keep)


def keep(source: Source, target: Target) -> None:
    """Take the element as it is."""
    target.put(source.name, source.value, source.beside)


def silent(_source: Source, _target: Target) -> None:
    """Drop what is no content: profiles of another release, comments of a serializer."""


def lose(source: Source, target: Target) -> None:
    """Drop what R4 has no place for, and name it."""
    target.lose(source.name)


def to(name: str) -> Action:
    """Another name, the same shape."""

    def act(source: Source, target: Target) -> None:
        target.put(name, source.value, source.beside)

    return act


def listed(name: str) -> Action:
    """A single value that R4 has as a list."""

    def act(source: Source, target: Target) -> None:
        for value in source.values:
            if value is not None:
                target.add(name, value)

    return act


def first(name: str) -> Action:
    """A list of which R4 takes one; further ones are lost."""

    def act(source: Source, target: Target) -> None:
        if source.values:
            target.put(name, source.values[0], source.beside)
        if len(source.values) > 1:
            target.lose(source.name)

    return act


def code(name: str, codes: Mapping[str, str]) -> Action:
    """A code that R4 spells otherwise; one without a counterpart is lost."""

    def act(source: Source, target: Target) -> None:
        found = codes.get(source.value) if isinstance(source.value, str) else None
        if found is None:
            target.lose(source.name)
        else:
            target.put(name, found, source.beside)

    return act


def concept(name: str, system: str, codes: Mapping[str, str], *, many: bool = False) -> Action:
    """A code that R4 has as a concept; one without a counterpart is lost."""

    def act(source: Source, target: Target) -> None:
        found = codes.get(source.value) if isinstance(source.value, str) else None
        if found is None:
            target.lose(source.name)
            return
        value = {"coding": [{"system": system, "code": found}]}
        target.put(name, [value] if many else value)

    return act


def text_concept(name: str, *, many: bool = False) -> Action:
    """Plain text that R4 has as a concept."""

    def act(source: Source, target: Target) -> None:
        if not isinstance(source.value, str):
            target.lose(source.name)
            return
        value = {"text": source.value}
        target.put(name, [value] if many else value)

    return act


def text_note(source: Source, target: Target) -> None:
    """Plain text that R4 has as an annotation."""
    if isinstance(source.value, str):
        target.add("note", {"text": source.value})
    else:
        target.lose(source.name)


def each(name: str, table: Table, *, many: bool | None = None) -> Action:
    """A part, or a list of parts, with a table of its own.

    `many` forces a list (True) or a single part (False); None leaves it as it came. A part
    that lacks what R4 demands is lost whole.
    """

    def act(source: Source, target: Target) -> None:
        made = [part for one in source.values if (part := _part(one, source, table, target))]
        if not made:
            return
        if many or (many is None and isinstance(source.value, list)):
            target.add(name, *made)
            return
        target.put(name, made[0])
        if len(made) > 1:
            target.lose(source.name)

    return act


def _part(value: Any, source: Source, table: Table, target: Target) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        target.lose(source.name)
        return None
    part = converted(value, table)
    for name in part.lost:
        target.lose(f"{source.name}.{name}")
    if not is_whole(part, table):
        target.lose(source.name)
        return None
    return part.made


def split(code_name: str, reference_name: str, *, many: bool = True) -> Action:
    """A CodeableReference of R5: its concept and its reference are two elements in R4."""

    def act(source: Source, target: Target) -> None:
        for one in source.objects:
            for part, name in (("concept", code_name), ("reference", reference_name)):
                _place(one.get(part), name, many=many, target=target)
                if one.get(part) is not None and not name:
                    target.lose(f"{source.name}.{part}")

    return act


def _place(value: Any, name: str, *, many: bool, target: Target) -> None:
    if value is None or not name:
        return
    if many:
        target.add(name, value)
    else:
        target.put(name, value)


def objects(value: object) -> list[JsonObject]:
    """The objects of a list; other shapes are passed over."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def codes_of(concept: object) -> list[str]:
    """The codes of a concept's codings; other shapes have none."""
    codings = objects(concept.get("coding")) if isinstance(concept, dict) else []
    return [code for one in codings if isinstance(code := one.get("code"), str)]


# Elements of every part and of every data type.
PART = kept("id extension modifierExtension") | {"fhir_comments": silent}


def part(
    elements: Mapping[str, Action],
    *,
    required: tuple[tuple[str, ...], ...] = (),
    unknown: Mapping[str, Any] | None = None,
) -> Table:
    """A table for a part of a resource or for a data type."""
    return Table(elements={**PART, **elements}, required=required, unknown=unknown or {})
