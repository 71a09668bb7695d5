"""Reading what people write for dates: months, weekdays, short years, missing years."""

from datetime import date, datetime, timedelta

from deid.text import relative_time, shifted_dates
from deid.text.written_dates import WrittenDate, is_day, year_near

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


def wording(written: WrittenDate, question: datetime, near: date, shift_days: int = 0) -> str:
    """Return what may be said of a date: its distance from the question, never above 89 years.

    With ``shift_days`` it is the date itself, moved by as many days (spec/deid.md 0.8).
    """
    if shift_days:
        return shifted_dates.wording(written, question.date(), near, shift_days)
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
