"""Geometry of the small trend chart: numbers in, SVG coordinates out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH = 280
HEIGHT = 72
_TOP = Decimal(10)
_BOTTOM = Decimal(62)
_INSET = Decimal(35)


@dataclass(frozen=True, kw_only=True)
class TrendPoint:
    """One measured value and its age in words ("3.5 h before")."""

    value: Decimal
    age: str


@dataclass(frozen=True, kw_only=True)
class TrendChart:
    """What the macro `trend_chart` draws; coordinates in the 280 x 72 view box."""

    label: str
    path: str
    dots: tuple[tuple[str, str], ...]
    band_y: str | None
    band_height: str | None
    points: tuple[TrendPoint, ...]


def draw_trend(
    points: Sequence[TrendPoint],
    *,
    name: str,
    unit: str,
    low: Decimal | None = None,
    high: Decimal | None = None,
) -> TrendChart:
    """Lay out points, oldest first, evenly spaced; the band is the reference range."""
    if not points:
        raise ValueError("a trend needs at least one point")
    marks = [point.value for point in points] + [mark for mark in (low, high) if mark is not None]
    floor, ceiling = min(marks), max(marks)
    span = (ceiling - floor) or Decimal(1)

    def height_of(value: Decimal) -> Decimal:
        return _BOTTOM - (value - floor) / span * (_BOTTOM - _TOP)

    step = (Decimal(WIDTH) - 2 * _INSET) / max(len(points) - 1, 1)
    # a single value stands in the middle, above its label
    left = _INSET if len(points) > 1 else Decimal(WIDTH) / 2
    dots = tuple(
        (f"{left + step * index:.1f}", f"{height_of(point.value):.1f}")
        for index, point in enumerate(points)
    )
    band_y = band_height = None
    if low is not None or high is not None:
        # a range that is open on one side reaches the edge of the drawing
        top = height_of(high) if high is not None else Decimal(0)
        bottom = height_of(low) if low is not None else Decimal(HEIGHT)
        band_y, band_height = f"{top:.1f}", f"{bottom - top:.1f}"
    return TrendChart(
        label=_label(points, name=name, unit=unit, low=low, high=high),
        path="M" + "L".join(f"{x} {y}" for x, y in dots),
        dots=dots,
        band_y=band_y,
        band_height=band_height,
        points=tuple(points),
    )


def _label(
    points: Sequence[TrendPoint],
    *,
    name: str,
    unit: str,
    low: Decimal | None,
    high: Decimal | None,
) -> str:
    listed = ", ".join(f"{point.value}, {point.age}" for point in points)
    text = f"{name} in {unit}: {listed}." if unit else f"{name}: {listed}."
    if low is not None and high is not None:
        return f"{text} Reference {low} to {high}."
    if high is not None:
        return f"{text} Reference up to {high}."
    return f"{text} Reference from {low}." if low is not None else text
