"""FHIR dates of any precision as ranges of milliseconds (pure)."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Bounds of an open period: before and after every date that FHIR can write.
BEGINNING = -(2**52)
END = 2**52
_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?"
)
Range = tuple[int, int]


def range_of(text: str) -> Range | None:
    """Return [low, high) of a date, dateTime or instant; None when it is not one.

    The precision given is the width: "2026" is the whole year. No zone means UTC.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        start = _start(found)
        return _millis(start), _millis(_following(found, start))
    except (ValueError, OverflowError):
        return None


def _start(found: re.Match[str]) -> datetime:
    fraction = (found["fraction"] or "")[:3].ljust(3, "0")
    # A leap second is written as :60; the next second is as near as we need.
    second = int(found["second"] or 0)
    moment = datetime(
        int(found["year"]),
        int(found["month"] or 1),
        int(found["day"] or 1),
        int(found["hour"] or 0),
        int(found["minute"] or 0),
        min(second, 59),
        int(fraction) * 1000,
        tzinfo=UTC,
    )
    return moment + timedelta(seconds=max(second - 59, 0)) - _offset(found["zone"])


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta(0)
    amount = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    return amount if zone[0] == "+" else -amount


def _following(found: re.Match[str], start: datetime) -> datetime:
    if found["month"] is None:
        return start.replace(year=start.year + 1)
    if found["day"] is None:
        after = start + timedelta(days=31)
        return after.replace(day=1)
    return start + _width(found)


def _width(found: re.Match[str]) -> timedelta:
    if found["hour"] is None:
        return timedelta(days=1)
    if found["second"] is None:
        return timedelta(minutes=1)
    if found["fraction"] is None:
        return timedelta(seconds=1)
    digits = min(len(found["fraction"]), 3)
    return timedelta(milliseconds=10 ** (3 - digits))


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND
