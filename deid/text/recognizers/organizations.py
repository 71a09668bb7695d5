"""Institutions that say what they are: Cedar Bluff Hospital, Lincoln Elementary, Harmon "
"Poultry."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.text import institutions, name_words
from deid.text.document import Finding
from deid.text.institutions import Kind
from deid.text.tokens import TextView, Token

#: firms that make what is implanted or injected: clinical meaning, nobody's identity
_MAKERS = frozenset({"smith nephew", "johnson johnson", "jackson pratt", "boston scientific"})
_OF_PLACE = re.compile(r" of (?:the )?[A-Z][a-z]+(?: [A-Z][a-z]+)?")
_OF_PLACE_FLAT = re.compile(r" of [a-z]{4,}")
_CUE_BEFORE = re.compile(
    r"(?:^|[\n:,;(-]|\b(?:at|to|from|by|via|prefers?|into|for|with|in|the|leaving|joined|near|"
    r"of))\s?\Z"
)
_PLACE_CUE = re.compile(r"\b(?:at|to|from|via|@)\s{1,2}(?:the )?\Z")
_STORE_NUMBER = re.compile(r" #\d{2,6}")
_ON_STREET = re.compile(r" on [a-z]+(?: st| street| ave| road)?")
_ON_STREET_NAMED = re.compile(r" on [A-Z][a-z]+(?: [A-Z][a-z]+)?")


def find(view: TextView) -> Iterator[Finding]:
    """Yield every institution whose name ends with its kind."""
    kinds = institutions.kinds()
    if kinds.keys().isdisjoint(view.words):
        return
    for index in view.capitals if view.style == "mixed" else range(len(view.tokens)):
        token = view.tokens[index]
        rows = kinds.get(token.lower)
        tail = _tail_at(view, token, rows) if rows else None
        if tail:
            yield from _named(view, index, *tail)


def _tail_at(
    view: TextView, token: Token, rows: tuple[tuple[str, Kind], ...]
) -> tuple[int, Kind] | None:
    for tail, kind in rows:
        end = token.start + len(tail)
        if view.lower.startswith(tail, token.start) and not view.lower[end : end + 1].isalnum():
            return end, kind
    return None


def _named(view: TextView, index: int, tail_end: int, kind: Kind) -> Iterator[Finding]:
    position = view.tokens[index].start
    start = _head(view, index)
    end = _tail_end(view, tail_end)
    words = [w.strip(".,&'") for w in view.lower[start:position].replace("-", " ").split()]
    if " ".join(w for w in words if w) in _MAKERS:
        return
    if view.style != "mixed" and kind.telling != "clear":
        if _announced(view, start) and _is_named_flat(words, kind):
            yield institutions.found(start, end, kind, "org.kind")
        return
    announced = kind.telling == "weak" and bool(
        _PLACE_CUE.search(view.lower, max(0, start - 8), start)
    )
    named = [w for w in words if w and w not in institutions.GENERIC]
    if end > tail_end or _is_named(words, kind) or (announced and named):
        yield institutions.found(start, end, kind, "org.kind")


def _head(view: TextView, index: int) -> int:
    """Walk left over the words of the name that ends with the tail at token ``index``."""
    start = view.tokens[index].start
    position = start
    for _ in range(6 if view.style == "mixed" else 4):
        index -= 1
        if index < 0 or not institutions.joins(view, view.tokens[index].end, start):
            break
        if view.tokens[index].lower == "the" and index and view.tokens[index - 1].lower == "of":
            index -= 1
        elif not _continues(view, index):
            break
        start = view.tokens[index].start
    article = view.lower[max(0, start - 4) : start]
    ours = article == "our " and view.lower.startswith("lady", start)
    return start - 4 if start < position and (article == "the " or ours) else start


def _continues(view: TextView, index: int) -> bool:
    token = view.tokens[index]
    if token.lower in name_words.PARTICLES and not token.capitalized and view.style == "mixed":
        return True
    if token.lower in institutions.LOWER_INSIDE and not token.capitalized:
        if token.lower not in ("of", "and", "de", "la", "del", "under") or not index:
            return False
        return institutions.belongs(view, view.tokens[index - 1])
    return institutions.belongs(view, token)


def _tail_end(view: TextView, end: int) -> int:
    """Take "of Eastbrook", "#0412" and "on Elm" along."""
    mixed = view.style == "mixed"
    text = view.plain if mixed else view.lower
    more = (_OF_PLACE if mixed else _OF_PLACE_FLAT).match(text, end)
    more = more or _STORE_NUMBER.match(text, end)
    if not more and view.lower.endswith("drug", 0, end):
        more = (_ON_STREET_NAMED if mixed else _ON_STREET).match(text, end)
    return more.end() if more else end


def _announced(view: TextView, start: int) -> bool:
    """Where capitals tell nothing, a preposition or a line break must stand before the name."""
    return bool(_CUE_BEFORE.search(view.lower, max(0, start - 14), start))


def _is_named_flat(words: list[str], kind: Kind) -> bool:
    named = [w for w in words if len(w) > 2 and w not in institutions.GENERIC]
    if kind.telling == "weak":
        return any(not lexicon.is_ordinary(w) or w in lexicon.surnames() for w in named)
    return any(w not in lexicon.written_with_capital() for w in named)


def _is_named(words: list[str], kind: Kind) -> bool:
    """ "Primary Care" or "Home Health" alone name nobody; "Cedar Bluff Hospital" does."""
    if kind.telling == "weak":
        return any(
            w and (not lexicon.is_ordinary(w) or w in lexicon.words("cities")) for w in words
        )
    return any(w and w not in institutions.GENERIC for w in words)
