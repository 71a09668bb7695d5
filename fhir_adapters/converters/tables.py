"""The machine under the tables: one object of the source in, one of R4 out (pure).

A table maps each element of the source to an action. An action writes into the target or
names what is lost. An element without an action is lost. Primitive extensions (`_name`)
travel with their element. Numbers stay `Decimal` as written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

# Any: FHIR JSON has no narrower type.
JsonObject: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One element: its name, its value (None when only an extension stands there), `_name`."""

    name: str
    value: Any
    beside: Any = None

    @property
    def values(self) -> list[Any]:
        """The value as a list."""
        return self.value if isinstance(self.value, list) else [self.value]

    @property
    def objects(self) -> list[JsonObject]:
        """The objects of the value; other shapes are passed over."""
        return [one for one in self.values if isinstance(one, dict)]


@dataclass(kw_only=True)
class Target:
    """The R4 object while it is made, and the elements that found no place in it."""

    made: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    _overruled: dict[str, Any] = field(default_factory=dict)
    _supposed: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, value: Any, beside: Any = None) -> None:
        """Set an element once; a second value for it is lost."""
        if name in self.made or f"_{name}" in self.made:
            self.lose(name)
            return
        if value is not None:
            self.made[name] = value
        if beside is not None:
            self.made[f"_{name}"] = beside

    def overrule(self, name: str, value: Any) -> None:
        """Set an element whatever else is said about it, now or later."""
        self._overruled[name] = value

    def suppose(self, name: str, value: Any) -> None:
        """Set an element unless something else says it, now or later."""
        self._supposed.setdefault(name, value)

    def settle(self) -> None:
        """Let what was overruled or supposed stand; what was entered in error stays so."""
        if self.made.get("status") == "entered-in-error":
            self._overruled.pop("status", None)
        self.made.update(self._overruled)
        for name, value in self._supposed.items():
            if name not in self.made and f"_{name}" not in self.made:
                self.made[name] = value

    def add(self, name: str, *values: Any) -> None:
        """Append to an element that is a list; one of another shape is lost."""
        held = self.made.get(name, [])
        if values and isinstance(held, list):
            # A new list: the one at hand may belong to the source.
            self.made[name] = [*held, *values]
        elif values:
            self.lose(name)

    def lose(self, name: str) -> None:
        """Name an element that found no place, once."""
        if name not in self.lost:
            self.lost.append(name)


Action: TypeAlias = Callable[[Source, Target], None]
Finish: TypeAlias = Callable[[JsonObject, Target], None]


@dataclass(frozen=True, kw_only=True)
class Table:
    """What becomes of the elements of one type.

    `required` lists what R4 cannot do without; alternatives stand in a tuple. `unknown`
    holds R4's own words for a required value that is not told. `finish` may look at the
    whole source.
    """

    elements: Mapping[str, Action]
    required: tuple[tuple[str, ...], ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)
    finish: Finish | None = None


def converted(source: JsonObject, table: Table) -> Target:
    """Return the converted object; `lost` names elements below it, `code.text` and the like."""
    target = Target()
    for element in _elements(source):
        action = table.elements.get(element.name)
        if action is None:
            target.lose(element.name)
        else:
            action(element, target)
    target.settle()
    if table.finish is not None:
        table.finish(source, target)
    for name, value in table.unknown.items():
        if name not in target.made and f"_{name}" not in target.made:
            target.put(name, value)
    return target


def is_whole(target: Target, table: Table) -> bool:
    """Tell whether everything is there that R4 cannot do without."""
    return all(
        any(name in target.made or f"_{name}" in target.made for name in names)
        for names in table.required
    )


def _elements(source: JsonObject) -> Iterator[Source]:
    names = dict.fromkeys(name.removeprefix("_") for name in source)
    for name in names:
        value, beside = source.get(name), source.get(f"_{name}")
        if value is not None or beside is not None:
            yield Source(name=name, value=value, beside=beside)
