"""Institutions announced by a cue: employers, schools, places of care, hospital acronyms."""

from collections.abc import Iterator

from deid import lexicon
from deid.text import institutions
from deid.text.document import Finding
from deid.text.institutions import Kind
from deid.text.scanning import scan
from deid.text.tokens import TextView

_EMPLOYER = Kind("employer", "employer")
_SCHOOL = Kind("school", "school")
_HOSPITAL = Kind("organization", "hospital")
_CLINIC = Kind("organization", "clinic")
_PHARMACY = Kind("organization", "pharmacy")

_EMPLOYER_CUE = scan(
    r"\b(?:work(?:s|ed|ing)? (?:for|at)|employed (?:by|at|with)|employer:?|laid off from|"
    r"retired from|fired from|off from|job (?:at|with)|employee of|staff at|manager at|"
    r"driver for|owner of|owns|run by|hired by|insured through|workplace:?|"
    r"volunteers? (?:at|for)|an? [a-z]{3,14}(?: [a-z]{3,14})? (?:for|at)) {1,2}"
)
_SCHOOL_CUE = scan(
    r"\b(?:attend(?:s|ed|ing)?|goes to|student at|pupil at|enrolled at|studies at|teaches at|"
    r"(?:grade|year|reception)(?: \d{1,2})? (?:at|in)|graduated from|daycare (?:at|near)|"
    r"teacher at) {1,2}"
)
_CARE_CUE = scan(
    r"\b(?:seen|treated|admitted|evaluated|observed|hospitali[sz]ed|diagnosed|surgery|"
    r"visit(?:ed)?|presented|conducted|performed|done|carried out|care|followed|session|"
    r"appointment|operated|born|transferred|discharged|tests?) (?:at|to|from) (?:our |the )?"
)
_CARE_PLACE = scan(
    r"\b(?:our|the|their|your) (?P<n>(?:[A-Z][A-Za-z']+ ){1,3})(?:clinic|office|branch|hospital|"
    r"med center|medical center|campus|site|practice|facility|location|center)\b"
)
_ACRONYM_CUE = scan(
    r"(?<![\w/])(?:at|to|from|@|->) {1,2}(?P<n>[A-Z]{3,6})(?![\w/&-])"
)  # fmt: skip
#: an acronym before a ward or a bed is a hospital
_ACRONYM_WARD = scan(
    r"(?<![\w/])(?P<n>[A-Z]{3,6})(?= (?:\d{1,2} ?(?:North|South|East|West|[NSEW])\b|"
    r"(?i:ward|tower|ccu|micu|sicu|nicu|picu|room|rm|bed)\b|the [A-Z][a-z]+ Unit\b))"
)
_STORE = scan(r"(?<!\w)[A-Z][A-Za-z]{2,20}(?: [A-Z][A-Za-z]{2,20}){0,2} # ?\d{2,6}\b", signs=("#",))


def find(view: TextView) -> Iterator[Finding]:
    """Yield every institution that a cue announces; only where capitals tell something."""
    if view.style != "mixed":
        return
    for cue, kind in ((_EMPLOYER_CUE, _EMPLOYER), (_SCHOOL_CUE, _SCHOOL), (_CARE_CUE, _HOSPITAL)):
        for match in view.scan(cue):
            yield from _after_cue(view, match.end(), kind)
    yield from _places_of_care(view)
    for match in (*view.scan_plain(_ACRONYM_CUE), *view.scan_plain(_ACRONYM_WARD)):
        if not _is_abbreviation(match["n"].lower()):
            yield institutions.found(*match.span("n"), _HOSPITAL, "org.acronym")


def _places_of_care(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_CARE_PLACE):
        if not all(w in institutions.GENERIC for w in match["n"].lower().split()):
            start, end = match.span("n")
            yield institutions.found(start, end - 1, _CLINIC, "org.cue")
    for match in view.scan_plain(_STORE):
        if not lexicon.is_ordinary(match.group().split(" ")[0].lower()):
            yield institutions.found(*match.span(), _PHARMACY, "org.store")


def _is_abbreviation(word: str) -> bool:
    return word in lexicon.words("abbreviations") or (
        len(word) > 3 and word in lexicon.ambiguous_names()
    )


def _after_cue(view: TextView, position: int, kind: Kind) -> Iterator[Finding]:
    """Read the capitalized words that follow a cue as one name."""
    index = view.index_at(position)
    tokens = view.tokens[index : index + 6]
    if not tokens or view.plain[position : tokens[0].start].strip(" \"'("):
        return
    start, end, named = tokens[0].start, position, False
    for token in tokens:
        if end > position and not institutions.joins(view, end, token.start):
            break
        if token.lower in ("the", "of") and not (token.lower == "of" and not named):
            end = token.end
            continue
        acronym = kind is _HOSPITAL and token.shouting and token.lower not in ("er", "ed", "icu")
        if not (token.capitalized and (acronym or institutions.belongs(view, token))):
            break
        end, named = token.end, True
    if named and _telling(view, start, end):
        yield institutions.found(start, end, kind, "org.cue")


def _telling(view: TextView, start: int, end: int) -> bool:
    words = [w for w in view.lower[start:end].split() if w not in institutions.LOWER_INSIDE]
    return any(
        w not in lexicon.words("abbreviations") and w not in lexicon.words("regions") for w in words
    )
