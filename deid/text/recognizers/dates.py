"""Dates in text, as distance from the question; times of day only where a date anchors them."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from deid.text import calendar_words
from deid.text.calendar_words import MONTH, WEEKDAY
from deid.text.document import Finding
from deid.text.scanning import Scan, signs
from deid.text.tokens import TextView
from deid.text.written_dates import WrittenDate, is_day

_TH = r"(?:st|nd|rd|th)?"
_TIME = re.compile(
    r"(?:,?\s{1,2}(?:at\s|@\s?)?|t)(?P<h>[01]?\d|2[0-3])(?P<colon>:?)(?P<m>[0-5]\d)"
    r"(?::[0-5]\d(?:\.\d{1,6})?)?(?:\s?(?P<half>am|pm)\b)?(?:z|[+-]\d\d:?\d\d)?(?![\d/.:-])"
)
_WEEKDAY_BEFORE = re.compile(rf"\b{WEEKDAY}\.?,?\s{{1,2}}\Z")
_BORN_BEFORE = re.compile(
    r"(?:\bdob|\bd\.o\.b\.?|\bborn|date of birth|birth ?date)\W{0,4}(?:on\s)?\Z"
)

_YMD = re.compile(r"(?<![\d.])(?P<y>(?:19|20)\d\d)([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})(?!\d)")
_NUMERIC = re.compile(
    r"(?<![\d.])(?<!\d[-/])(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)"
    r"(?P<y>(?:19|20)\d\d|\d\d)(?![\d]|[-/]\d)"
)
_COMPACT = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<![\d.:/])(?P<d>\d{{1,2}}){_TH}(?:\s?-\s?|\s{{0,2}}(?:of\s)?)(?P<m>{MONTH})(?![a-z])\.?"
    r"(?:\s?[-,]?\s{0,2}(?P<y>(?:19|20)\d\d)(?!\d)|(?:-|\s?')(?P<y2>\d\d)(?!\d)|"
    r"(?P<y3>(?<=[a-z])\d\d)(?![\d:/]))?"
)
_MONTH_DAY = re.compile(
    rf"(?:\b|(?<=dob))(?P<m>{MONTH})\.?[\s-]{{1,2}}(?:the\s)?(?P<d>\d{{1,2}}){_TH}(?!\d|[:.]\d)"
    r"(?:,?[\s-]{1,2}(?P<y>(?:19|20)\d\d)(?!\d)|,\s{0,2}(?P<y2>\d\d)(?![\d:]))?"
)
_MONTH_YEAR = re.compile(rf"\b(?P<m>{MONTH})\.?,?[\s-]{{1,2}}(?:of\s)?(?P<y>(?:19|20)\d\d)(?!\d)")
_SLASH_YEAR = re.compile(r"(?<![\d/.-])(?P<m>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d\d)(?![\d/])")
_BARE = re.compile(r"(?<![\d/.,-])(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?![\d/%-]|[.,]\d)")
_MONTH_ALONE = re.compile(
    rf"\b(?:in|since|last|this past|until|till|by|early|late|mid|during|of|before|after)[ -]"
    rf"(?P<m>{MONTH})\b(?!\s?\d)"
)
_HOLIDAY = Scan(
    re.compile(
        r"\b(?:christmas(?:\s(?:eve|day))?|xmas|boxing day|new year'?s?(?:'s)?(?:\s(?:eve|day))|"
        r"thanksgiving(?:\sday)?|easter(?:\s(?:sunday|monday|weekend))?|good friday|halloween|"
        r"(?:the\s)?(?:fourth|4th) of july|independence day|memorial day|labou?r day|veterans day|"
        r"mother'?s day|father'?s day|valentine'?s(?:\sday)?|st\.?\spatrick'?s day|bank holiday|"
        r"martin luther king(?:\sjr\.?)?\sday|mlk day|presidents'?\sday|columbus day|juneteenth|"
        r"guy fawkes night|bonfire night|remembrance (?:day|sunday)|ash wednesday|palm sunday|"
        r"eid(?:\sal-(?:fitr|adha))?|ramadan|diwali|yom kippur|rosh hashanah|passover|hanukkah)\b"
    ),
    signs(
        """
        christmas|xmas|boxing day|new year|thanksgiving|easter|good friday|halloween|of july
        independence day|memorial day|labour day|labor day|veterans day|mothers day|mother's day
        fathers day|father's day|valentine|patrick|bank holiday|king day|king jr day
        king jr. day|mlk day|president|columbus day|juneteenth|guy fawkes night|bonfire night
        remembrance|ash wednesday|palm sunday|eid|ramadan|diwali|yom kippur|rosh hashanah
        passover|hanukkah
        """
    ),
)

_MONTH_SIGNS = tuple(calendar_words.MONTHS)

# A bare 4/10 is a score, a strength or a fraction unless something says that it is a date.
_STRONG_CUE = re.compile(
    r"(?:\b(?:on|since|by|until|till|due|visit|attempt|fill(?:ed)?|admit(?:ted)?|discharged?|"
    r"d/c'?d?|"
    r"dated?|collected|placed|scheduled|seen|drawn|appt|appointment|night of|morning of|week of|"
    r"hearing|started|stopped|lmp|edd|surgery|called|signed|discussed|change|duty|before|after|"
    r"next|compared (?:to|with)|dictated|typed|transcribed|reported|expires?|exp|done|taken|"
    r"repeat|removed|returns?|downloads?|lkw|inr|visits?|through|thru)|"
    + WEEKDAY
    + r")\.?\s?:?\s{1,2}\Z"
)
_WEAK_CUE = re.compile(
    r"\b(?:from|to|through|thru|and|of|last|ct|mri|pet|cxr|xr|echo|labs?|cultures?|note|at|"
    r"in)\s{1,2}\Z"
)
#: scores are out of 5 and 10, durations in 7ths, 12ths and 52nds (days, months, weeks)
_DENOMINATORS = frozenset({4, 5, 7, 10, 12, 52})
_DATED_THING = re.compile(r"\b(?:from|ct|mri|pet|cxr|xr|echo) \Z")
_CLOCK_BEFORE = re.compile(
    r"\b[0-2]\d[0-5]\d\s\Z|\d{1,2}:\d\d\s?(?:am|pm)?\s(?:on\s)?\Z|\d\s?[ap]m\s\Z"
)
_RANGE_CUE = re.compile(r"\d{1,2}/\d{1,2}(?:/\d{2,4})?\s?(?:-|to|through|thru|and|,)\s{0,2}\Z")
_SCORE_BEFORE = re.compile(
    r"\b(?:pain|strength|power|rated?|severity|score[sd]?|scale|apgars?|gcs|mmt|berg|moca|mmse|"
    r"motor|murmur|reflex(?:es)?|acuity|vision|t[34]|bp|sats?|arm|leg|flex\w*|ext\w*|hip|knee|"
    r"bottles|grade|stage|phq|gad|od|os|improved|worst|now|max|take)\b[^.;\n]{0,18}\Z"
)
_AFTER_BARE = re.compile(
    r"\A [0-2]\d[0-5]\d\b|"
    r"\A(?:\s{1,2}(?:at|@)?\s?(?:\d{1,2}:\d\d|\d{1,2}\s?[ap]m\b))|\A\s[A-Z]{3,},"
)
_UNIT_AFTER = re.compile(
    r"\A\s?(?:mg|mcg|ml|g|kg|cm|mm|%|h\b|hr|hours?|x\b|tabs?|units?|puffs?|lle|rle|lue|rue|od\b|"
    r"os\b|"
    r"bilat|elsewhere|throughout|weeks?|days?|months?|years?|yo\b|y/o)"
)


class _Seen(NamedTuple):
    start: int
    end: int
    written: WrittenDate
    rule: str


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
        *_bare(view, order),
    ]
    near = _anchor(seen, today)
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
    yield from _holidays(view)


def _anchor(seen: list[_Seen], question: date) -> date:
    """The year of a bare day and month comes from the latest full date of the same text."""
    days = [
        date(s.written.year, s.written.month, s.written.day)
        for s in seen
        if s.written.year and s.written.day
    ]
    past = [d for d in days if d <= question]
    return max(past, default=question)


def _widen(text: str, item: _Seen) -> tuple[int, int, WrittenDate]:
    start, end, written = item.start, item.end, item.written
    weekday = _WEEKDAY_BEFORE.search(text, max(0, start - 14), start)
    if weekday:
        start = weekday.start()
    clock = _TIME.match(text, end) if written.day else None
    if clock and (clock["colon"] or (written.year and len(clock["h"]) == 2) or clock["half"]):
        hour = int(clock["h"]) % 12 + (12 if clock["half"] == "pm" else 0)
        written = WrittenDate(
            year=written.year,
            month=written.month,
            day=written.day,
            hour=hour if clock["half"] else int(clock["h"]),
            minute=int(clock["m"]),
        )
        end = clock.end()
    return start, end, written


def _day_first(view: TextView) -> bool:
    """Return whether 3/4/2024 is the 3rd of April here: some date shows the order."""
    day_first = month_first = 0
    for match in view.from_digits(_NUMERIC):
        day_first += int(match["a"]) > 12 or match["s"] == "."
        month_first += int(match["b"]) > 12
    return day_first > month_first


def _year_first(view: TextView) -> Iterator[_Seen]:
    for pattern in (_YMD, _COMPACT):
        for match in view.from_digits(pattern, least=4):
            year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
            if is_day(year, month, day):
                written = WrittenDate(year=year, month=month, day=day)
                yield _Seen(match.start(), match.end(), written, "year_first")


def _numeric(view: TextView, today: date, order: bool) -> Iterator[_Seen]:
    for match in view.from_digits(_NUMERIC):
        if match["s"] == "." and not (len(match["y"]) == 4 or len(match["a"]) == 2):
            continue
        year = calendar_words.full_year(match["y"], today)
        month_day = _in_order(year, int(match["a"]), int(match["b"]), order or match["s"] == ".")
        if month_day:
            written = WrittenDate(year=year, month=month_day[0], day=month_day[1])
            yield _Seen(match.start(), match.end(), written, "numeric")


def _in_order(year: int | None, a: int, b: int, day_first: bool) -> tuple[int, int] | None:
    for month, day in ((b, a), (a, b)) if day_first else ((a, b), (b, a)):
        if 1 <= month <= 12 and is_day(year, month, day):
            return month, day
    return None


def _named(view: TextView, today: date) -> Iterator[_Seen]:
    if not view.has(_MONTH_SIGNS):
        return
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        digits_first = pattern is _DAY_MONTH
        for match in view.from_digits(pattern) if digits_first else pattern.finditer(view.lower):
            groups = match.groupdict()
            digits = groups.get("y") or groups.get("y2") or groups.get("y3")
            year = calendar_words.full_year(digits, today) if digits else None
            month, day = calendar_words.month_number(match["m"]), int(match["d"])
            if not is_day(year, month, day):
                continue
            if not digits and _is_plain_word(view, match):
                continue
            written = WrittenDate(year=year, month=month, day=day)
            yield _Seen(match.start(), match.end(), written, "named_month")


def _is_plain_word(view: TextView, match: re.Match[str]) -> bool:
    """ "may 2 tablets", "8 mar" are words; a month has a capital unless nothing has."""
    if match["m"] not in ("may", "march", "mar", "dec", "sep", "jan"):
        return bool(_UNIT_AFTER.match(view.lower, match.end()))
    if view.style == "lower":
        cue = _STRONG_CUE.search(view.lower, max(0, match.start() - 24), match.start())
        ordinal = re.search(r"\d(?:st|nd|rd|th)", match.group())
        return not (cue or ordinal) and match["m"] in ("may", "march")
    return not view.plain[match.start("m")].isupper() or bool(
        _UNIT_AFTER.match(view.lower, match.end())
    )


def _month_only(view: TextView) -> Iterator[_Seen]:
    named = view.has(_MONTH_SIGNS)
    for matches in (
        _MONTH_YEAR.finditer(view.lower) if named else (),
        view.from_digits(_SLASH_YEAR),
    ):
        for match in matches:
            word = match["m"]
            month = int(word) if word.isdigit() else calendar_words.month_number(word)
            written = WrittenDate(year=int(match["y"]), month=month)
            yield _Seen(match.start(), match.end(), written, "month_year")
    for match in _MONTH_ALONE.finditer(view.lower) if named else ():
        if len(match["m"]) > 2 and view.plain[match.start("m")].isupper() and view.style == "mixed":
            written = WrittenDate(month=calendar_words.month_number(match["m"]))
            yield _Seen(match.start("m"), match.end("m"), written, "month")


def _bare(view: TextView, order: bool) -> Iterator[_Seen]:
    for match in view.from_digits(_BARE):
        month_day = _in_order(None, int(match["a"]), int(match["b"]), order)
        if month_day and _is_date(view, match):
            written = WrittenDate(month=month_day[0], day=month_day[1])
            yield _Seen(match.start(), match.end(), written, "day_month")


def _is_date(view: TextView, match: re.Match[str]) -> bool:
    text, start, end = view.lower, match.start(), match.end()
    before = text[max(0, start - 30) : start]
    if _WEEKDAY_BEFORE.search(before):
        return True
    if match["s"] == "-" or _UNIT_AFTER.match(text, end):
        return False
    if _STRONG_CUE.search(before):
        return not _SCORE_BEFORE.search(before[:-4])
    if _SCORE_BEFORE.search(before):
        return False
    if _RANGE_CUE.search(before) or _CLOCK_BEFORE.search(before):
        return True
    timed = bool(_AFTER_BARE.match(view.plain[end : end + 14]))
    return timed or (_fits_weak_cue(match, before) and _announced(text, start, end))


def _fits_weak_cue(match: re.Match[str], before: str) -> bool:
    """A number over a usual denominator is a score or a duration unless an image bears the date."""
    a, b = int(match["a"]), int(match["b"])
    if a == b:
        return False
    return not (a <= b and b in _DENOMINATORS) or bool(_DATED_THING.search(before))


def _announced(text: str, start: int, end: int) -> bool:
    weak = _WEAK_CUE.search(text, max(0, start - 30), start)
    return bool(weak) or _ends_heading(text, start, end)


def _ends_heading(text: str, start: int, end: int) -> bool:
    """A date at the end of the first line or of a line of few words heads or signs a note."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return first == 0 and (last == end or (last < 0 and end - first < 60 and end == len(text)))


def _holidays(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_HOLIDAY):
        yield Finding(
            start=match.start(),
            end=match.end(),
            category="date",
            confidence="sure",
            rule="date.holiday",
            wording="holiday",
        )
