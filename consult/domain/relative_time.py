"""Time as the network knows it: minutes, days or years from the question (pure).

True dates do not reach the network. A dated element carries the distance from the question in
an extension, negative before it; or, when the hospital's policy shifts dates, a date that is as
far from the other dates of the case as the true one was.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from exchange import names

_DATE = re.compile(
    r"(?P<day>(?P<y>\d{4})-(?P<m>\d{2})(?:-(?P<d>\d{2}))?)"
    r"(?:T(?P<h>\d{2}):(?P<min>\d{2})(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?"
)
_EPOCH = date(2000, 1, 1)
_MINUTES = {
    "min": Decimal(1),
    "h": Decimal(60),
    "d": Decimal(1440),
    "wk": Decimal(10080),
    "mo": Decimal(43830),
    "a": Decimal(525960),
}


@dataclass(frozen=True, kw_only=True)
class When:
    """A distance from the question: in words, in short form, and in minutes to sort by."""

    words: str = ""
    short: str = ""
    minutes: Decimal | None = None

    @property
    def is_known(self) -> bool:
        """Tell whether there is a distance at all."""
        return self.minutes is not None

    @property
    def order(self) -> Decimal:
        """A sort key, oldest first; what has no time comes first of all."""
        return self.minutes if self.minutes is not None else Decimal("-Infinity")


UNKNOWN = When()


def when_of(resource: Mapping[str, Any], *elements: str) -> When:
    """Return the distance of the first of these elements that has one.

    A dotted name looks inside a period, as in "effectivePeriod.start".
    """
    for element in elements:
        holder: Any = resource
        *path, last = element.split(".")
        for name in path:
            holder = holder.get(name) if isinstance(holder, Mapping) else None
        if isinstance(holder, Mapping):
            found = _of_element(holder.get(f"_{last}")) or _of_date(holder.get(last))
            if found is not None:
                return found
    return UNKNOWN


def _of_date(value: object) -> When | None:
    """Return a shifted date as it reads; a bare year is what every policy sends, so it is none."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        day = date(int(match["y"]), int(match["m"]), int(match["d"] or 1))
    except ValueError:
        return None
    hours, minutes = int(match["h"] or 0), int(match["min"] or 0)
    # Only for the order: no real day is this many minutes from anything.
    order = Decimal((day - _EPOCH).days * 1440 + hours * 60 + minutes)
    clock = f" {match['h']}:{match['min']}" if match["h"] else ""
    return When(words=f"{match['day']}{clock}", short=match["day"], minutes=order)


def _of_element(element: object) -> When | None:
    if not isinstance(element, Mapping):
        return None
    extensions = element.get("extension")
    for extension in extensions if isinstance(extensions, list) else ():
        if not isinstance(extension, Mapping):
            continue
        duration = extension.get("valueDuration")
        if extension.get("url") == names.TIME_FROM_QUESTION and isinstance(duration, Mapping):
            return from_duration(duration.get("value"), str(duration.get("code")))
    return None


def from_duration(value: object, unit: str) -> When | None:
    """Return the distance that a UCUM duration says, or None when it cannot be read."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or unit not in _MINUTES:
        return None
    minutes = Decimal(value) * _MINUTES[unit]
    return When(
        words=_words(Decimal(value), unit), short=_short(Decimal(value), unit), minutes=minutes
    )


def _number(value: Decimal) -> str:
    text = f"{abs(value):.1f}"
    return text.removesuffix(".0")


def _words(value: Decimal, unit: str) -> str:
    side = "after" if value > 0 else "before"
    if unit == "min":
        if value == 0:
            return "at the question"
        if abs(value) < 120:
            return f"{_number(value)} min {side}"
        return f"{_number(value / 60)} h {side}"
    if value == 0:
        return "same day"
    word = {"h": "h", "d": "day", "wk": "week", "mo": "month", "a": "year"}[unit]
    plural = "" if abs(value) == 1 or word == "h" else "s"
    return f"{_number(value)} {word}{plural} {side}"


def _short(value: Decimal, unit: str) -> str:
    sign = "+" if value > 0 else ""
    if unit == "min" and abs(value) >= 90:
        return f"{sign}{_number(value / 60)} h"
    mark = {"min": "min", "h": "h", "d": "d", "wk": "wk", "mo": "mo", "a": "y"}[unit]
    return f"{sign}{_number(value)} {mark}"
