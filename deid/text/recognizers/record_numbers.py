"""Numbers of people, records, policies, accounts and devices: by cue, by pattern, by shape."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple, cast

from deid import lexicon
from deid.text.document import Category, Finding
from deid.text.scanning import Scan, scan
from deid.text.tokens import TextView, tried

_VALUE = r"(?P<n>(?=[\w/.-]{0,29}\d)[a-z0-9](?:[\w./-]{0,28}\w)?)"
_SEPARATOR = r"(?:\s?(?:no|num|number|nr|id|code|card)\b\.?)?\s{0,2}[:#=]?\s{0,3}[(#]?\s?"


_AFTER_CUE = re.compile(_SEPARATOR + _VALUE)
_MARK = re.compile(r" ?(?:no|num|number|id)\b| ?[#:]")

_SSN = scan(r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])")
_NHS = scan(r"(?<![\w-])\d{3}[- ]\d{3}[- ]\d{4}(?![\w-])")
#: prefixes as they are issued, and the one that forms show
_NINO = scan(
    r"(?<!\w)(?:[a-ceghj-prtw-z]{2}|qq)[\s.-]{0,2}\d{2}[\s.-]{0,2}\d{2}[\s.-]{0,2}\d{2}"
    r"[\s.-]{0,2}[a-d](?!\w)"
)
_MEDICARE = scan(r"(?<!\w)[1-9][a-z][a-z0-9]\d-?[a-z][a-z0-9]\d-?[a-z]{2}\d{2}(?!\w)")
_UDI = scan(r"\(01\)\d{14}(?:\(\d{2,3}\)[\w./-]{1,20}){0,5}")
_VIN = re.compile(r"\b(?=[a-hj-npr-z0-9]{17}\b)(?=[a-z]{0,16}\d)(?=\d{0,16}[a-z])\w{17}\b")
_UUID = scan(r"(?<!\w)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)")
_TRIPLE = scan(r"(?<![\w./-])\d{2}-\d{2}-\d{2}(?![\w/-])")
_CODE = re.compile(r"(?<![\w.])#?(?=[a-z_/-]{0,20}\d)[a-z0-9]+(?:[-_/][a-z0-9]+){0,5}(?![\w]|\.\d)")
#: the most that stands before the first digit of a code
_CODE_HEAD = 21
_CODE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_/-#")
_DATE_TIME = re.compile(r"(?:19|20)\d\d-\d\d-\d\dt?\d{0,2}$")
#: "SHA-256 fingerprint": of a file, not of a finger
_DIGEST_BEFORE = re.compile(
    r"\b(?:sha|sha-?\d{1,3}|md5|key|ssh|certificate|digest|hash)[ :-]{1,2}\Z"
)
_SERIAL = scan(r"(?<![A-Za-z])(?:sn|s/n)\s?#?:?\s?\d{5,}\b")
_VOICEPRINT = scan(
    r"(?<!sha-256 )(?<!sha256 )(?<!md5 )(?<!key )"
    r"\b(?:voiceprint|faceprint|fingerprint)\s(?:id\s)?(?=\w*\d)[\w-]{4,20}\b"
)
_SHAPES: tuple[tuple[Category, Scan], ...] = (
    ("national_id", _SSN),
    ("national_id", _NHS),
    ("health_plan", _MEDICARE),
    ("device", _UDI),
    ("other_id", _UUID),
    ("device", _SERIAL),
    ("biometric", _VOICEPRINT),
    ("record_number", _TRIPLE),
)
_QUANTITY_AFTER = re.compile(
    r"\A\s?(?:mg|mcg|ug|ng|ml|dl|l(?![\w.])|g(?![\w.])|kg|cm|mm|m(?![\w.])|%|units?\b|iu\b|miu|"
    r"u/|/ul|/mm|/ml|/l|copies|cells|"
    r"x10|k(?![\w.])|kcal|cal\b|steps|ppm|hz|bpm|mmhg|mmol|meq|hours?|hrs?|days?|weeks?|years?|"
    r"per\b|cfu|iu/)"
)
_COUNT_BEFORE = re.compile(
    r"(?:platelets?|plts?|wbc|rbc|load|count|cfu|copies|titer|titre|ferritin|ck|cpk|bnp|"
    r"nt-probnp|"
    r"troponin|dose|units|ldh|ast|alt|iu|x)\W{0,4}(?:of|was|is|=|:|>|<)?\s?\Z"
)


class _Cue(NamedTuple):
    words: str
    category: Category
    marked: bool


@cache
def _cues() -> Mapping[str, tuple[_Cue, ...]]:
    """Return the announcing words by their first word, the longest first."""
    grouped: dict[str, list[_Cue]] = {}
    for line in lexicon.words("number_cues"):
        category, words, mark = line.split(" | ")
        first = re.split(r"[^a-z]", words, maxsplit=1)[0]
        grouped.setdefault(first, []).append(
            _Cue(words, cast(Category, category), mark == "marked")
        )
    return {
        first: tuple(sorted(cues, key=lambda c: (-len(c.words), c.words, c.category)))
        for first, cues in grouped.items()
    }


def find(view: TextView) -> Iterator[Finding]:
    """Yield every number that could lead back to a person."""
    if not view.digit_runs:
        return
    yield from _announced(view)
    for category, shape in _SHAPES:
        for match in view.scan(shape):
            if shape is _NHS and not _nhs_check(match.group()):
                yield _finding(*match.span(), "other_id", "number.pattern")
            else:
                yield _finding(*match.span(), category, "number.pattern")
    yield from _with_letters(view)


def _with_letters(view: TextView) -> Iterator[Finding]:
    """Numbers that begin with letters."""
    text = view.lower
    for match in view.scan(_NINO):
        yield _finding(*match.span(), "national_id", "number.pattern")
    starts = tuple(_code_starts(view))
    for match in tried(_VIN, text, starts):
        yield _finding(*match.span(), "vehicle", "number.pattern")
    for match in tried(_CODE, text, starts):
        if _looks_issued(match.group(), text, match.start(), match.end()):
            yield _finding(match.start(), match.end(), "other_id", "number.shape")


def _code_starts(view: TextView) -> Iterator[int]:
    """Yield where a number with letters and joining signs before its first digit can begin."""
    text, after = view.lower, 0
    for digits, end in view.digit_runs:
        first, earliest = digits, max(after, digits - _CODE_HEAD)
        while first > earliest and text[first - 1] in _CODE_CHARACTERS:
            first -= 1
        yield from range(first, digits + 1)
        after = end


def _nhs_check(written: str) -> bool:
    """Modulus 11; a wrong check digit does not make a number harmless, only its kind unknown."""
    digits = [int(c) for c in written if c.isdigit()]
    weighted = sum(d * (10 - i) for i, d in enumerate(digits[:9]))
    return (11 - weighted % 11) % 11 == digits[9]


def _announced(view: TextView) -> Iterator[Finding]:
    text = view.lower
    cues = _cues()
    for token in view.tokens:
        first = token.lower
        for cue in cues.get(first, ()):
            end = token.start + len(cue.words)
            if not text.startswith(cue.words, token.start) or text[end : end + 1].isalpha():
                continue
            if cue.marked and not _MARK.match(text, end):
                continue
            if cue.category == "biometric" and _DIGEST_BEFORE.search(
                text, max(0, token.start - 20), token.start
            ):
                continue
            match = _AFTER_CUE.match(text, end)
            if match and _is_number(match["n"], text, match.end("n")):
                yield _finding(*match.span("n"), cue.category, "number.cue")
                break


def _is_number(value: str, text: str, end: int) -> bool:
    """After a cue almost everything with digits counts; quantities and short words do not."""
    digits = sum(c.isdigit() for c in value)
    if digits < 3 or _QUANTITY_AFTER.match(text[end : end + 8]):
        return False
    return not (value.count(".") == 1 and value.replace(".", "").isdigit())


def _looks_issued(code: str, text: str, start: int, end: int) -> bool:
    code = code.lstrip("#")
    if _DATE_TIME.match(code):
        return False
    digits = sum(c.isdigit() for c in code)
    if digits < 4 or _QUANTITY_AFTER.match(text[end : end + 8]):
        return False
    groups = code.replace("_", "-").replace("/", "-").split("-")
    if digits == len(code) - len(groups) + 1:
        return _digits_look_issued(code, groups, digits, text[max(0, start - 24) : start])
    if "/" in code:
        return False
    return digits >= 5 or any(len(g) >= 4 and not g.isalpha() for g in groups)


def _digits_look_issued(code: str, groups: list[str], digits: int, before: str) -> bool:
    if "/" in code or _COUNT_BEFORE.search(before):
        return False
    if len(groups) == 1:
        return digits >= 6
    if len(groups) == 2 and len(groups[0]) <= 5 and len(groups[1]) <= len(groups[0]) + 1:
        return digits >= 7 and groups[0] != groups[1] and len(groups[0]) != len(groups[1])
    return digits >= 6


def _finding(start: int, end: int, category: Category, rule: str) -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule)
