"""Dates in text, as distance from the question; times of day only where a date anchors them."""

import re
from collections.abc import Iterator
from datetime import date, datetime

from deid.text import bare_days, calendar_words, day_lists, holidays, unusual_dates
from deid.text.calendar_words import MONTH
from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView
from deid.text.written_dates import SeenDate, WrittenDate, is_day

_TH = r"(?:st|nd|rd|th)?"
_CLOCK = r"(?:[01]?\d|2[0-3])[:h][0-5]\d(?:\s?[ap]m\b)?"
_TIME = re.compile(
    r"(?:,?\s{1,2}(?P<lead>(?:at|around|about|approx(?:\.|imately)?)\s{1,2}|[@~]\s?|-\s|\(|from\s)?|t)"
    r"(?P<h>[01]?\d|2[0-3])(?:(?P<colon>[:.h]?)(?P<m>[0-5]\d))?"
    r"(?::[0-5]\d(?:\.\d{1,6})?)?(?:\s?(?P<half>[ap]m\b|[ap]\.m\b\.?))?(?:z|[+-]\d\d:?\d\d)?"
    rf"(?:\s?(?:[-/]|to|until|till)\s?{_CLOCK})?(?:\s?(?:hours|hrs?|h)\b)?(?!\d|[/:-]\d|\.\d)"
)
#: "14:30 on 2/28/2024", "9 am, March 3", "at 1430 hrs on 3 Mar"
_TIME_BEFORE = re.compile(
    r"(?:(?<![\d.:/-])(?P<h>[01]?\d|2[0-3])(?::(?P<m>[0-5]\d)(?::[0-5]\d)?(?:\s?(?P<half>[ap]\.?m)\b\.?)?"
    r"|\s?(?P<half2>[ap]\.?m)\b\.?)|(?<=\bat )(?P<h2>[01]\d|2[0-3])(?P<m2>[0-5]\d))"
    r"(?:\s?(?:hours|hrs?|h)\b)?,?\s{1,2}(?:on\s(?:the\s)?)?\Z"
)
_TIME_ROOM = 28
_BORN_BEFORE = re.compile(
    r"(?:\bdob|\bd\.o\.b\.?|\bborn|date of birth|birth ?date)\W{0,4}(?:on\s)?\Z"
)

_YMD = scan(r"(?<![\d.])(?P<y>(?:19|20)\d\d)([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?!\d)")
_NUMERIC = scan(
    r"(?<![\d.])(?<!\d[-/])(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)"
    r"(?P<y>(?:19|20)\d\d|\d\d)(?![\d]|[-/]\d)"
)
_COMPACT = scan(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?!\d)")
_DAY_MONTH = scan(
    rf"(?<![\d.:])(?<!\d/)(?P<d>\d{{1,2}}){_TH}(?:\s?-\s?|\s{{0,2}}(?:of\s)?)(?P<m>{MONTH})(?![a-z])\.?"
    r"(?:\s?[-,]?\s{0,2}(?P<y>(?:19|20)\d\d)(?!\d)|(?:-|\s?')(?P<y2>\d\d)(?!\d)|"
    r"(?P<y3>(?<=[a-z])\d\d)(?![\d:/]))?"
)
_MONTH_DAY_TEXT = (
    rf"(?P<m>{MONTH})\.?[\s-]{{1,2}}(?:the\s)?(?P<d>\d{{1,2}}){_TH}(?!\d|[:./]\d)"
    r"(?:,?[\s-]{1,2}(?P<y>(?:19|20)\d\d)(?!\d)|"
    r",\s{0,2}(?P<y2>\d\d)(?![\d:]|\s?(?:,|-|&|and|or|to)\s?\d))?"
)
_MONTH_DAY = scan(r"\b" + _MONTH_DAY_TEXT)
_BORN_MONTH_DAY = scan(r"(?<=dob)" + _MONTH_DAY_TEXT, signs=("dob",))
_MONTH_YEAR = scan(rf"\b(?P<m>{MONTH})\.?,?[\s-]{{1,2}}(?:of\s)?(?P<y>(?:19|20)\d\d)(?!\d)")
_SLASH_YEAR = scan(r"(?<![\d/.-])(?P<m>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)(?![\d/])")
_MONTH_ALONE = scan(
    rf"\b(?:in|since|last|this past|until|till|by|early|late|mid|during|of|before|after)[ -]"
    rf"(?P<m>{MONTH})\b(?!\s?\d)"
)
_MONTH_SIGNS = tuple(calendar_words.MONTHS)


def find(view: TextView, question: datetime, shift_days: int = 0) -> Iterator[Finding]:
    """Yield every date of the text with its distance from ``question``, or moved by some days."""
    text = view.lower
    order = _day_first(view)
    today = question.date()
    seen = [
        *_year_first(view),
        *_numeric(view, today, order),
        *_named(view, today),
        *_month_only(view),
        *bare_days.read(view, order),
        *day_lists.read(view, today, order),
        *unusual_dates.read(view, today, order),
    ]
    near = _anchor(text, seen, today)
    for item in seen:
        start, end, written = _widen(text, item)
        words = calendar_words.wording(written, question, near, shift_days)
        born = _BORN_BEFORE.search(text, max(0, start - 20), start)
        yield Finding(
            start=start,
            end=end,
            category="birth_date" if born else "date",
            confidence="sure",
            rule=f"date.{item.rule}",
            wording="date of birth" if born else words,
        )
    yield from holidays.find(view)
    yield from unusual_dates.find_days(view)


