"""Names of institutions: the kinds that end them and the words that can belong to them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, cast

from deid import lexicon
from deid.lexicon import word_set
from deid.text import name_words
from deid.text.document import Category, Finding
from deid.text.tokens import TextView, Token

LOWER_INSIDE = word_set("of the and at on for in de la del under by")
STOP = word_set(
    """
    dr mr mrs ms miss pt patient name md do rn np pa admit admitted admission discharge
    discharged transfer transferred seen slides records submitting accepting sending labs lab to
    from via call called please attending consultant follow followup appointment home the a an
    his her their our my per by with and or at in on for of as is was were be has had he she
    they prior near attends daycare goes same we you i it resident yo next last this that any no
    not employer department dept division service services unit floor emergency re cc fax phone
    tel date time loc bed rm room ward dispo plan hx pmh sh fh ros
    """
)
#: words that name no particular institution ("Primary Care", "Home Health")
GENERIC = word_set(
    """
    off campus living will power primary care home mental public community general regional
    emergency physical occupational speech behavioral women's women men's urgent family internal
    medical surgical dental eye clinic outpatient inpatient acute skilled nursing day local area
    county state city national the of and specialty pain wound sleep heart cancer kidney stroke
    trauma burn foot diabetes allergy anticoagulation coumadin warfarin cardiology neurology
    oncology urology gi derm ortho pulmonary renal vascular preop pre post op postop follow up new
    old high middle grade elementary medicine health hospital rehab rehabilitation cardiac neuro
    sub subacute long term short stay teaching university total oral global maternal fetal child
    children's pediatric paediatric adult geriatric hospice human animal plant food drug illicit
    street iv prescription solar heat cold hot wind water stainless good bad fake latest recent
    three two one four five several many multiple at open
    """
)
_ABBREVIATED = frozenset({"st", "mt", "ft", "dr", "s"})


class Kind(NamedTuple):
    """What an institution is: span category, word of its token, how telling its last words are."""

    category: Category
    base: str
    telling: str = "plain"


@cache
def kinds() -> Mapping[str, tuple[tuple[str, Kind], ...]]:
    """Return the closing words of institution names, longest first, by their first word."""
    table: dict[str, list[tuple[str, Kind]]] = {}
    for line in lexicon.words("institutions"):
        tail, category, base, telling = line.split(" | ")
        first = re.split(r"[^a-z]", tail, maxsplit=1)[0]
        table.setdefault(first, []).append((tail, Kind(cast(Category, category), base, telling)))
    return {
        first: tuple(sorted(rows, key=lambda row: (-len(row[0]), row[0])))
        for first, rows in table.items()
    }


def ends_with_kind(word: str) -> bool:
    """Return whether the word alone says what kind of institution a name belongs to."""
    return any(tail == word for tail, _kind in kinds().get(word, ()))


def joins(view: TextView, end: int, start: int) -> bool:
    """Return whether the words around a gap can stand in one name."""
    gap = view.lower[end:start]
    if gap == ". ":
        return view.lower[max(0, end - 3) : end].strip() in _ABBREVIATED
    return gap in (" ", "  ", "-", " & ", "'s ", "' ", "'")


def belongs(view: TextView, token: Token) -> bool:
    """Return whether a word can be part of an institution's name here."""
    if token.lower in STOP or token.lower in lexicon.words("months"):
        return False
    if view.style != "mixed":
        return len(token.lower) > 1 and token.lower not in name_words.NEVER
    abbreviation = token.shouting and token.lower in lexicon.words("abbreviations")
    return token.capitalized and (not abbreviation or token.lower == "va")


def found(start: int, end: int, kind: Kind, rule: str) -> Finding:
    """Return the finding of a named institution."""
    return Finding(
        start=start, end=end, category=kind.category, confidence="sure", rule=rule, base=kind.base
    )
