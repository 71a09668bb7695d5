"""Towns, employers, schools and hospitals in texts whose capitals tell nothing."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.lexicon import word_set
from deid.text import institutions, name_words
from deid.text.document import Category, Finding
from deid.text.institutions import Kind
from deid.text.scanning import scan
from deid.text.tokens import TextView

_TOWN_CUE = scan(
    r"\b(?:liv(?:es?|ed|ing) (?:alone |with \w{1,12} )?in|resid(?:es|ing|ent) (?:in|of)|moved "
    r"(?:to|from)|"
    r"stays in|staying in|born in|raised in|grew up in|(?:flying|driving|coming) (?:up |down |"
    r"in |over )?from|"
    r"ride (?:back|home) to|home to|returned to|travel(?:l?ed|s|ing)? (?:to|from|in)|trip to|"
    r"visit(?:ing|ed)? "
    r"(?:family )?in|picnic in|based in|house in|hometown(?: is)?|native of|church in|plant in|"
    r"sons,|"
    r"travel except|drive to|known in|\d miles (?:from|outside)|(?:man|woman|male|female|boy|"
    r"girl|farmer|"
    r"teacher|worker|resident) from|park in|clinic in|hospital in|apartment in|family in|farm "
    r"in|near|outside|"
    r"at the|in|from|to) "
)
_MORE = word_set(
    "port lake new east west north south fort mount mt st san santa los las el la upper lower "
    "great little saint old"
)
_WORK_CUE = scan(
    r"\b(?:work(?:s|ed|ing)? (?:for|at)|employed (?:by|at|with)|laid off from|retired from|"
    r"fired from|"
    r"job at|employee of|manager at|driver for|owner of|hired by|run by) (?:the )?"
)
_SCHOOL_CUE = scan(
    r"\b(?:attend(?:s|ed|ing)?|goes to|student at|pupil at|enrolled at|teaches at|graduated from|"
    r"(?:exposed|exposure) (?:to [a-z]{2,10} )?at) (?:the )?"
)
_ACRONYM = scan(
    r"(?<![\w/])(?:at|to|from|@|via) (?P<n>[a-z]{3,5})(?=[\s.,;:)]|$)(?! (?:a|an|the|his|her|"
    r"with|of|and)\b)"
)
_SAINT = scan(
    r"\b(?:to|at|from|@|by|via) (?P<n>(?:st\.?|saint|mt\.?|mount) [a-z]{3,14}(?:'?s)?)(?! "
    r"(?:street|st|road|rd|ave|ln))\b"
)
_ENDS = word_set(
    """
    and or with on in at for from to since who is was has had he she they but where when
    during over because after before as by of the a an this that per via until last next today
    yesterday now
    """
)
_EMPLOYER = Kind("employer", "employer")
_SCHOOL = Kind("school", "school")


def find(view: TextView) -> Iterator[Finding]:
    """Yield places and institutions announced by a cue, in lower case or capitals throughout."""
    if view.style == "mixed":
        return
    for cue in view.scan(_TOWN_CUE):
        yield from _town(view, cue)
    for pattern, kind in ((_WORK_CUE, _EMPLOYER), (_SCHOOL_CUE, _SCHOOL)):
        for cue in view.scan(pattern):
            yield from _named(view, cue.end(), kind)
    for match in view.scan(_SAINT):
        yield _finding(*match.span("n"), "organization", "org.saint", base="hospital")
    for match in view.scan(_ACRONYM):
        word = match["n"]
        if not lexicon.is_ordinary(word) and not name_words.is_listed(word):
            yield _finding(*match.span("n"), "organization", "org.acronym", base="hospital")


def _town(view: TextView, cue: re.Match[str]) -> Iterator[Finding]:
    words = _words_at(view, cue.end(), 3)
    strong = len(cue.group().split()) > 1 and not cue.group().startswith("at the")
    for count in range(len(words), 0, -1):
        name = " ".join(view.lower[s:e] for s, e in words[:count])
        if name in lexicon.words("regions"):
            return
        if _is_town(name, strong=strong):
            yield _finding(words[0][0], words[count - 1][1], "city", "place.cue")
            return


def _is_town(name: str, *, strong: bool) -> bool:
    first, *rest = name.split(" ")
    if first in name_words.NEVER or first in lexicon.words("months"):
        return False
    if name in lexicon.words("cities"):
        return strong or bool(rest) or not lexicon.is_ordinary(name)
    if rest:
        return first in _MORE and len(rest) == 1 and rest[0] not in lexicon.words("headings")
    return strong and not lexicon.is_ordinary(name)


def _words_at(view: TextView, position: int, most: int) -> list[tuple[int, int]]:
    index = view.index_at(position)
    spans: list[tuple[int, int]] = []
    end = position
    for token in view.tokens[index : index + most]:
        if (token.start - end > 1 if spans else token.start != position) or token.lower in _ENDS:
            break
        if spans and view.lower[end : token.start] not in (" ", "-"):
            break
        spans.append((token.start, token.end))
        end = token.end
    return spans


def _named(view: TextView, position: int, kind: Kind) -> Iterator[Finding]:
    """The next words name who somebody works for or learns from, unless they are the note's "
    "own."""
    index = view.index_at(position)
    end, count = position, 0
    for token in view.tokens[index : index + 5]:
        gap = view.lower[end : token.start]
        if gap not in ("", " ", " & ", "-", "'s ") or (token.lower in _ENDS and gap != " & "):
            break
        end, count = token.end, count + 1
    words = view.lower[position:end].split()
    telling = any(
        w not in lexicon.written_with_capital() and w not in institutions.GENERIC for w in words
    )
    if count >= 2 and telling:
        yield institutions.found(position, end, kind, "org.cue")


def _finding(start: int, end: int, category: Category, rule: str, *, base: str = "") -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule, base=base)
