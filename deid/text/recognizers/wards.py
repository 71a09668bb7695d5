"""Wards, bays, pods and cells by name or number, where a label or a move announces them."""

import re
from collections.abc import Iterable, Iterator

from deid import lexicon
from deid.text import institutions, name_words
from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_KIND = (
    r"(?:ward|unit|wing|pod|bay|cell|block|floor|suite|bed|room|rm|station|cubicle|chair|slot|"
    r"side ?room)"
)
#: "Pod C bed 9", "Unit 3 cell 14"
_PAIR = scan(
    rf"(?<![\w-]){_KIND} ?#?(?:[a-z]?\d{{1,4}}[a-z]?|[a-z])(?:[ ,/-]{{1,2}}{_KIND} "
    rf"?#?(?:[a-z]?\d{{1,4}}[a-z]?|[a-z])){{1,2}}(?![\w])"
)
#: "Ward: Fellside", "admitted to ward Fellside"
_LABELED = scan(
    r"\b(?:Ward|WARD|ward|Unit:|UNIT:|Location:|Loc:|"
    r"LOC:)[:\s]{1,3}(?P<n>(?:[A-Z][A-Za-z'-]{2,16})(?: [A-Z][A-Za-z'-]{2,16})?)"
)
#: stands before "7W" and "4 SOUTH"
_MOVE = re.compile(
    r"(?:\b(?:to|from|on|in|via|floor|unit|location:?|loc:?|bed:?|dispo:?|transferred|stepdown|"
    r"then)|->)\s{1,2}(?:the )?\Z"
)
_CODED = scan(
    r"(?<!\d)(?P<n>\d{1,2} ?(?:[nsew]{1,2}|north|south|east|west|tower|main|[a-d])"
    r"(?: ?(?:bed|rm|room)? ?\d{1,3}[a-z]?)?)(?![\w/%]|\.\d)"
)
_BED_TEXT = (
    r" ?(?:bed|rm|room|bay|#)? ?#?\d{1,3}[a-z]?)(?![\w/.%-]|\s?(?:days?|hours?|hrs?|"
    r"h\b|x\b|mg|ml))"
)
_ICU_BED = scan(r"(?<![\w-])(?P<n>[a-z]{1,3}icu" + _BED_TEXT, signs=("icu",))
_CARE_BED = scan(
    r"(?<![\w-])(?P<n>(?:ccu|icu|hdu|itu|pacu|mau|amu|sau|eau|cdu|obs|nicu|ed|er|l&d|snf)"
    + _BED_TEXT
)
_AFTER_MOVE = scan(
    r"\b(?:[Rr]ecovery|PACU|[Tt]heatre|ED|A&E|ICU|ITU) (?:then|to|->|and then) "
    r"(?P<n>[A-Z][a-z]{2,16}(?: (?:Ward|Unit|Suite|Wing))?)(?![\w-])"
)
_FLAT = scan(
    r"(?:^|[|,:\n(-]|\b(?:to|on|from|in|obs|dispo|loc))\s?(?P<n>\d{1,2} (?:north|south|east|"
    r"west|tower)|"
    r"[a-z]{3,14} (?:ward|unit|suite|wing))(?=\s?(?:[|,.;:\n)]|room|rm|bed|$))"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield wards and beds."""
    for match in view.scan(_PAIR):
        yield _finding(*match.span())
    if view.digit_runs:
        yield from _numbered(view)
    if view.style != "mixed":
        yield from _named(view.scan(_FLAT))
    yield from _named(view.scan_plain(_LABELED))
    yield from _named(view.scan_plain(_AFTER_MOVE))


def _numbered(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_CODED):
        start = match.start()
        moved = _MOVE.search(view.lower, max(0, start - 18), start)
        if moved and _written_as_ward(view, match):
            yield _finding(*match.span("n"))
    yield from _icu_beds(view)


def _named(matches: Iterable[re.Match[str]]) -> Iterator[Finding]:
    for match in matches:
        if match["n"][0].isdigit() or _is_ward_name(match["n"]):
            yield _finding(*match.span("n"))


def _icu_beds(view: TextView) -> Iterator[Finding]:
    for match in (*view.scan(_ICU_BED), *view.scan(_CARE_BED)):
        written = view.plain[match.start("n") : match.end("n")]
        numbered = re.search(r"(?:bed|rm|room|bay|#)", match["n"])
        plain_er = match["n"].startswith(("ed ", "er ", "obs"))
        if (written[:2].isupper() or view.style == "lower") and (numbered or not plain_er):
            yield _finding(*match.span("n"))


def _written_as_ward(view: TextView, match: re.Match[str]) -> bool:
    """ "7W" and "4 South" are wards; "2 days", "3 d" and "5 w" are not."""
    written = view.plain[match.start("n") : match.end("n")]
    letters = "".join(c for c in written if c.isalpha())
    if len(letters) > 2:
        return letters[0].isupper() or view.style == "lower"
    return letters.isupper() and (
        letters not in ("S", "D", "W", "N", "C", "A") or " " not in written
    )


def _is_ward_name(name: str) -> bool:
    words = name.lower().split()
    return not any(w in institutions.GENERIC for w in words) and not all(
        w in lexicon.words("headings")
        or w in name_words.NEVER
        or w in lexicon.words("abbreviations")
        for w in words
    )


def _finding(start: int, end: int) -> Finding:
    return Finding(
        start=start, end=end, category="unit", confidence="sure", rule="place.ward", base="ward"
    )
