"""When a site may be used: windows such as `Mon-Fri 07:00-19:00` in the site's own time (pure).

A window may run over midnight (`Sat 22:00-06:00` ends on Sunday morning). No window means
always. Times are wall-clock times of the site's time zone, so that a change to summer time
moves them as it moves the people.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FORM = "write it like: Mon-Fri 07:00-19:00, or Sat,Sun 08:00-12:00, or Daily 06:00-24:00"
_WINDOW = re.compile(r"(?P<days>[A-Za-z,-]+) (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)")
_DAY = timedelta(days=1)
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class OpenWindow:
    """The days (0 = Monday) on which a window begins, and its two times in minutes.

    `closes` is past 24 hours when the window ends on the next day.
    """

    days: frozenset[int]
    opens: int
    closes: int


def parse(text: str) -> OpenWindow:
    """Read one window; raises `ValueError` with a rule, never with the text."""
    found = _WINDOW.fullmatch(text.strip())
    if found is None:
        raise ValueError(FORM)
    days = frozenset(day for part in found["days"].split(",") for day in _days(part))
    opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
    if opens == closes or opens >= 24 * 60:
        raise ValueError("must not be empty; for the whole day write 00:00-24:00")
    return OpenWindow(days=days, opens=opens, closes=closes if closes > opens else closes + 1440)


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name; raises `ValueError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Berlin or UTC") from None


def is_open(hours: Sequence[str], time_zone: str, now: datetime) -> bool:
    """Tell whether one of the windows holds this moment; without windows, always."""
    if not hours:
        return True
    local = now.astimezone(zone(time_zone))
    return any(_holds(parse(text), local) for text in hours)


def opens_next(hours: Sequence[str], time_zone: str, now: datetime) -> datetime | None:
    """Return when the next window begins after `now`; None without windows."""
    if not hours:
        return None
    local = now.astimezone(zone(time_zone))
    windows = [parse(text) for text in hours]
    coming = (
        start
        for ahead in range(_WEEK + 1)
        for window in windows
        if (start := _start(window, local, ahead)) is not None and start > local
    )
    return min(coming, key=lambda start: start.timestamp(), default=None)


def _holds(window: OpenWindow, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local - _DAY).weekday()
    return (today in window.days and window.opens <= minute < window.closes) or (
        yesterday in window.days and minute + 1440 < window.closes
    )


def _start(window: OpenWindow, local: datetime, ahead: int) -> datetime | None:
    day = (local + ahead * _DAY).date()
    if day.weekday() not in window.days:
        return None
    hour, minute = divmod(window.opens, 60)
    return datetime.combine(day, time(hour, minute), tzinfo=local.tzinfo)


def _days(part: str) -> range | list[int]:
    if part.title() == "Daily":
        return range(_WEEK)
    first, _, last = part.partition("-")
    numbers = [_number(first), _number(last or first)]
    if numbers[0] <= numbers[1]:
        return range(numbers[0], numbers[1] + 1)
    return [*range(numbers[0], _WEEK), *range(numbers[1] + 1)]


def _number(day: str) -> int:
    if day.title() not in DAYS:
        raise ValueError(FORM)
    return DAYS.index(day.title())


def _minutes(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise ValueError("has a time that does not exist")
    return hour * 60 + minute
