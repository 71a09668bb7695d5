"""Dates read aloud, in other languages, misread by a scanner, or told by day of the month "
"alone."""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from deid.text import calendar_words
from deid.text.calendar_words import MONTH, WEEKDAY
from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView
from deid.text.written_dates import SeenDate, WrittenDate, is_day


def _split(words: str) -> list[str]:
    return words.split()


_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = _split("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = _split(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_VALUES: Mapping[str, int] = {
    **{word: n for n, word in enumerate(_UNITS, 1)},
    **{word: n for n, word in enumerate(_TEENS, 10)},
    **{word: 10 * n for n, word in enumerate(_TENS, 2)},
    **{word: n for n, word in enumerate(_ORDINALS, 1)},
    "thirtieth": 30,
}
_DAY = (
    r"(?:(?:twenty|thirty)[ -](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|"
    + "|".join(_ORDINALS)
    + "|thirtieth)"
)
_PAIR = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)}|"
    rf"oh[ -](?:{'|'.join(_UNITS)}))"
)
_YEAR = (
    rf"(?:(?:nineteen|twenty)[ -]{_PAIR}|two thousand(?: and)?(?: (?:{_PAIR}|"
    rf"{'|'.join(_UNITS)}))?)"
)
_SPOKEN = (
    scan(rf"\b(?P<m>{MONTH}),? (?:the )?(?P<d>{_DAY})\b(?:,? (?:of )?(?P<y>{_YEAR})\b)?"),
    scan(rf"\b(?:the )?(?P<d>{_DAY}) (?:day )?(?:of )?(?P<m>{MONTH})\b(?:,? (?P<y>{_YEAR})\b)?"),
    scan(rf"\b(?P<m>{MONTH})(?: of)? (?P<d>)(?P<y>{_YEAR})\b"),
    # the first of "third and ninth of November", the last of "November third and ninth"
    scan(
        rf"\b(?:the )?(?P<d>{_DAY})(?= (?:and|or|to|until|through) (?:the )?{_DAY} (?:day )?"
        rf"(?:of )?(?P<m>{MONTH})\b(?:,? (?P<y>{_YEAR})\b)?)"
    ),
    scan(
        rf"\b(?P<m>{MONTH}),? (?:the )?{_DAY} (?:and|or|to|until|through) (?:the )?"
        rf"(?P<d>{_DAY})\b(?:,? (?:of )?(?P<y>{_YEAR})\b)?"
    ),
)
#: beginnings of month names in French, Spanish, Portuguese, Italian, German, Dutch and Welsh
_FOREIGN: Mapping[str, int] = {
    "janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7,
    "aout": 8, "septembre": 9, "octobre": 10, "novembre": 11, "decembre": 12,
    "enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7,
    "agosto": 8, "septiembre": 9, "setiembre": 9, "octubre": 10, "noviembre": 11, "diciembre": 12,
    "janeiro": 1, "fevereiro": 2, "marco": 3, "maio": 5, "junho": 6, "julho": 7, "setembro": 9,
    "outubro": 10, "dezembro": 12, "gennaio": 1, "febbraio": 2, "aprile": 4, "maggio": 5,
    "giugno": 6, "luglio": 7, "settembre": 9, "ottobre": 10, "dicembre": 12, "januar": 1,
    "februar": 2, "marz": 3, "juni": 6, "juli": 7, "oktober": 10, "dezember": 12, "januari": 1,
    "februari": 2, "maart": 3, "mei": 5, "augustus": 8, "ionawr": 1, "chwefror": 2, "mawrth": 3,
    "ebrill": 4, "mehefin": 6, "gorffennaf": 7, "awst": 8, "medi": 9, "hydref": 10,
    "tachwedd": 11, "rhagfyr": 12,
}  # fmt: skip
_FOREIGN_DATE = scan(
    rf"(?<![\d/.-])(?P<d>\d{{1,2}})(?:er|\.|º)?(?: de)? (?P<m>{'|'.join(_FOREIGN)})(?:(?: de| "
    rf"del)?,? "
    r"(?P<y>(?:19|20)\d\d))?(?!\w)"
)
#: a scanner reads 0 as O, 1 as l or I, 5 as S
_SCANNED = scan(
    r"(?<![\w/.-])(?P<a>[0-3oil]?[\doils])(?P<s>[/.-])(?P<b>[0-3oil]?[\doils])(?P=s)"
    r"(?P<y>[12il][9o0][\doils]{2}|[\doils]{2})(?![\w/-])"
)
_SCANNED_DAY = scan(
    rf"\b(?P<m>{MONTH})\.? (?P<d>[0-3oil]?[\doils]),? (?P<y>[12il][9o0][\doils]{{2}})(?!\w)"
)
_READ = str.maketrans("oils", "0115")
_SHORT_YEAR = scan(rf"\b(?P<m>{MONTH})\.?(?: of)? '(?P<y>\d\d)(?!\d|\w)")
_DOTTED = scan(r"(?<![\d.])(?P<a>\d)\.(?P<b>\d\d)\.(?P<y>\d\d)(?![\d.]|\s?(?:mg|ml|%))")

