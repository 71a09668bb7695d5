"""Several days of one month: "3 and 9 Nov 2026", "3rd to 9th Nov", "Nov 3, 5 and 9"."""

import re
from collections.abc import Iterator
from datetime import date

from deid.text import bare_days, calendar_words
from deid.text.calendar_words import MONTH, WEEKDAY
from deid.text.scanning import scan
from deid.text.tokens import TextView
from deid.text.written_dates import SeenDate, WrittenDate

_TH = r"(?:st|nd|rd|th)?"
_LINK = (
    r"\.?\s{0,2}(?:,\s?(?:and|or|&)?|-{1,2}|/|&|\+|to|and|or|until|till|til|through|thru|plus)"
    rf"\s{{0,2}}(?:the\s)?(?:{WEEKDAY}\.?,?\s(?:the\s)?)?"
)
_YEAR = r"(?:,?\s{0,2}(?P<y>(?:19|20)\d\d)(?!\d)|\s?'(?P<y2>\d\d)(?!\d))?"
_BEFORE_MONTH = scan(
    rf"(?<!\d)(?P<days>(?:\d{{1,2}}{_TH}{_LINK}){{1,8}})(?P<last>\d{{1,2}}){_TH}"
    rf"(?:\s?-\s?|[.,]?\s{{0,2}}(?:of\s)?)(?P<m>{MONTH})(?![a-z])\.?{_YEAR}"
)
_AFTER_MONTH = scan(
    rf"\b(?P<m>{MONTH})\.?\s{{1,2}}(?:the\s)?(?P<days>\d{{1,2}}{_TH}"
    rf"(?:{_LINK}\d{{1,2}}{_TH}(?![\da-z%]|[.:]\d)){{1,8}}){_YEAR}"
)
_DAY = re.compile(rf"(?<!\d)(?P<d>\d{{1,2}}){_TH}")
_MOST_DAYS = 31
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)")
_JOINED = re.compile(r"[-/&+]|to|and|or|un?till?|thr|plus")
#: "on 3, 9 Nov" are two days; "troponin 12, 9 Nov" is a value and a day
_DAYS_BEFORE = re.compile(
    r"\b(?:on|visits?|dates?|days?|seen|from|between|appointments?|sessions?|cycles?|doses?)"
    r":?\s{1,2}(?:the\s)?\Z"
)
#: "11/3-9/2026" and "3-9/11/2026"
_NUMERIC = (
    scan(r"(?<!\d)(?P<a>\d{1,2})/(?P<b>\d{1,2})\s?-\s?\d{1,2}/(?P<y>(?:19|20)\d\d)(?!\d)"),
    scan(r"(?<!\d)(?P<a>\d{1,2})\s?-\s?\d{1,2}[/.](?P<b>\d{1,2})[/.](?P<y>(?:19|20)\d\d)(?!\d)"),
)
_MONTH_SIGNS = tuple(calendar_words.MONTHS)
_WORDS = frozenset({"may", "mar", "march"})
_UNIT_ROOM = 16
_PART_OF_NUMBER = frozenset(".,:/-")


def read(view: TextView, today: date, day_first: bool) -> Iterator[SeenDate]:
    """Yield every day of such a list; the one that touches the month is read elsewhere too."""
    yield from _numeric(view, day_first)
    if not view.has(_MONTH_SIGNS):
        return
    for match in view.scan(_BEFORE_MONTH):
        if not _goes_on(view.lower, match.start()) and _is_list(view, match):
            yield from _days(match, today)
    for match in view.scan(_AFTER_MONTH):
        after = view.lower[match.end() : match.end() + _UNIT_ROOM]
        if not bare_days.UNIT_AFTER.match(after) and _is_list(view, match):
            yield from _days(match, today)


def _numeric(view: TextView, day_first: bool) -> Iterator[SeenDate]:
    for month_leads, pattern in zip((not day_first, False), _NUMERIC, strict=True):
        for match in view.scan(pattern):
            year = int(match["y"])
            first, second = int(match["a"]), int(match["b"])
            known = bare_days.in_order(year, first, second, not month_leads)
            if known and not _goes_on(view.lower, match.start()):
                written = WrittenDate(year=year, month=known[0], day=known[1])
                yield SeenDate(match.start(), match.end(), written, "range")


def _goes_on(text: str, start: int) -> bool:
    """Return whether the digits are the end of a longer number: "4.3 and 9 Nov"."""
    return text[start - 1 : start] in _PART_OF_NUMBER and text[start - 2 : start - 1].isdigit()


def _is_list(view: TextView, match: re.Match[str]) -> bool:
    month = match.start("m")
    sure = bool(match["y"] or match["y2"] or _ORDINAL.search(match["days"]))
    if match["m"] in _WORDS and not sure and not view.plain[month].isupper():
        return False
    if sure or _JOINED.search(match["days"]):
        return True
    start = match.start()
    return bool(_DAYS_BEFORE.search(view.lower, max(0, start - 20), start))


def _days(match: re.Match[str], today: date) -> Iterator[SeenDate]:
    """Every day of the list; the year behind it holds for all."""
    digits = match["y"] or match["y2"]
    year = calendar_words.full_year(digits, today) if digits else None
    month = calendar_words.month_number(match["m"])
    stop = match.end("last" if "last" in match.groupdict() else "days")
    found = list(_DAY.finditer(match.string, match.start("days"), stop))
    days = [int(day["d"]) for day in found]
    if max(days) > _MOST_DAYS:
        return
    if "/" in match["days"]:
        yield SeenDate(*match.span(), WrittenDate(year=year, month=month, day=days[0]), "range")
        return
    for day, number in zip(found, days, strict=True):
        start = match.start() if day is found[0] else day.start()
        end = match.end() if day is found[-1] else day.end()
        yield SeenDate(start, end, WrittenDate(year=year, month=month, day=number), "range")
