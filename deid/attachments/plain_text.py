"""Bytes of a text file become text, or nothing when their character set is unsure."""

import codecs
from typing import Final

_MARKED: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(body: bytes) -> str | None:
    """Return the text of a file: by its mark, as UTF-8, else as Windows-1252.

    Windows-1252 never fails on letters and reads Latin-1 alike, so that an accented name is
    still found; the few bytes it does not know make the file unsure.
    """
    for mark, name in _MARKED:
        if body.startswith(mark):
            return _strict(body[len(mark) :], name)
    return _strict(body, "utf-8") or _strict(body, "cp1252")


def _strict(body: bytes, name: str) -> str | None:
    try:
        text = body.decode(name)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text
