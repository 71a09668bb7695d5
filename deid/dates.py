"""Calendar arithmetic: a date becomes its year and its distance from the question.

Safe Harbor keeps the year and nothing finer; how long before the question something
happened is what a specialist needs. Distances are whole minutes up to 72 hours, whole days
up to one year, then whole years. Negative is before the question, positive after it.
Text and structured data round alike because both ask `from_question`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

Precision = Literal["year", "month", "day", "time"]
Unit = Literal["min", "d", "a"]

MINUTES_LIMIT: Final = 72 * 60
DAYS_LIMIT: Final = 365
DAYS_PER_YEAR: Final = 365.25
AGE_LIMIT_YEARS: Final = 90
"""Safe Harbor: ages from here on are one group, and so are dates that would give one away."""

_FHIR_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})"
    r"(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,12})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A date as precise as its source wrote it."""

    at: datetime
    precision: Precision


@dataclass(frozen=True, kw_only=True, slots=True)
class FromQuestion:
    """A rounded distance from the question; negative is before it. `unit` is a UCUM code."""

    value: int
    unit: Unit

    @property
    def minutes(self) -> float:
        """The rounded distance in minutes, to sort by."""
        return self.value * {"min": 1.0, "d": 1440.0, "a": 1440.0 * DAYS_PER_YEAR}[self.unit]


def parse(text: str, *, question_time: datetime) -> Moment | None:
    """Read a FHIR date, dateTime or instant; None when it is none.

    A time without a zone is taken in the zone of the question.
    """
    match = _FHIR_DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        on = date(int(year), int(month or 1), int(day or 1))
        if hour is None:
            at = datetime.combine(on, time(), tzinfo=question_time.tzinfo)
            return Moment(at=at, precision="day" if day else "month" if month else "year")
        seconds = min(int(second or 0), 59)  # FHIR allows a leap second, Python does not
        clock = time(int(hour), int(minute), seconds)
    except ValueError:
        return None
    tzinfo = question_time.tzinfo
    if zone is not None:
        tzinfo = UTC if zone == "Z" else datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo
    return Moment(at=datetime.combine(on, clock, tzinfo=tzinfo), precision="time")


def from_question(moment: Moment, *, question_time: datetime) -> FromQuestion | None:
    """Return how far a moment lies from the question, rounded, or None.

    None when the source is too coarse to say (a month or a year within about a year of the
    question) and when the distance itself would tell an age of 90 or more.
    """
    if moment.precision == "time":
        distance = moment.at - question_time
        minutes = round(distance / timedelta(minutes=1))
        if abs(minutes) <= MINUTES_LIMIT:
            return FromQuestion(value=minutes, unit="min")
    if moment.precision == "year":
        # Counted in calendar years: a day of the year would be invented.
        years = moment.at.year - question_time.year
        coarse = 1 < abs(years) < AGE_LIMIT_YEARS
        return FromQuestion(value=years, unit="a") if coarse else None
    days = (moment.at.astimezone(question_time.tzinfo).date() - question_time.date()).days
    if abs(days) <= DAYS_LIMIT:
        return None if moment.precision == "month" else FromQuestion(value=days, unit="d")
    years = round(abs(days) / DAYS_PER_YEAR)
    if years >= AGE_LIMIT_YEARS:
        return None
    return FromQuestion(value=years if days > 0 else -years, unit="a")


def year_may_stay(moment: Moment, *, question_time: datetime) -> bool:
    """Tell whether the bare year may leave: not when it lies 90 or more years from the question."""
    return abs(question_time.year - moment.at.year) < AGE_LIMIT_YEARS


def age_years(born: Moment, *, at: datetime) -> int:
    """Return whole years between birth and a moment."""
    on = at.astimezone(born.at.tzinfo).date()
    birthday = born.at.date()
    before = (on.month, on.day) < (birthday.month, birthday.day)
    return on.year - birthday.year - (1 if before else 0)
