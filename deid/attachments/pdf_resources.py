"""What a page of a PDF refers to: fonts, looks, numbers; and why a page is refused."""

import re
from typing import Any, Final

from pypdf.generic import DictionaryObject

from deid.attachments.limits import MAX_CHARACTERS
from deid.attachments.pdf_geometry import Matrix

_MAX_PARENTS: Final = 32
_NAMED_BY_NUMBER: Final = re.compile(r"/(?:g|G|cid|glyph|index|c|C|a|A|G0|Glyph)[0-9]{1,6}")


class PageRefused(Exception):
    """A page that cannot be read as its reader sees it; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_letters(font: DictionaryObject) -> None:
    """Refuse fonts whose codes stand for pictures of letters that nobody named.

    Their codes are often the alphabet shifted by a constant: unreadable to us, not to others.
    """
    if "/ToUnicode" in font:
        return
    kind = font.get("/Subtype")
    encoding = font.get("/Encoding")
    encoding = None if encoding is None else encoding.get_object()
    if kind == "/Type0" and str(encoding).startswith("/Identity"):
        raise PageRefused("letters that cannot be read")
    names = encoding.get("/Differences", []) if isinstance(encoding, DictionaryObject) else []
    if any(_NAMED_BY_NUMBER.fullmatch(str(each)) for each in names):
        raise PageRefused("letters that cannot be read")


def is_opaque(look: DictionaryObject) -> bool:
    """Tell whether what is filled with this look hides what is under it."""
    alpha, blend = look.get("/ca"), look.get("/BM")
    return (alpha is None or float(alpha) >= 1) and (blend is None or blend == "/Normal")


def letters_in(operands: Any) -> int:
    """Return how many letters a text operation shows, at most."""
    if not operands:
        return 0
    last = operands[-1]
    parts = last if isinstance(last, list) else [last]
    count = sum(len(each) for each in parts if isinstance(each, (str, bytes)))
    return min(count, MAX_CHARACTERS)


def inherited(page: DictionaryObject, key: str) -> Any:
    """Return what a page has or the pages above it have."""
    at: Any = page
    for _ in range(_MAX_PARENTS):
        if not isinstance(at, DictionaryObject):
            return None
        if key in at:
            return at[key]
        at = at.get("/Parent")
        at = None if at is None else at.get_object()
    return None


def dictionary_of(value: Any) -> DictionaryObject:
    """Return a value as a dictionary; an empty one when it is none."""
    value = None if value is None else value.get_object()
    return value if isinstance(value, DictionaryObject) else DictionaryObject()


def named(resources: DictionaryObject, kind: str, name: Any) -> Any:
    """Return a named resource of a kind; None without one."""
    holder = dictionary_of(resources.get(kind))
    return holder[name].get_object() if name in holder else None


def numbers_of(operands: Any, count: int) -> list[float]:
    """Return so many numbers of an operation, zeros where they are missing."""
    values = [float(each) for each in list(operands)[:count]]
    return values + [0.0] * (count - len(values))


def matrix_of(operands: Any) -> Matrix:
    """Return the six numbers of a matrix."""
    a, b, c, d, e, f = numbers_of(operands, 6)
    return a, b, c, d, e, f
