"""People named by a cue: a title, a label, a kin word, a role, or what was done with them."""

import re
from collections.abc import Iterator, Mapping

from deid import known_context, lexicon
from deid.lexicon import word_set
from deid.text import name_cues, name_words
from deid.text.document import Finding
from deid.text.name_cues import Cue
from deid.text.tokens import TextView, Token

_TITLES: Mapping[str, str] = {
    **dict.fromkeys(
        word_set(
            "mr mrs ms miss mx messrs mme mlle sra srta senora herr frau smt shri sri kumari "
            "begum madam mstr"
        ),
        "person",
    ),
    **dict.fromkeys(word_set("dr drs dre dra doctor doc prof professor"), "clinician"),
    **dict.fromkeys(
        word_set(
            "rev fr ofc sgt sir dame judge hon atty capt cpl lt lieut maj pte pvt lord lady "
            "canon rabbi imam"
        ),
        "person",
    ),
}
_MILLISECONDS = re.compile(r"\d ?\Z")
_TITLE_GAP = re.compile(r"\.?\s{1,2}")
_GAP = re.compile(r"\s?(?:is\b|was\b|-|named\b|\|)?\s{0,2}(?P<colon>:?)\s{0,3}[\"'(]?(?=[^\W\d_])")
_LONE_INITIAL = re.compile(r"[A-Z](?![\w'])\.?")
_LINK = re.compile(r", (?:and\s)?|\s(?:and|&|or)\s|\s?/\s?")
#: "Dear Dr. Oake,\nDella is stable": another person, of whom something is said
_NEXT_LINE = re.compile(r", ?\s?\n\s{0,4}(?=[^\W\d_])")
_ROLE_WORD = re.compile(r"(?:ist|ian|geon|trar|low|dent|ant|tor|ician|ologist|dical|gical|care)$")
_EPONYM_ROOM = 26
#: a gap ("is", quotes, a bracket) and particles ("van der") before the capital of a name
_NAME_ROOM = 40


def find(view: TextView) -> Iterator[Finding]:
    """Yield every name that a title or another cue announces."""
    cues = name_cues.cues()
    skip_to = 0
    for token in view.tokens:
        base = _TITLES.get(token.lower)
        if base:
            yield from _titled(view, token, base)
        rows = cues.get(token.lower)
        if rows and token.start >= skip_to and not _inside_word(view, token):
            for finding in _labeled(view, token, rows):
                skip_to = max(skip_to, finding.start)
                yield finding


def _inside_word(view: TextView, token: Token) -> bool:
    return view.lower[token.start - 1 : token.start] in ("'", "-", "_", "@")


def _titled(view: TextView, token: Token, base: str) -> Iterator[Finding]:
    if token.text == "ms" and _MILLISECONDS.search(
        view.lower, max(0, token.start - 2), token.start
    ):
        return  # "QTc 478 ms. Flat T waves"
    if view.plain[max(0, token.start - 2) : token.start].strip(" ").isdigit():
        return  # "98 ms." are milliseconds
    gap = _TITLE_GAP.match(view.lower, token.end)
    name = name_words.read_name(view, gap.end(), trusted=True) if gap else None
    if name:
        name = _before_new_subject(view, name, base)
        yield _finding(name, "name.title", base)
        yield from _further(view, name[1], base)
    elif gap:
        initial = _LONE_INITIAL.match(view.plain, gap.end())
        if initial:
            yield _finding(initial.span(), "name.title", base)


def _labeled(view: TextView, token: Token, rows: tuple[Cue, ...]) -> Iterator[Finding]:
    for cue in rows:
        end = token.start + len(cue.words)
        if not view.lower.startswith(cue.words, token.start):
            continue
        following = view.lower[end : end + 1]
        if following.isalnum() or following in ("'", "-") or not _has_name_room(view, end):
            continue
        gap = _GAP.match(view.lower, end)
        if gap is None:
            continue
        name = name_words.read_name(view, gap.end(), trusted=_trusted(cue, gap))
        if name and _believable(view, name, cue):
            name = _before_new_subject(view, name, cue.base)
            yield _finding(name, "name.label", cue.base)
            yield from _further(view, name[1], cue.base)
            return


def _has_name_room(view: TextView, end: int) -> bool:
    """Return whether a capital stands near enough; where capitals tell nothing, always."""
    return view.style == "lower" or not view.plain[end : end + _NAME_ROOM].islower()


def _trusted(cue: Cue, gap: re.Match[str]) -> bool:
    if gap["colon"] or '"' in gap.group():
        return True
    dashed = "-" in gap.group() or "|" in gap.group()
    return cue.strength == "strong" and (not dashed or cue.words == "attending")


def _believable(view: TextView, name: tuple[int, int], cue: Cue) -> bool:
    start, end = name
    if known_context.eponym_follows(view.lower[end : end + _EPONYM_ROOM]):
        return False
    token = view.tokens[view.index_at(start)]
    if cue.strength != "strong":
        return _looks_like_name(view, token, end, cue)
    if _ROLE_WORD.search(token.lower) and lexicon.is_ordinary(token.lower):
        return name_words.is_listed(token.lower)
    return True


def _looks_like_name(view: TextView, token: Token, end: int, cue: Cue) -> bool:
    single, listed = token.end >= end, name_words.is_listed(token.lower)
    if not (single and lexicon.is_ordinary(token.lower)):
        # after a mere preposition an unknown word is left to default deny: likely, not sure
        return not single or cue.strength != "mere" or listed
    if cue.words in ("and", "as", "for") or view.style != "mixed" or token.shouting:
        return False
    thing = cue.words in ("by", "via") and re.match(r" [a-z]", view.plain[end : end + 2])
    return listed and not thing


def _before_new_subject(view: TextView, name: tuple[int, int], base: str) -> tuple[int, int]:
    """ "Dr. Oake, Della is stable" are two people, "Dr. Oake, Della" is one."""
    start, end = name
    comma = view.plain.find(",", start, end)
    if base != "clinician" or comma < 0 or not name_words.is_subject(view, end):
        return name
    return start, comma


def _further(view: TextView, end: int, base: str) -> Iterator[Finding]:
    """Names in a row after one cue: "Guy and Kent", "Cordova/Love", "Ada, Bo and Cy"."""
    for _ in range(4):
        link = _LINK.match(view.lower, end)
        if not link:
            yield from _on_next_line(view, end)
            return
        name = name_words.read_name(view, link.end(), trusted=False)
        if not name and link.group() == "/":
            name = name_words.read_name(view, link.end(), trusted=True)
        if not name:
            return
        if link.group() == ", " and name_words.is_subject(view, name[1]):
            yield _finding(name, "name.label", "person")
            return
        yield _finding(name, "name.label", base)
        end = name[1]


def _on_next_line(view: TextView, end: int) -> Iterator[Finding]:
    """The one whom a letter speaks of right after its greeting."""
    link = _NEXT_LINE.match(view.plain, end)
    name = name_words.read_name(view, link.end(), trusted=False) if link else None
    if name and name_words.is_subject(view, name[1]):
        yield _finding(name, "name.label", "person")


def _finding(name: tuple[int, int], rule: str, base: str) -> Finding:
    start, end = name
    return Finding(start=start, end=end, category="name", confidence="sure", rule=rule, base=base)
