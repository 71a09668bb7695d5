"""Whether a known identifier really stands where its letters were found."""

import re
from typing import NamedTuple

from deid import known_context, lexicon
from deid.folding import FoldedText
from deid.known_variants import Pattern
from deid.lexicon import word_set

# Characters that may stand between the letters of one value without breaking it.
_WORD_GAPS = frozenset(" \t\n.,'-_/\u00b7@:#&+")
_CODE_GAPS = frozenset(" \t\n.-/()+,_:|'")
_ID_CUE = ("mrn", "no", "number", "id", "#", "record", "patient", "pt", "chart", "case", "acct",
           "account", "h/n", "hospital")  # fmt: skip
_CITY_CUES = (" in", " from", " of", " near", " to", " at", ",", "city", "lives", "address")
_SMALL_WORDS = word_set("of the and for at de la del on in by und van von")
#: a hyphen at the end of a line, also with what mail programs and editors add there
_SOFT_BREAK = re.compile(r"[-=\u00ac]\s{0,20}\Z|['] ?\Z")
_PARTED = frozenset({" ", ".", ". "})
_BORN_CUE = re.compile(
    r"(?:\bd\.?o\.?b\b|\bborn\b|\bbirth ?(?:day|date)?\b|\bb-?day\b)[^.;\n\d]{0,16}\Z"
)
_TAIL_CUE = re.compile(
    r"(?:\blast (?:4|four)\b[^.;\n]{0,30}|\b(?:ends?|ending)(?: (?:in|with))?\W{0,3}|"
    r"\b(?:ssn|social(?: security)?(?: number| no\.?)?|mrn|acct|account|member id|policy(?: no\.?)?"
    r"|subscriber)\b[^.;\n\d]{0,14}|[x*#\u2022]{2}[-\s]?)\Z"
)
_OWN_TOKEN = re.compile(r"\[[a-z]{2,20}(?: [a-z]{2,20}){0,2} \Z")
_AT = re.compile(r"\b(?:at|to|from|via|@) \Z")
#: a run that only a machine or a user name has
_RUN = re.compile(r"[\w.+-]{1,80}")
_RUN_BEFORE = re.compile(r"[\w.+-]{0,60}\Z")
#: what begins longer surnames: McDonald is nobody called Donald
_PREFIXES = word_set("mc mac de di du da la le van von o fitz ben al el san st saint")
_SHORTEST_INSIDE = 5
_SHORTEST_HIDDEN = 7


class Place(NamedTuple):
    """Where letters were found, in offsets of the folded text."""

    folded: FoldedText
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Place({self.start}-{self.end})"

    @property
    def written(self) -> str:
        """The stretch without capitals, with everything between its letters."""
        return self.folded.lower[self.start : self.end]


def accepts(pattern: Pattern, place: Place, *, gate: bool) -> bool:
    """Return whether the pattern's letters mean its value here."""
    if pattern.unspaced:
        return place.end - place.start == len(pattern.key)
    if pattern.kind == "word":
        return _accept_word(pattern, place, gate=gate)
    if pattern.kind == "phrase":
        return _accept_phrase(pattern, place, gate=gate)
    if pattern.kind == "acronym":
        return not gate and _accept_acronym(place)
    if pattern.kind == "initials":
        return _accept_initials(pattern, place, gate=gate)
    return _accept_number(pattern, place)


def is_bounded(lower: str, start: int, end: int) -> bool:
    """Return whether no letter or digit touches the stretch."""
    return (start == 0 or not lower[start - 1].isalnum()) and (
        end == len(lower) or not lower[end].isalnum()
    )


def inside_handle(pattern: Pattern, place: Place) -> tuple[int, int] | None:
    """Return the whole user or file name around a name that letters or digits touch.

    "pschuster59", "EcgSchuster.pdf", "team_schusterfamily": a capital, a digit or the form of a
    user name parts the name from what touches it.
    """
    if pattern.category != "name" or pattern.ambiguous or len(pattern.key) < _SHORTEST_INSIDE:
        return None
    folded, start, end = place
    if not _gaps_allowed(place.written, _WORD_GAPS):
        return None
    parted = _parts_before(folded.plain, start) and _parts_after(folded.plain, start, end)
    hidden = len(pattern.key) >= _SHORTEST_HIDDEN and _in_user_name(folded.plain, start)
    if not (parted or hidden):
        return None
    while start and folded.lower[start - 1].isalnum():
        start -= 1
    while end < len(folded.lower) and folded.lower[end].isalnum():
        end += 1
    return start, end


