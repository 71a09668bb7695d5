"""The small trend charts of the results table: numbers to SVG coordinates (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH = 120
HEIGHT = 30
_SIDE = 15.0
_TOP = 6.0
_BOTTOM = 24.0


@dataclass(frozen=True, kw_only=True)
class Trend:
    """One line with its points, newest last, and the reference band behind it."""

    points: tuple[tuple[float, float], ...]
    band: tuple[float, float] | None  # top edge and height
    label: str

    @property
    def path(self) -> str:
        """The line as SVG path data."""
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points)


def draw(
    name: str,
    values: Sequence[Decimal | None],
    low: Decimal | None = None,
    high: Decimal | None = None,
) -> Trend | None:
    """Place the values left to right; None when there are fewer than two to compare."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    floor = float(min([*known, *(edge for edge in (low, high) if edge is not None)]))
    ceiling = float(max([*known, *(edge for edge in (low, high) if edge is not None)]))
    span = (ceiling - floor) or 1.0

    def height(value: Decimal) -> float:
        return _BOTTOM - (float(value) - floor) / span * (_BOTTOM - _TOP)

    step = (WIDTH - 2 * _SIDE) / max(len(values) - 1, 1)
    points = tuple(
        (_SIDE + step * column, height(value))
        for column, value in enumerate(values)
        if value is not None
    )
    band = None
    if low is not None or high is not None:
        top = height(high) if high is not None else 0.0
        bottom = height(low) if low is not None else float(HEIGHT)
        band = (round(top, 1), round(max(bottom - top, 1.0), 1))
    listed = ", ".join(str(value) for value in known)
    return Trend(points=points, band=band, label=f"Trend of {name.lower()}: {listed}")
