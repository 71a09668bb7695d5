"""Dates as people write them: parts may be missing, and the year is the nearest that fits."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenDate:
    """A date as written: the year or the day may be missing."""

    month: int
    day: int | None = None
    year: int | None = None
    hour: int | None = None
    minute: int = 0


class SeenDate(NamedTuple):
    """A date found in a text: offsets of the folded text, what was read, and by which rule."""

    start: int
    end: int
    written: WrittenDate
    rule: str


def is_day(year: int | None, month: int, day: int) -> bool:
    """Return whether the calendar has this day (in a leap year when the year is unknown)."""
    try:
        date(year if year is not None else 2024, month, day)
    except ValueError:
        return False
    return True


def year_near(month: int, day: int, near: date) -> int:
    """Return the year that puts month and day nearest to ``near``, the past preferred."""
    best, least = near.year, 10_000.0
    for year in (near.year - 1, near.year, near.year + 1):
        if not is_day(year, month, day):
            continue
        days = (date(year, month, day) - near).days
        distance = -days if days <= 0 else days * 2.5
        if distance < least:
            best, least = year, distance
    return best
