"""The results table and the vitals of a chart page, made from Observations (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox import fhir_text, trend
from sandbox.trend import Trend

COLUMNS = 4
FIRST_ROWS = 14
_FLAGS = frozenset({"H", "L", "HH", "LL", "A", "AA"})
_CRITICAL = frozenset({"HH", "LL", "AA"})
_CELSIUS = "8310-5"
_WEIGHT = "29463-7"
_PRESSURE = frozenset({"85354-9", "55284-4"})
# In the order of the page; an empty name keeps the chart's own wording.
_VITAL_NAMES = {
    "85354-9": "Blood pressure",
    "55284-4": "Blood pressure",
    "8867-4": "Heart rate",
    "2708-6": "SpO2",
    "59408-5": "SpO2",
    "9279-1": "Respiratory rate",
    "8310-5": "Temperature",
    "9269-2": "GCS",
    "9187-6": "",
    "72514-3": "Pain score",
    "29463-7": "Weight",
    "8302-2": "Height",
    "39156-5": "BMI",
    "9843-4": "Head circumference",
}

Resource = Mapping[str, Any]  # Any: FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One value of the table; empty text where the test was not done."""

    text: str
    flag: str = ""
    critical: bool = False


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """One test with its values in the shown columns."""

    name: str
    unit: str
    cells: tuple[Cell, ...]
    trend: Trend | None
    reference: str


@dataclass(frozen=True, kw_only=True)
class ResultTable:
    """The newest results, newest column last."""

    columns: tuple[str, ...]
    newest: str
    rows: tuple[ResultRow, ...]
    more_rows: tuple[ResultRow, ...]


@dataclass(frozen=True, kw_only=True)
class Vital:
    """The latest value of one vital sign."""

    name: str
    value: str
    when: str


@dataclass(frozen=True, kw_only=True)
class _Point:
    name: str
    key: str
    when: str
    order: float
    value: Decimal
    resource: Resource


def _in_category(resource: Resource, code: str) -> bool:
    return any(code in fhir_text.codes(category) for category in resource.get("category") or [])


def _when(resource: Resource) -> str:
    period = resource.get("effectivePeriod") or {}
    return str(resource.get("effectiveDateTime") or period.get("start") or "")


def _current(resource: Resource) -> bool:
    return resource.get("status") not in ("entered-in-error", "cancelled")


def _points(observations: Sequence[Resource]) -> list[_Point]:
    points = []
    for resource in observations:
        value = fhir_text.number(resource.get("valueQuantity"))
        when = _when(resource)
        if value is None or not when or not _current(resource):
            continue
        code = resource.get("code")
        name = fhir_text.concept(code)
        key = min(fhir_text.codes(code), default=name)
        points.append(
            _Point(
                name=name,
                key=key,
                when=when,
                order=fhir_text.moment(when) // 60,
                value=value,
                resource=resource,
            )
        )
    return points


def results(observations: Sequence[Resource], today: date) -> ResultTable:
    """Build the table from laboratory Observations."""
    labs = [o for o in observations if _in_category(o, "laboratory")]
    points = sorted(_points(labs), key=lambda point: point.order)
    times = list(dict.fromkeys(point.order for point in points))[-COLUMNS:]
    whens = {point.order: point.when for point in points}
    by_test: dict[str, dict[float, _Point]] = {}
    for point in points:
        if point.order in times:
            by_test.setdefault(point.key, {})[point.order] = point
    ranked = sorted(by_test.values(), key=lambda found: -len(found))
    rows = tuple(_row(found, times) for found in ranked)
    headings = [whens[order] for order in times]
    return ResultTable(
        columns=tuple(_heading(when, headings, today) for when in headings),
        newest=fhir_text.day_and_clock(headings[-1]) if headings else "",
        rows=rows[:FIRST_ROWS],
        more_rows=rows[FIRST_ROWS:],
    )


