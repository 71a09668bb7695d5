"""Reading what people write for dates: months, weekdays, short years, missing years."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from deid.text import relative_time

MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|"
    r"sat(?:urday)?|sun(?:day)?)"
)
#: beyond this many years a distance would tell that somebody is over 89
_MOST_YEARS = 89


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenDate:
    """A date as written: the year or the day may be missing."""

    month: int
    day: int | None = None
    year: int | None = None
    hour: int | None = None
    minute: int = 0


def month_number(word: str) -> int:
    """Return 1 to 12 for a month's name or abbreviation in lower case."""
    return MONTHS[word[:3]]


def full_year(digits: str, question: date) -> int:
    """Return the year meant by two or four digits: never far in the question's future."""
    year = int(digits)
    if len(digits) == 4:
        return year
    century = question.year - question.year % 100
    return century + year - (100 if year > question.year % 100 + 5 else 0)


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


def wording(written: WrittenDate, question: datetime, near: date) -> str:
    """Return the distance from the question in words (DETAILS 8), never above 89 years."""
    today = question.date()
    if written.day is None:
        year = written.year
        if year is None:
            year = near.year if written.month <= near.month else near.year - 1
        text = relative_time.describe_month(year, written.month, today)
        years = abs(year - today.year)
    else:
        year = written.year or year_near(written.month, written.day, near)
        if not is_day(year, written.month, written.day):
            return "date"
        day = date(year, written.month, written.day)
        text = relative_time.describe_days(day, today)
        if written.hour is not None:
            moment = datetime(
                day.year, day.month, day.day, written.hour, written.minute, tzinfo=question.tzinfo
            )
            text = relative_time.describe_moment(moment, question)
        years = abs(day - today) // timedelta(days=365)
    return "more than 89 years before" if years > _MOST_YEARS else text
