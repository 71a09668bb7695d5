"""Day and month without a year ("4/10"), told from scores, strengths, fractions and ratios."""

import re
from collections.abc import Iterator

from deid.text.calendar_words import WEEKDAY
from deid.text.scanning import scan
from deid.text.tokens import TextView
from deid.text.written_dates import SeenDate, WrittenDate, is_day

WEEKDAY_BEFORE = re.compile(rf"\b{WEEKDAY}\.?,?\s{{1,2}}\Z")
_BARE = scan(r"(?<![\d/.,-])(?P<a>\d{1,2})(?P<s>[/-])(?P<b>\d{1,2})(?![\d/%-]|[.,]\d)")
# A bare 4/10 is a score, a strength or a fraction unless something says that it is a date.
STRONG_CUE = re.compile(
    r"(?:\b(?:on|since|by|until|till|due|visit|attempt|fill(?:ed)?|admit(?:ted)?|discharged?|"
    r"d/c'?d?|"
    r"dated?|collected|placed|scheduled|seen|again|drawn|appt|appointment|night of|morning of|"
    r"week of|"
    r"hearing|started|stopped|lmp|edd|surgery|called|signed|discussed|change|duty|before|after|"
    r"next|compared (?:to|with)|dictated|typed|transcribed|reported|expires?|exp|done|taken|"
    r"repeat|removed|returns?|review|r/v|tca|received|resulted|reviewed|updated|rtc|rto|f/u|"
    r"ntd|out|downloads?|lkw|inr|visits?|through|"
    r"thru)|" + WEEKDAY + r")\.?\s?:?\s{1,2}\Z"
)
_WEAK_CUE = re.compile(
    r"\b(?:from|to|through|thru|and|of|last|ct|mri|pet|cxr|xr|echo|labs?|cultures?|note|at|"
    r"in)\s{1,2}\Z"
)
#: scores are out of 5 and 10, durations in 7ths, 12ths and 52nds (days, months, weeks)
_DENOMINATORS = frozenset({4, 5, 7, 10, 12, 52})
#: British acuity is written over 6 meters
_SNELLEN = 6
_SNELLEN_LINES = frozenset({4, 5, 6, 9, 12, 18, 24, 36, 60})
#: "cycle 9/8", "ratio 7/3": counted things
_COUNTED_BEFORE = re.compile(
    r"\b(?:day|cycle|week|wk|course|session|part|page|pg|item|set|sets|para|gravida|ratio|i:e|"
    r"block|"
    r"apgars?|needs?|scored?|vent\w{0,8}|settings?|rate|tooth|teeth|level|levels|curve|lens|"
    r"needle|size|"
    r"suture|french|gauge|ft|acuity|va|ph|pp|mcv|hgb|bottle|station)\b[ :#-]{0,3}\Z"
)
_DATED_THING = re.compile(r"\b(?:from|ct|mri|pet|cxr|xr|echo) \Z")
_CLOCK_BEFORE = re.compile(
    r"\b[0-2]\d[0-5]\d\s\Z|\d{1,2}:\d\d\s?(?:am|pm)?\s(?:on\s)?\Z|\d\s?[ap]m\s\Z"
)
_RANGE_CUE = re.compile(
    r"(?<![\d/])\d{1,2}/\d{1,2}(?:/\d{2,4})?\s?(?:-|to|through|thru|and|,)\s{0,2}\Z"
)
_SCORE_BEFORE = re.compile(
    r"\b(?:pain|strength|power|rated?|severity|score[sd]?|scale|apgars?|gcs|mmt|berg|moca|mmse|"
    r"motor|murmur|reflex(?:es)?|acuity|vision|t[34]|bp|sats?|arm|leg|flex\w*|ext\w*|hip|knee|"
    r"bottles|grade|stage|phq|gad|od|os|improved|worst|now|max|take)\b[^.;\n]{0,18}\Z"
)
_AFTER_BARE = re.compile(
    r"\A [0-2]\d[0-5]\d\b|"
    r"\A(?:\s{1,2}(?:at|@)?\s?(?:\d{1,2}:\d\d|\d{1,2}\s?[ap]m\b))|\A\s[A-Z]{3,},"
)
UNIT_AFTER = re.compile(
    r"\A\s?(?:mg|mcg|ml|g|kg|cm|mm|%|h\b|hr|hours?|x\b|tabs?|units?|puffs?|lle|rle|lue|rue|od\b|"
    r"os\b|"
    r"bilat|elsewhere|throughout|weeks?|days?|months?|years?|yo\b|y/o|power|inch|in\.|\"|murmur|"
    r"systolic|"
    r"diastolic|strength|of (?!\d)|normal|ns\b|cups?|pounds?|lbs?\b|positive|negative|neg\b|"
    r"pos\b|bottles?|"
    r"sets?\b|cycles?|doses?|criteria|nodes?|cores?|visits?|sessions?|points?|ratio|split|mix|"
    r"block|"
    r"nail|vicryl|prolene|monocryl|nylon|silk|ethilon|chromic|pds)"
)


def in_order(year: int | None, a: int, b: int, day_first: bool) -> tuple[int, int] | None:
    """Return month and day of two numbers as the text orders them, or the only way that "
    "exists."""
    for month, day in ((b, a), (a, b)) if day_first else ((a, b), (b, a)):
        if 1 <= month <= 12 and is_day(year, month, day):
            return month, day
    return None


def read(view: TextView, day_first: bool) -> Iterator[SeenDate]:
    """Yield every bare day and month; ``day_first`` says how other dates of the text are "
    "written."""
    for match in view.scan(_BARE):
        month_day = in_order(None, int(match["a"]), int(match["b"]), day_first)
        if month_day and _is_date(view, match):
            written = WrittenDate(month=month_day[0], day=month_day[1])
            yield SeenDate(match.start(), match.end(), written, "day_month")


def _is_date(view: TextView, match: re.Match[str]) -> bool:
    start = match.start()
    before = view.lower[max(0, start - 30) : start]
    if WEEKDAY_BEFORE.search(before):
        return True
    if match["s"] == "-":
        return False
    if STRONG_CUE.search(before):
        return not _SCORE_BEFORE.search(before[:-4])
    if _SCORE_BEFORE.search(before):
        return False
    return bool(_RANGE_CUE.search(before) or _CLOCK_BEFORE.search(before)) or _stands_as_date(
        view, match, before
    )


def _stands_as_date(view: TextView, match: re.Match[str], before: str) -> bool:
    text, start, end = view.lower, match.start(), match.end()
    timed = bool(_AFTER_BARE.match(view.plain[end : end + 14]))
    if timed or (_fits_weak_cue(match, before) and _announced(text, start, end)):
        return True
    return _reads_as_date(match) and not _COUNTED_BEFORE.search(before)


def _reads_as_date(match: re.Match[str]) -> bool:
    """Numbers that nobody writes for a score: "6/2", "08/02", "4/19"; 6/9 is a Snellen "
    "fraction."""
    a, b = int(match["a"]), int(match["b"])
    if match["s"] != "/" or a == b or (a == _SNELLEN and b in _SNELLEN_LINES):
        return False
    return (
        match["a"][0] == "0"
        or match["b"][0] == "0"
        or (a > b > 1)
        or (b > 7 and b not in (10, 12, 24))
    )


def _fits_weak_cue(match: re.Match[str], before: str) -> bool:
    """A number over a usual denominator is a score or a duration unless an image bears the "
    "date."""
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