def _parts_before(plain: str, start: int) -> bool:
    if start == 0 or not plain[start - 1].isalpha():
        return True
    if not plain[start].isupper() or not (
        plain[start - 1].islower() or plain[start + 1 : start + 2].islower()
    ):
        return False
    first = start
    while first and start - first < 8 and plain[first - 1].isalpha():
        first -= 1
    return plain[first:start].lower() not in _PREFIXES


def _parts_after(plain: str, start: int, end: int) -> bool:
    following = plain[end : end + 1]
    if not following.isalpha():
        return True
    last = plain[end - 1]
    return (following.isupper() and last.islower()) or (
        following.islower() and plain[start:end].isupper()
    )


def _in_user_name(plain: str, start: int) -> bool:
    """Return whether the run around has what words have not: a digit, an underscore, an @."""
    before = _RUN_BEFORE.search(plain, max(0, start - 60), start)
    first = before.start() if before else start
    run = _RUN.match(plain, first)
    if run is None:
        return False
    around = plain[max(0, first - 1) : run.end() + 1]
    return any(c in "@_" or c.isdigit() for c in around)


def _accept_word(pattern: Pattern, place: Place, *, gate: bool) -> bool:
    folded, start, end = place
    if end - start != len(pattern.key) and not _broken_word(pattern, place):
        return False
    if not pattern.ambiguous:
        return True
    if pattern.category == "city":
        return _city_context(folded, start, end)
    if _capital_says_name(pattern, folded.plain[start:end]):
        return True
    if gate:
        return known_context.in_name_context(folded, start, end)
    return known_context.stands_as_name(folded, start, end)


def _capital_says_name(pattern: Pattern, written: str) -> bool:
    """A name of this chart that is hardly a word ("Pearly", "Elisa", but not "ELISA")."""
    return (
        pattern.category == "name"
        and written[:1].isupper()
        and written[1:].islower()
        and pattern.key not in lexicon.everyday()
        and (len(pattern.key) >= 4 or _short_name(pattern.key))
    )


def _short_name(key: str) -> bool:
    """Return whether three letters are a first name and nothing else ("Ivo")."""
    return len(key) == 3 and key in lexicon.given_names() and key not in lexicon.ambiguous_names()


def _broken_word(pattern: Pattern, place: Place) -> bool:
    """A long word split by a hyphen, at a line end, at its apostrophe, or letter by letter."""
    if len(pattern.key) < 5:
        return False
    written = place.written
    pieces = re.split(r"[^\W_]+", written)[1:-1]
    if len(pieces) == 1:
        gap = pieces[0]
        if _SOFT_BREAK.match(gap) or (pattern.parted and gap in _PARTED):
            return True
        return gap == " " and len(pattern.key) > 5 and _no_words(written)
    return len(pieces) == len(pattern.key) - 1 and len(set(pieces)) == 1 and len(pieces[0]) < 5


def _no_words(written: str) -> bool:
    """Return whether neither half of a parted word is a word of its own."""
    return not any(len(half) > 1 and half in lexicon.vocabulary() for half in written.split())


def _accept_phrase(pattern: Pattern, place: Place, *, gate: bool) -> bool:
    folded, start, end = place
    if not _gaps_allowed(place.written, _WORD_GAPS):
        return False
    plain = folded.plain[start:end]
    # "li a" run together as "lia" proves nothing
    short = end - start == len(pattern.key) and len(pattern.key) < 6
    if short or not _initials_real(plain, folded, end):
        return False
    return not pattern.ambiguous or _written_as_phrase(pattern, plain, folded, gate=gate)


def _written_as_phrase(pattern: Pattern, plain: str, folded: FoldedText, *, gate: bool) -> bool:
    """Return whether plain words stand as a name: capitals, or so many of them in a row."""
    words = plain.split()
    if pattern.category == "organization" and len(words) > 3 and len(pattern.key) > 14:
        return True
    if not gate and folded.plain == folded.lower:  # a text without capitals proves nothing by them
        return min(map(len, words)) > 1
    return plain[0].isupper() and all(
        w[0].isupper() or w in _SMALL_WORDS for w in words if w[0].isalpha()
    )