def _anchor(text: str, seen: list[SeenDate], question: date) -> date:
    """The year of a bare day and month comes from the latest full date of the same text.

    A date of birth says nothing about when the note was written.
    """
    days = [
        date(s.written.year, s.written.month, s.written.day)
        for s in seen
        if s.written.year
        and s.written.day
        and s.rule != "birth"
        and not _BORN_BEFORE.search(text, max(0, s.start - 20), s.start)
    ]
    past = [d for d in days if d <= question]
    return max(past, default=question)


def _widen(text: str, item: SeenDate) -> tuple[int, int, WrittenDate]:
    start, end, written = item.start, item.end, item.written
    weekday = bare_days.WEEKDAY_BEFORE.search(text, max(0, start - 14), start)
    if weekday:
        start = weekday.start()
    if text.endswith("the ", 0, start):
        start -= 4
    if not written.day:
        return start, end, written
    before = _TIME_BEFORE.search(text, max(0, start - _TIME_ROOM), start)
    if before:
        start = before.start()
        hour, minute = before["h"] or before["h2"], before["m"] or before["m2"]
        written = _at(written, hour, minute, before["half"] or before["half2"])
    clock = _TIME.match(text, end)
    if clock and _tells_time(text, clock, written):
        written = _at(written, clock["h"], clock["m"], clock["half"])
        end = clock.end()
        if clock["lead"] == "(" and text[end : end + 1] == ")":
            end += 1
    return start, end, written


def _at(written: WrittenDate, hour: str, minute: str | None, half: str | None) -> WrittenDate:
    """Return the date with its time of day, as a clock of 24 hours tells it."""
    hours = int(hour)
    return WrittenDate(
        year=written.year,
        month=written.month,
        day=written.day,
        hour=hours % 12 + (12 if half[0] == "p" else 0) if half else hours,
        minute=int(minute or 0),
    )


def _tells_time(text: str, clock: re.Match[str], written: WrittenDate) -> bool:
    """ "14:30", "2 pm", "at 14.30"; bare digits only after a full date, and no "1200-calorie"."""
    if clock["half"]:
        return True
    lead = clock["lead"] or ""
    if clock["m"] is None or (lead.startswith(("from", "(", "-")) and clock["colon"] != ":"):
        return False
    if clock["colon"]:
        return clock["colon"] != "." or lead.startswith(("at", "@"))
    joined = text[clock.end() : clock.end() + 1] in ("-", "/", ":")
    return bool(written.year) and len(clock["h"]) == 2 and not joined


def _day_first(view: TextView) -> bool:
    """Return whether 3/4/2024 is the 3rd of April here: some date shows the order."""
    day_first = month_first = 0
    for match in view.scan(_NUMERIC):
        day_first += int(match["a"]) > 12 or match["s"] == "."
        month_first += int(match["b"]) > 12
    return day_first > month_first


def _year_first(view: TextView) -> Iterator[SeenDate]:
    for pattern in (_YMD, _COMPACT):
        for match in view.scan(pattern):
            year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
            if is_day(year, month, day):
                written = WrittenDate(year=year, month=month, day=day)
                yield SeenDate(match.start(), match.end(), written, "year_first")


def _numeric(view: TextView, today: date, order: bool) -> Iterator[SeenDate]:
    for match in view.scan(_NUMERIC):
        if match["s"] == "." and not (len(match["y"]) == 4 or len(match["a"]) == 2):
            continue
        year = calendar_words.full_year(match["y"], today)
        month_day = bare_days.in_order(
            year, int(match["a"]), int(match["b"]), order or match["s"] == "."
        )
        if month_day:
            written = WrittenDate(year=year, month=month_day[0], day=month_day[1])
            yield SeenDate(match.start(), match.end(), written, "numeric")


def _named(view: TextView, today: date) -> Iterator[SeenDate]:
    if not view.has(_MONTH_SIGNS):
        return
    days_first = view.scan(_DAY_MONTH)
    for matches in (days_first, view.scan(_MONTH_DAY), view.scan(_BORN_MONTH_DAY)):
        for match in matches:
            groups = match.groupdict()
            digits = groups.get("y") or groups.get("y2") or groups.get("y3")
            year = calendar_words.full_year(digits, today) if digits else None
            month, day = calendar_words.month_number(match["m"]), int(match["d"])
            if not is_day(year, month, day):
                continue
            if not digits and _is_plain_word(view, match):
                continue
            written = WrittenDate(year=year, month=month, day=day)
            yield SeenDate(match.start(), match.end(), written, "named_month")


def _is_plain_word(view: TextView, match: re.Match[str]) -> bool:
    """ "may 2 tablets", "8 mar" are words; a month has a capital unless nothing has."""
    if match["m"] not in ("may", "march", "mar", "dec", "sep", "jan"):
        return False
    if view.style == "lower":
        cue = bare_days.STRONG_CUE.search(view.lower, max(0, match.start() - 24), match.start())
        ordinal = re.search(r"\d(?:st|nd|rd|th)", match.group())
        return not (cue or ordinal) and match["m"] in ("may", "march")
    return not view.plain[match.start("m")].isupper()


def _month_only(view: TextView) -> Iterator[SeenDate]:
    for matches in (
        view.scan(_MONTH_YEAR),
        view.scan(_SLASH_YEAR),
    ):
        for match in matches:
            word = match["m"]
            month = int(word) if word.isdigit() else calendar_words.month_number(word)
            written = WrittenDate(year=int(match["y"]), month=month)
            yield SeenDate(match.start(), match.end(), written, "month_year")
    for match in view.scan(_MONTH_ALONE):
        if len(match["m"]) > 2 and view.plain[match.start("m")].isupper() and view.style == "mixed":
            written = WrittenDate(month=calendar_words.month_number(match["m"]))
            yield SeenDate(match.start("m"), match.end("m"), written, "month")
