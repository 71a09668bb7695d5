"""People recognized by the name lists: first name + surname, "LAST, First", listed single "
"names."""

import re
from collections.abc import Iterator, Sequence

from deid import known_context, lexicon
from deid.text import name_words
from deid.text.document import Finding
from deid.text.tokens import TextView, Token

_HANDOFF = re.compile(r" (?:handoff|hand-off|sign-?out|at bedside|rounded)\b")
#: a titled surname before a comma ends there when something is said of the next name
_TITLED_BEFORE = re.compile(
    r"\b(?:dr|drs|doctor|prof|professor|by)\.?\s(?:[^\W\d_][\w'-]{0,20}\.?\s){0,3}\Z"
)
_TITLED_ROOM = 60
#: a comma and a space, or two spaces
_WIDEST_GAP = 2


def find(view: TextView) -> Iterator[Finding]:
    """Yield names that the lists know, where they do not stand as plain words."""
    yield from _pairs(view)
    for index in _indexes(view):
        token = view.tokens[index]
        if len(token.lower) > 2 and (_listed_alone(view, token) or _acting(view, token)):
            yield _finding(token.start, token.end, "name.listed")


def _indexes(view: TextView) -> Sequence[int]:
    """Where a name can stand: at capitals, unless there are none."""
    return range(len(view.tokens)) if view.style == "lower" else view.capitals


def _pairs(view: TextView) -> Iterator[Finding]:
    for index in _indexes(view):
        first, second = view.tokens[index - 1], view.tokens[index]
        if not index or second.start - first.end > _WIDEST_GAP:
            continue
        gap = view.plain[first.end : second.start]
        if gap == "/" and _side_by_side(view, first, second):
            yield _finding(first.start, second.end, "name.side_by_side")
        elif gap in (",", ", "):
            yield from _beside_comma(view, first, second)
        elif gap in (" ", "  ") and _first_last(view, first, second):
            start, end = _read(view, first, second)
            if "," in view.plain[second.end : end] and _titled(view, start, end):
                end = second.end
            yield _finding(start, end, "name.first_last")


def _beside_comma(view: TextView, first: Token, second: Token) -> Iterator[Finding]:
    if _two_people(view, first, second):
        yield _finding(second.start, second.end, "name.listed")
    elif _last_first(view, first, second):
        yield _finding(*_read(view, first, second), "name.last_first")


def _read(view: TextView, first: Token, second: Token) -> tuple[int, int]:
    """Return where the name of two such words begins and ends."""
    name = name_words.read_name(view, first.start, trusted=True)
    start, end = name or (first.start, second.end)
    return start, max(end, second.end)


def _two_people(view: TextView, first: Token, second: Token) -> bool:
    """ "Dr. Smith, Della is stable"."""
    return (
        _plausible(view, second)
        and second.lower in lexicon.given_names()
        and _titled(view, first.start, second.end)
    )


def _titled(view: TextView, start: int, end: int) -> bool:
    """Return whether a title stands before ``start`` and something is said behind ``end``."""
    before = view.lower[max(0, start - _TITLED_ROOM) : start]
    return name_words.is_subject(view, end) and bool(_TITLED_BEFORE.search(before))


def _side_by_side(view: TextView, first: Token, second: Token) -> bool:
    """ "Cordova/Love handoff": two surnames, at least one of which is nothing else."""
    pair = (first, second)
    return (
        view.style == "mixed"
        and all(len(t.text) > 2 and t.capitalized and not t.shouting for t in pair)
        and all(_surname_like(t) or t.lower in lexicon.given_names() for t in pair)
        and (
            not all(lexicon.is_ordinary(t.lower) for t in pair)
            or bool(_HANDOFF.match(view.lower, second.end))
        )
    )


def _plausible(view: TextView, token: Token) -> bool:
    if len(token.text) > 1 and token.lower in name_words.NEVER:
        return False
    if view.touches_digit(token):
        return False
    return token.capitalized or view.style == "lower"


def _first_last(view: TextView, first: Token, second: Token) -> bool:
    if not (_plausible(view, first) and _plausible(view, second)):
        return False
    if first.lower not in lexicon.given_names() or not _surname_like(second):
        return False
    if known_context.eponym_follows(view.lower[second.end : second.end + 26]):
        return False
    plain_first = lexicon.is_ordinary(first.lower)
    plain_second = lexicon.is_ordinary(second.lower)
    if view.style != "mixed" or first.shouting:
        return not plain_first or (not plain_second and name_words.is_listed(second.lower))
    # "May Hunter" in the middle of a sentence is a person; "Grand Total" is not in the lists
    return not (plain_first and plain_second) or _surname_like(second)


def _surname_like(token: Token) -> bool:
    if len(token.text) == 1:
        return token.capitalized
    word = token.lower
    return (
        word in lexicon.surnames()
        or not lexicon.is_ordinary(word)
        or (word in lexicon.words("eponyms") and token.capitalized and not token.shouting)
    )


def _last_first(view: TextView, last: Token, first: Token) -> bool:
    if not (_plausible(view, last) and _plausible(view, first)):
        return False
    if first.lower not in lexicon.given_names():
        return False
    plain_last = lexicon.is_ordinary(last.lower)
    plain_first = lexicon.is_ordinary(first.lower)
    if plain_last and plain_first:
        if view.style == "upper" and _heads_record(view, last, first):
            return True
        return view.plain[last.end : first.start] == "," or (
            view.style == "mixed"
            and last.lower in lexicon.surnames()
            and not view.starts_sentence(last)
        )
    return name_words.is_listed(last.lower) or not plain_last


def _heads_record(view: TextView, last: Token, first: Token) -> bool:
    """ "BRIGHT, JOY 52 Y/O": after a label or a line break, before an age, a number or a bar."""
    before = view.plain[max(0, last.start - 3) : last.start].rstrip(" ")
    after = view.plain[first.end : first.end + 4].lstrip(" ")
    opens = not before or before[-1] in ":\n|-("
    return opens and last.lower in lexicon.surnames() and (not after or not after[0].islower())


def _acting(view: TextView, token: Token) -> bool:
    """A first name that is a word too, doing what people do ("Crystal toured", "Red has "
    "been")."""
    return (
        token.capitalized
        and token.lower in lexicon.given_names()
        and token.lower not in name_words.NEVER
        and not view.touches_digit(token)
        and known_context.person_acts(view.lower[token.end : token.end + 26])
    )


def _listed_alone(view: TextView, token: Token) -> bool:
    word = token.lower
    if lexicon.is_ordinary(word) or word in name_words.NEVER or view.touches_digit(token):
        return False
    if view.style == "lower" or not token.capitalized:
        return view.style == "lower" and len(word) > 3 and word in lexicon.given_names()
    if token.shouting and view.style == "mixed" and len(word) < 5:
        return False
    if known_context.names_a_drug(view.lower[token.end : token.end + 26]):
        return False
    return name_words.is_listed(word)


def _finding(start: int, end: int, rule: str) -> Finding:
    return Finding(
        start=start, end=end, category="name", confidence="sure", rule=rule, base="person"
    )