def _initials_real(plain: str, folded: FoldedText, end: int) -> bool:
    """A closing single letter is an initial only as a capital ("Ferguson, d.o.b." is none)."""
    last = plain[-1]
    if len(plain) < 3 or plain[-2].isalnum() or not last.isalpha():
        return True
    if folded.plain[end : end + 1] in ("&", "/"):
        return False
    return last.isupper() or folded.plain == folded.lower or plain[-2] in "_."


def _accept_initials(pattern: Pattern, place: Place, *, gate: bool) -> bool:
    """ "R.O.H." is the patient; "ROH" too, unless it is a word or everything has capitals."""
    folded, start, end = place
    written = folded.plain[start:end]
    if not written.isupper():
        return False
    if len(written) == 2 * len(pattern.key) - 1 and set(written[1::2]) == {"."}:
        return True
    bare = len(written) == len(pattern.key) and not gate and not folded.plain.isupper()
    return bare and not lexicon.is_ordinary(pattern.key)


def _accept_acronym(place: Place) -> bool:
    """The capitals of an institution, after "at" or "to", in a text that also has small letters."""
    folded, start, end = place
    written = folded.plain[start:end]
    return (
        len(written) == len(re.sub(r"\W", "", written))
        and written.isupper()
        and bool(_AT.search(folded.lower, max(0, start - 6), start))
        and not folded.plain.isupper()
    )


def _accept_number(pattern: Pattern, place: Place) -> bool:
    lower, written = place.folded.lower, place.written
    before = lower[max(0, place.start - 44) : place.start]
    if pattern.kind == "tail":
        return len(written) == 4 and bool(_TAIL_CUE.search(before))
    if pattern.kind == "born":
        return _accept_after_cue(pattern, written, before)
    if not _gaps_allowed(written, _CODE_GAPS):
        return False
    if pattern.kind == "birth":
        if pattern.key.isdigit() and len(pattern.key) < 8:
            return _two_separators(written)
        return True
    return _accept_code(pattern, place, before)


def _accept_after_cue(pattern: Pattern, written: str, before: str) -> bool:
    if not _gaps_allowed(written, _CODE_GAPS) or not _BORN_CUE.search(before):
        return False
    return not pattern.key.isdigit() or len(pattern.key) == 6 or not written.isdigit()


def _accept_code(pattern: Pattern, place: Place, before: str) -> bool:
    lower, start, end = place.folded.lower, place.start, place.end
    if pattern.ambiguous:
        if lower[end : end + 1] == "]" and _OWN_TOKEN.search(before):
            return False  # "[hospital 1]" is ours
        head = before[-12:].rstrip(" :#.=-(\n")
        return end - start == len(pattern.key) and (
            head.endswith(_ID_CUE) or before[-2:].endswith("#")
        )
    if len(pattern.key) < 6 and end - start != len(pattern.key):
        return False
    if pattern.key.isdigit() and len(pattern.key) < 7:
        return not _part_of_number(lower, start, end)
    return True


def _two_separators(written: str) -> bool:
    """A date of birth in few digits must be written as one: 4/3/59, never 4359."""
    signs = [sign.strip() for sign in re.split(r"\d+", written)[1:-1]]
    return len(signs) == 2 and signs[0] == signs[1]


def _part_of_number(lower: str, start: int, end: int) -> bool:
    before, after = lower[max(0, start - 2) : start], lower[end : end + 2]
    return (before[-1:] in (".", ",", "/") and before[:1].isdigit()) or (
        after[:1] in (".", ",", "/", "%") and after[1:2].isdigit()
    )


def _gaps_allowed(written: str, allowed: frozenset[str]) -> bool:
    if written.isalnum():
        return True
    run = 0
    for c in written:
        if c.isalnum():
            run = 0
            continue
        run += 1
        if c not in allowed or run > 4:
            return False
    return True


def _city_context(folded: FoldedText, start: int, end: int) -> bool:
    if not folded.plain[start].isupper():
        return False
    before = folded.lower[max(0, start - 14) : start].rstrip()
    after = folded.lower[end : end + 12]
    return before.endswith(_CITY_CUES) or (after.startswith(",") and after[1:3].strip().isalpha())