def _heading(when: str, headings: Sequence[str], today: date) -> str:
    same_day = sum(other[:10] == when[:10] for other in headings) > 1
    recent = abs((date.fromisoformat(when[:10]) - today).days) <= 2
    if same_day or recent:
        return f"{fhir_text.short_day(when)} {fhir_text.clock(when)}".strip()
    if when[:4] != str(today.year):
        return fhir_text.day(when)
    return fhir_text.short_day(when)


def _row(found: Mapping[float, _Point], times: Sequence[float]) -> ResultRow:
    newest = found[max(found)]
    ranges = newest.resource.get("referenceRange") or [{}]
    low = fhir_text.number(ranges[0].get("low"))
    high = fhir_text.number(ranges[0].get("high"))
    cells = tuple(_cell(found[time]) if time in found else Cell(text="") for time in times)
    values = [found[time].value if time in found else None for time in times]
    return ResultRow(
        name=newest.name,
        unit=_unit(newest.resource),
        cells=cells,
        trend=trend.draw(newest.name, values, low, high),
        reference=_range(ranges[0], low, high),
    )


def _unit(resource: Resource) -> str:
    quantity = resource.get("valueQuantity") or {}
    unit = str(quantity.get("unit") or quantity.get("code") or "")
    return "" if unit in ("1", "{score}", "pH", "[pH]") else unit


def _cell(point: _Point) -> Cell:
    flag = ""
    for interpretation in point.resource.get("interpretation") or []:
        flag = next(iter(sorted(fhir_text.codes(interpretation) & _FLAGS)), flag)
    return Cell(text=fhir_text.shown(point.value), flag=flag, critical=flag in _CRITICAL)


def _range(entry: Mapping[str, Any], low: Decimal | None, high: Decimal | None) -> str:
    if entry.get("text"):
        return str(entry["text"])
    if low is not None and high is not None:
        return f"{low}\u2013{high}"
    if high is not None:
        return f"\u2264 {high}"
    return f"\u2265 {low}" if low is not None else ""


def vitals(observations: Sequence[Resource]) -> tuple[Vital, ...]:
    """The latest value of each vital sign, the usual ones first."""
    latest: dict[str, Resource] = {}
    signs = [o for o in observations if _in_category(o, "vital-signs") and _current(o)]
    for resource in sorted(signs, key=lambda o: fhir_text.moment(_when(o))):
        code = min(fhir_text.codes(resource.get("code")), default="")
        latest[code] = resource
    order = list(_VITAL_NAMES)
    known = sorted(latest.items(), key=lambda i: order.index(i[0]) if i[0] in order else 99)
    shown = [_vital(code, resource) for code, resource in known]
    return tuple(vital for vital in shown if vital is not None)


def _vital(code: str, resource: Resource) -> Vital | None:
    name = _VITAL_NAMES.get(code) or fhir_text.concept(resource.get("code"))
    value = _pressure(resource) if code in _PRESSURE else _measured(code, resource)
    return Vital(name=name, value=value, when=_when(resource)) if value else None


def _pressure(resource: Resource) -> str:
    parts: dict[str, str] = {}
    for component in resource.get("component") or []:
        value = fhir_text.number(component.get("valueQuantity"))
        for code in fhir_text.codes(component.get("code")):
            if value is not None:
                parts[code] = f"{value:.0f}"
    return f"{parts['8480-6']}/{parts['8462-4']}" if {"8480-6", "8462-4"} <= set(parts) else ""


def _measured(code: str, resource: Resource) -> str:
    value = fhir_text.number(resource.get("valueQuantity"))
    if value is None:
        return ""
    if code == _CELSIUS:
        return f"{value:.1f} \u00b0C ({value * 9 / 5 + 32:.1f} \u00b0F)"
    unit = _unit(resource)
    if unit == "%":
        return f"{fhir_text.shown(value)}%"
    return fhir_text.shown(value) if unit == "/min" else f"{fhir_text.shown(value)} {unit}".strip()


def weight(observations: Sequence[Resource]) -> str:
    """The latest weight for the banner."""
    found = [v for v in vitals(observations) if v.name == _VITAL_NAMES[_WEIGHT]]
    return found[0].value if found else ""
