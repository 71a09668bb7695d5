"""Clocks of the desk in words: what is left of the promised time, and by when (pure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange import names

_QUARTER = 4


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock as it is drawn: words, a bar of 0 to 100, a note, and whether it is low or stands."""

    words: str
    percent: int
    note: str
    low: bool = False
    paused: bool = False


def clock_of(
    *,
    due: datetime,
    urgency: str,
    now: datetime,
    paused_since: datetime | None,
    finished: bool = False,
) -> Clock:
    """The clock of one case. `urgency` is the FHIR request priority that set the window."""
    window = names.URGENCIES.get(urgency, timedelta(hours=24))
    if finished:
        return Clock(words="Answered", percent=0, note="", paused=True)
    if paused_since is not None:
        return Clock(
            words="Clock paused",
            percent=0,
            note=f"{span(due - paused_since)} left when it runs",
            paused=True,
        )
    left = due - now
    if left <= timedelta(0):
        return Clock(words="Late", percent=0, note=f"was due {by(due, now)}", low=True)
    low = left * _QUARTER <= window
    note = f"due soon, by {by(due, now)}" if low else f"by {by(due, now)}"
    percent = max(1, min(100, round(100 * (left / window))))
    return Clock(words=f"{span(left)} left", percent=percent, note=note, low=low)


def span(left: timedelta) -> str:
    """A length of time as the desk says it: "9 min", "2 h 10 min", "21 h"."""
    minutes = max(0, int(left.total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return f"{rest} min"
    if hours >= 6 or rest == 0:
        return f"{hours} h"
    return f"{hours} h {rest} min"


def by(moment: datetime, now: datetime) -> str:
    """A time of day, with the day in words when it is not today."""
    days = (moment.date() - now.date()).days
    day = {0: "", 1: " tomorrow", -1: " yesterday"}.get(days, f" in {days} days")
    return f"{moment:%H:%M}{day}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, as the timeline column says it."""
    passed = now - moment
    return "now" if passed < timedelta(minutes=1) else f"{span(passed)} ago"
