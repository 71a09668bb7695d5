"""Observations grouped into series: one measurement, one unit, oldest value first (pure)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from consult.domain.case_view import Line, Point, Series
from consult.domain.codes_in_words import (
    codes_of,
    concept_words,
    mappings,
    number_of,
    unit_words,
    value_words,
)
from consult.domain.relative_time import When, when_of

_FLAGS = {
    "HH": "Critical high",
    "LL": "Critical low",
    "H": "High",
    "L": "Low",
    "N": "In range",
    "A": "Abnormal",
    "AA": "Critical",
}
_EFFECTIVE = (
    "effectiveDateTime",
    "effectivePeriod.start",
    "effectiveInstant",
    "issued",
)

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """One number, with what is needed to group it."""

    key: tuple[str, str]
    name: str
    unit: str
    point: Point = field(repr=False)
    low: Decimal | None
    high: Decimal | None
    flag: str


def observation_when(observation: Resource) -> When:
    """Return how far an observation lies from the question."""
    return when_of(observation, *_EFFECTIVE)


def series_of(observations: Iterable[Resource]) -> tuple[Series, ...]:
    """Group all plain numbers into series; the one measured last comes first."""
    groups: dict[tuple[str, str], list[_Measured]] = {}
    for observation in observations:
        for measured in _numbers(observation):
            groups.setdefault(measured.key, []).append(measured)
    made = [_series(sorted(items, key=lambda m: m.point.when.order)) for items in groups.values()]
    return tuple(
        sorted(made, key=lambda one: (-one.latest.when.order, one.name))
        if all(one.latest.when.is_known for one in made)
        else sorted(made, key=lambda one: one.name)
    )


def lines_of(observations: Iterable[Resource]) -> tuple[Line, ...]:
    """Return everything that is not a plain number as lines, newest first."""
    lines = [line for observation in observations for line in _words(observation)]
    return tuple(sorted(lines, key=lambda line: line.when.order, reverse=True))


def _holders(observation: Resource) -> Iterator[tuple[Resource, str]]:
    name = concept_words(observation.get("code"))
    if any(key.startswith("value") for key in observation):
        yield observation, name
    for component in mappings(observation.get("component")):
        yield component, concept_words(component.get("code")) or name


def _numbers(observation: Resource) -> Iterator[_Measured]:
    when = observation_when(observation)
    for holder, name in _holders(observation):
        value = _plain_number(holder)
        if value is None or not name:
            continue
        quantity = holder["valueQuantity"]
        unit = unit_words(quantity)
        low, high = _range(holder)
        codes = sorted(codes_of(holder.get("code"))) or [name]
        yield _Measured(
            key=(codes[0], unit),
            name=name,
            unit=unit,
            point=Point(value=value, text=f"{value}", when=when),
            low=low,
            high=high,
            flag=_flag(holder, value, low, high),
        )


def _plain_number(holder: Resource) -> Decimal | None:
    quantity = holder.get("valueQuantity")
    if not isinstance(quantity, Mapping) or quantity.get("comparator"):
        return None
    return number_of(quantity.get("value"))


def _words(observation: Resource) -> Iterator[Line]:
    when = observation_when(observation)
    for holder, name in _holders(observation):
        if _plain_number(holder) is not None:
            continue  # it is in its series
        words = value_words(holder)
        if name and words:
            yield Line(text=f"{name}: {words}", when=when)


def _range(holder: Resource) -> tuple[Decimal | None, Decimal | None]:
    for item in mappings(holder.get("referenceRange")):
        ends = [
            number_of(item[end].get("value")) if isinstance(item.get(end), Mapping) else None
            for end in ("low", "high")
        ]
        if any(end is not None for end in ends):
            return ends[0], ends[1]
    return None, None


def _flag(holder: Resource, value: Decimal, low: Decimal | None, high: Decimal | None) -> str:
    for code in sorted(codes_of(holder.get("interpretation") or []), key=len, reverse=True):
        if code in _FLAGS:
            return _FLAGS[code]
    if low is not None and value < low:
        return "Low"
    if high is not None and value > high:
        return "High"
    return "In range" if low is not None or high is not None else ""


def _series(items: list[_Measured]) -> Series:
    newest = items[-1]
    ranged = next(
        (one for one in reversed(items) if one.low is not None or one.high is not None), newest
    )
    return Series(
        name=newest.name,
        unit=newest.unit,
        low=ranged.low,
        high=ranged.high,
        points=tuple(item.point for item in items),
        flag=newest.flag,
    )
