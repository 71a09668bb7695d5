"""Bytes of a text file become text, or nothing when their character set is unsure."""

import codecs
import re
from typing import Final

_MARKED: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like the mark of UTF-16, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE: Final = 4_000
_MIN_WIDE: Final = 8
_WIDE_SHARE: Final = 0.8
_FOREIGN: Final = re.compile("[^\x00-\x7f]{4,60}")


def decoded(body: bytes) -> str | None:
    """Return the text of a file: by its mark, as UTF-8, else as Windows-1252.

    None when the character set is unsure. Windows-1252 reads Latin-1 alike, so that an accented
    name is still found; but it reads every other character set too, as other letters, and a
    name in wrong letters would be neither found nor unreadable to somebody who knows the trick.
    So it must look like a western language.
    """
    text = wide(body)
    if text is not None:
        return text
    if body.startswith(tuple(mark for mark, _ in _MARKED)):
        return None
    text = strict(body, "utf-8")
    if text is not None:
        return text
    text = strict(body, "cp1252")
    return text if text is not None and _looks_western(text) else None


def wide(body: bytes) -> str | None:
    """Return the text of a file with a byte order mark, or one that is UTF-16 without it."""
    for mark, name in _MARKED:
        if body.startswith(mark):
            return strict(body[len(mark) :], name)
    head = body[:_SAMPLE]
    if len(body) < _MIN_WIDE or len(body) % 2:
        return None
    half = len(head) // 2
    if head[1::2].count(0) >= _WIDE_SHARE * half and head[::2].count(0) == 0:
        return strict(body, "utf-16-le")
    if head[::2].count(0) >= _WIDE_SHARE * half and head[1::2].count(0) == 0:
        return strict(body, "utf-16-be")
    return None


def strict(body: bytes, name: str) -> str | None:
    """Return bytes as text in one character set, or None when they are not in it."""
    try:
        text = body.decode(name)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _looks_western(text: str) -> bool:
    """Western words have plain letters; four others in a row are another alphabet, or a line."""
    return all(len(set(run)) == 1 for run in _FOREIGN.findall(text))
