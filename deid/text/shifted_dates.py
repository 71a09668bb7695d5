"""Dates of a text moved by the days of the case, as precise as they were written.

A holiday is no date here: beside a moved date its name would give the shift away, so it stays
the bare word "holiday". A weekday written with a date goes with the date; one that stands alone
names no day. Spec: deid.md 0.8, 5 (rows 31-35).
"""

from datetime import date, timedelta

from deid.text.written_dates import WrittenDate, is_day, year_near

#: beyond this many years a date would tell that somebody is over 89
_MOST_YEARS = 89
_MIDDLE_DAY = 15
_MIDDLE_MONTH = 7


def wording(written: WrittenDate, today: date, near: date, shift_days: int) -> str:
    """Return the moved date as ``2024-09-17 14:30``, ``2024-09-17`` or ``2024-09``."""
    if written.day is None:
        return month(_year_of_month(written, near), written.month, today, shift_days)
    year = written.year or year_near(written.month, written.day, near)
    if not is_day(year, written.month, written.day):
        return "date"
    moved = _moved(date(year, written.month, written.day), today, shift_days)
    if moved is None:
        return "more than 89 years before"
    if written.hour is None:
        return moved.isoformat()
    return f"{moved.isoformat()} {written.hour:02d}:{written.minute:02d}"


def month(year: int, number: int, today: date, shift_days: int) -> str:
    """Return the moved month as ``2024-09``: the one that its middle day falls into."""
    moved = _moved(date(year, number, _MIDDLE_DAY), today, shift_days)
    return "more than 89 years before" if moved is None else moved.isoformat()[:7]


def year(number: int, today: date, shift_days: int) -> str:
    """Return the moved year: the one that the middle of the year falls into."""
    moved = _moved(date(number, _MIDDLE_MONTH, 1), today, shift_days)
    return "more than 89 years before" if moved is None else moved.isoformat()[:4]


def _year_of_month(written: WrittenDate, near: date) -> int:
    if written.year is not None:
        return written.year
    return near.year if written.month <= near.month else near.year - 1


def _moved(on: date, today: date, shift_days: int) -> date | None:
    if abs((on - today).days) // 365 > _MOST_YEARS:
        return None
    return on + timedelta(days=shift_days)
