"""Re-linking: our tokens and date chips become names and dates again, inside the hospital only.

The specialist wrote about `[patient]` and `[6 days before]`. The doctor, and the chart, get
the names and dates that stood there. What the specialist typed freely is never touched; a
free-typed date is flagged, because nobody here can know which day was meant. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

_BRACKETED = re.compile(
    r"\[([a-z][a-z0-9 .-]{1,60}|\d[a-z0-9 .]{1,40}|\d{4}-\d{2}(?:-\d{2}(?: \d{2}:\d{2})?)?)\]"
)
_CHIP = re.compile(r"(\d+(?:\.\d)?) (min|h|days?|years?) (before|after)")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_TYPED_DATE = re.compile(
    rf"\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?"
    rf"|(?:{_MONTHS})[a-z]*\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|\d{{1,2}} (?:{_MONTHS})[a-z]*\.?(?: \d{{4}})?)\b",
    re.IGNORECASE,
)
_UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "day": timedelta(days=1),
    "days": timedelta(days=1),
}


@dataclass(frozen=True, kw_only=True)
class Relinked:
    """Text for the doctor's eyes, with how many tokens came back and what stays uncertain."""

    text: str = field(repr=False)
    replaced: int
    unknown: int
    typed_dates: int


def relink(text: str, *, words: Mapping[str, str], question_time: datetime) -> Relinked:
    """Put names and dates back. `question_time` is in the zone that the doctor reads in."""
    replaced = unknown = 0

    def put_back(match: re.Match[str]) -> str:
        nonlocal replaced, unknown
        token = match[0]
        back = words.get(token) or _date_of(match[1], question_time)
        if back is None:
            unknown += 1
            return token
        replaced += 1
        return back

    # A shifted date in brackets is a chip, not a date that somebody typed.
    typed = len(_TYPED_DATE.findall(_BRACKETED.sub(" ", text)))
    return Relinked(
        text=_BRACKETED.sub(put_back, text),
        replaced=replaced,
        unknown=unknown,
        typed_dates=typed,
    )


def _date_of(chip: str, question_time: datetime) -> str | None:
    """The date or time that a chip stands for, as precise as the chip is."""
    if chip == "same day":
        return day_words(question_time)
    if chip == "at the question":
        return f"{day_words(question_time)}, {question_time:%H:%M}"
    match = _CHIP.fullmatch(chip)
    if match is None:
        return None
    try:
        return _counted(float(match[1]), match[2], match[3], question_time)
    except (OverflowError, ValueError):
        return None  # no calendar holds that day: the token stays as it was written


def _counted(size: float, unit: str, side: str, question_time: datetime) -> str:
    sign = 1 if side == "after" else -1
    if unit.startswith("year"):
        return f"about {date(question_time.year + sign * round(size), 1, 1).year}"
    moment = question_time + sign * size * _UNITS[unit]
    if unit.startswith("day"):
        return day_words(moment)
    about = "about " if unit == "h" else ""
    return f"{about}{day_words(moment)}, {moment:%H:%M}"


def day_words(moment: datetime) -> str:
    """A day as the hospital side writes it: `Nov 16, 2026`."""
    return f"{moment:%b} {moment.day}, {moment.year}"