_BORN = scan(
    r"\b(?:dob|d\.o\.b\.?|born|date of birth|birth ?date|birthday)\W{0,3}(?:on )?"
    r"(?P<a>\d{1,2})(?P<s>[./ -])(?P<b>\d{1,2})(?P=s)(?P<y>(?:19|20)?\d\d)(?!\d)"
)
_SEASONS: Mapping[str, int] = {"spring": 4, "summer": 7, "autumn": 10, "fall": 10, "winter": 1}
_SEASON = scan(
    r"\b(?:early |late |mid-?)?(?P<m>spring|summer|autumn|fall|winter)(?: of|,)? (?P<y>(?:19|"
    r"20)\d\d)\b"
)
_NOT_A_DAY = (
    r"(?!\s(?:percentile|centile|rib|nerve|cranial|week|wk|month|day|time|times|floor|fl\b|"
    r"grade|degree|"
    r"birthday|of|metatarsal|metacarpal|digit|finger|toe|ray|ventricle|trimester|attempt|dose|"
    r"cycle|"
    r"line|stage|generation|cousin|admission|visit|episode|intercostal|ics|vertebra|and|or|to|"
    r"hour|"
    r"pod|heart|person|opinion|party|year|yr|pregnancy|child|line|space|molar|try|round|st\b|"
    r"street|"
    r"ave))"
)
_ORDINAL_DAY = scan(
    r"\b(?:on|by|before|until|till|til|since|from|after|due|for|through|thru|around|about|was|"
    r"is|the)"
    rf" (?P<n>the (?:[12]?\d|3[01])(?:st|nd|rd|th))\b{_NOT_A_DAY}"
)
_SPOKEN_SIGNS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "teenth", "tieth", "nineteen", "twenty", "two thousand",
)  # fmt: skip
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMAN_DATE = scan(
    r"(?<!\d)(?P<d>\d{1,2})[./-]\s?(?P<m>x?i{1,3}|i?[vx]|vi{1,3}|xi?)[./-]\s?(?P<y>(?:19|"
    r"20)\d\d)(?!\d)"
)
_DAY_OF_YEAR = scan(r"\bday (?P<n>[1-3]?\d{1,2}(?:/| of )(?:19|20)\d\d)(?!\d)")
_SLASH_SHORT = scan(r"(?<!\d)(?P<m>0?[1-9]|1[0-2])/'(?P<y>\d\d)(?!\d)")
_PLAIN_DAY = scan(
    r"\b(?<=[a-z] )(?<!of )(?<!in )(?P<n>the (?:[12]?\d|3[01])(?:st|nd|rd|th))(?=[.,;?!](?:\s|$)|"
    r" for | at )"
)
_WEEKDAY_DAY = scan(
    rf"\b(?P<n>{WEEKDAY}\.?,? (?:the )?(?:[12]?\d|3[01])(?:st|nd|rd|th)(?: (?:inst|ult)\b)?)\b"
    rf"(?! (?:of )?{MONTH})"
)


def read(view: TextView, today: date, day_first: bool) -> Iterator[SeenDate]:
    """Yield dates that need more than digits and English month names to be read."""
    if view.has(_SPOKEN_SIGNS):
        yield from _spoken(view)
    if not view.digit_runs:
        return
    for match in view.scan(_FOREIGN_DATE):
        year = int(match["y"]) if match["y"] else None
        written = WrittenDate(year=year, month=_FOREIGN[match["m"]], day=int(match["d"]))
        if (year or match["m"] not in ("mars", "mai", "mei", "medi", "marco")) and _exists(written):
            yield SeenDate(match.start(), match.end(), written, "other_language")
    yield from _scanned(view, today, day_first)
    yield from _numbered(view, today)
    yield from _born(view, today, day_first)
    yield from _months(view, today)


def _months(view: TextView, today: date) -> Iterator[SeenDate]:
    """Months with a short year and seasons: "March '25", "spring of 2017"."""
    for match in view.scan(_SHORT_YEAR) if "'" in view.lower else ():
        year = calendar_words.full_year(match["y"], today)
        written = WrittenDate(year=year, month=calendar_words.month_number(match["m"]))
        yield SeenDate(match.start(), match.end(), written, "month_year")
    for match in view.scan(_SEASON):
        written = WrittenDate(year=int(match["y"]), month=_SEASONS[match["m"]])
        yield SeenDate(match.start(), match.end(), written, "season")


def _numbered(view: TextView, today: date) -> Iterator[SeenDate]:
    """ "14.XI.2026" and "3/'21"."""
    for match in view.scan(_ROMAN_DATE):
        if match["m"] in _ROMAN:
            written = WrittenDate(
                year=int(match["y"]), month=_ROMAN.index(match["m"]) + 1, day=int(match["d"])
            )
            if _exists(written):
                yield SeenDate(match.start(), match.end(), written, "numeric")
    for match in view.scan(_SLASH_SHORT) if "'" in view.lower else ():
        year = calendar_words.full_year(match["y"], today)
        written = WrittenDate(year=year, month=int(match["m"]))
        yield SeenDate(match.start(), match.end(), written, "month_year")


def _born(view: TextView, today: date, day_first: bool) -> Iterator[SeenDate]:
    for match in view.scan(_BORN):
        born = _as_scanned(match, today, day_first or match["s"] == ".")
        if born:
            yield SeenDate(match.start("a"), match.end(), born, "birth")


def _spoken(view: TextView) -> Iterator[SeenDate]:
    for pattern in _SPOKEN:
        for match in view.scan(pattern):
            day = _number(match["d"]) if match["d"] else None
            year = _year(match["y"]) if match["y"] else None
            month = calendar_words.month_number(match["m"])
            written = WrittenDate(year=year, month=month, day=day)
            if _exists(written):
                yield SeenDate(match.start(), match.end(), written, "spoken")


def _scanned(view: TextView, today: date, day_first: bool) -> Iterator[SeenDate]:
    for match in (*view.scan(_DOTTED), *view.scan(_SCANNED)):
        written = _as_scanned(match, today, day_first)
        if written:
            yield SeenDate(match.start(), match.end(), written, "scanned")
    yield from _scanned_days(view)


def _scanned_days(view: TextView) -> Iterator[SeenDate]:
    for match in view.scan(_SCANNED_DAY):
        if any(c.isalpha() for c in match["d"] + match["y"]):
            written = WrittenDate(
                year=int(match["y"].translate(_READ)),
                month=calendar_words.month_number(match["m"]),
                day=int(match["d"].translate(_READ)),
            )
            if _exists(written):
                yield SeenDate(match.start(), match.end(), written, "scanned")


def _as_scanned(match: re.Match[str], today: date, day_first: bool) -> WrittenDate | None:
    digits = sum(c.isdigit() for c in match.group())
    if digits < 3 or (match.re is _SCANNED.pattern and digits == len(match.group()) - 2):
        return None
    a, b = (int(match[g].translate(_READ)) for g in ("a", "b"))
    year = calendar_words.full_year(match["y"].translate(_READ), today)
    for month, day in ((b, a), (a, b)) if day_first else ((a, b), (b, a)):
        if 1 <= month <= 12 and is_day(year, month, day):
            return WrittenDate(year=year, month=month, day=day)
    return None


def _exists(written: WrittenDate) -> bool:
    return written.day is None or is_day(written.year, written.month, written.day)


def _number(words: str) -> int:
    return sum(_VALUES.get(word, 0) for word in re.split(r"[ -]", words))


def _year(words: str) -> int:
    if words.startswith("two thousand"):
        return 2000 + _number(words.removeprefix("two thousand"))
    century = "nineteen" if words.startswith("nineteen") else "twenty"
    return (1900 if century == "nineteen" else 2000) + _number(words.removeprefix(century))


def find_days(view: TextView) -> Iterator[Finding]:
    """Yield days of a month that is not named: "the 15th", "Weds 9th"."""
    lower = view.lower
    for match in view.scan(_DAY_OF_YEAR):
        yield Finding(
            start=match.start("n"),
            end=match.end("n"),
            category="date",
            confidence="sure",
            rule="date.day_of_year",
            wording="date",
        )
    if not any(lower[end : end + 2] in ("st", "nd", "rd", "th") for _start, end in view.digit_runs):
        return
    for pattern in (_ORDINAL_DAY, _PLAIN_DAY, _WEEKDAY_DAY):
        for match in view.scan(pattern):
            yield Finding(
                start=match.start("n"),
                end=match.end("n"),
                category="date",
                confidence="sure",
                rule="date.day_of_month",
                wording="date",
            )
