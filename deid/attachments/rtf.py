"""RTF becomes the text its reader sees: hidden, deleted and embedded parts stay behind.

An own reader, because what matters is what is left out: a name split by control words must
come together, and nothing but the words on the page may be taken for text.
Spec: deid.md 5.15; Rich Text Format 1.9.1.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from deid.attachments.rtf_words import (
    APART,
    CELL_END,
    CHARACTER_SETS,
    CHARSETS,
    CODE_PAGES,
    SEEN,
    SIGNS,
    SYMBOLS,
    UNSEEN,
)

PICTURE: Final = " (picture left out) "

_TOKEN: Final = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|(\\[^A-Za-z])|([{}])"
    rb"|([^\\{}\r\n\x00]{1,65536})|[\r\n\x00]{1,65536}"
)
_MAX_DEPTH: Final = 200
_HIGH_SURROGATE: Final = range(0xD800, 0xDC00)
_LOW_SURROGATE: Final = range(0xDC00, 0xE000)


class RtfRefused(Exception):
    """RTF that cannot be read to its end; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def rtf_to_text(body: bytes) -> str:
    """Return the words of an RTF document, one line a paragraph or table row.

    Headers, footers, footnotes and text boxes stand on lines of their own. Metadata, fields'
    instructions, comments, deleted and hidden text, embedded files and pictures stay behind.

    Raises:
        RtfRefused: it ends too early, is nested too deep, or is in an unknown character set.
    """
    return _Reader().read(body)


@dataclass(frozen=True, slots=True)
class _State:
    """What holds inside one group; a group ends as it began."""

    seen: bool = True
    hidden: bool = False
    deleted: bool = False
    skip: int = 1
    page: str = ""
    apart: bool = False
    fonts: bool = False
    outside: bool = False
    """Whether the group round a text in two spellings is seen."""


class _Reader:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._bytes = bytearray()
        self._bytes_page = ""
        self._stack: list[_State] = []
        self._state = _State()
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._skip = 0
        self._optional = False
        self._surrogate = 0

    def read(self, body: bytes) -> str:
        at = body.find(b"{")
        end = len(body)
        while at < end:
            token = _TOKEN.match(body, at)
            if token is None:
                raise RtfRefused("damaged RTF")
            at = token.end()
            word, number, code, symbol, brace, text = token.groups()
            if word is not None:
                at += self._word(word.decode("ascii"), number)
            elif brace is not None:
                self._brace(brace)
            elif symbol == b"\\*":
                self._optional = True
            else:
                self._characters(code, symbol, text)
            if brace == b"}" and not self._stack:
                return self._text()
        if len(self._stack) > 1:
            raise RtfRefused("damaged RTF")
        return self._text()

    def _text(self) -> str:
        self._flush()
        lines = (_line(line) for line in "".join(self._parts).split("\n"))
        return "\n".join(line for line in lines if line)

    def _brace(self, brace: bytes) -> None:
        self._skip = 0
        self._optional = False
        if brace == b"{":
            if len(self._stack) >= _MAX_DEPTH:
                raise RtfRefused("nested too deep")
            self._stack.append(self._state)
            self._state = replace(self._state, apart=False)
        elif self._stack:
            if self._state.apart:
                self._put("\n")
            self._state = self._stack.pop()

    def _characters(self, code: bytes | None, symbol: bytes | None, text: bytes | None) -> None:
        self._optional = False
        if text is not None:
            taken = min(self._skip, len(text))
            self._skip -= taken
            self._add(text[taken:])
        elif code is None and symbol is None:
            return
        elif self._skip:
            self._skip -= 1
        elif code is not None:
            self._add(bytes.fromhex(code.decode("ascii")))
        elif symbol is not None:
            self._put(SYMBOLS.get(symbol[1:], ""))

    def _word(self, word: str, number: bytes | None) -> int:
        """Obey one control word; return how many raw bytes after it are no RTF."""
        value = None if number is None else int(number)
        optional, self._optional = self._optional, False
        if word == "bin":
            return max(0, value or 0)
        if self._skip:
            self._skip -= 1
            return 0
        if word in _WORDS:
            _WORDS[word](self, value)
        elif word in SIGNS:
            self._put(SIGNS[word])
        elif word in CHARACTER_SETS:
            self._page = CHARACTER_SETS[word]
        else:
            self._destination(word, optional)
        return 0

    def _destination(self, word: str, optional: bool) -> None:
        if word == "pict":
            self._put(PICTURE)
        if word in UNSEEN or (optional and word not in SEEN):
            self._state = replace(self._state, seen=False)
        elif word in APART:
            self._put("\n")
            self._state = replace(self._state, apart=True)

    def _unicode(self, value: int | None) -> None:
        unit = (value or 0) % 0x10000
        self._skip = self._state.skip
        if unit in _HIGH_SURROGATE:
            self._surrogate = unit
        elif unit in _LOW_SURROGATE:
            if self._surrogate:
                pair = ((self._surrogate - 0xD800) << 10) + unit - 0xDC00 + 0x10000
                self._put(chr(pair))
            self._surrogate = 0
        elif unit:
            self._put(chr(unit))

    def _skipping(self, value: int | None) -> None:
        self._state = replace(self._state, skip=max(0, min(value or 0, 100)))

    def _plain(self, _value: int | None) -> None:
        self._state = replace(self._state, hidden=False, deleted=False, page="")

    def _hide(self, value: int | None) -> None:
        self._state = replace(self._state, hidden=value != 0)

    def _delete(self, value: int | None) -> None:
        self._state = replace(self._state, deleted=value != 0)

    def _font_table(self, _value: int | None) -> None:
        self._state = replace(self._state, seen=False, fonts=True)

    def _set_font(self, value: int | None) -> None:
        self._font = value or 0
        if not self._state.fonts:
            self._state = replace(self._state, page=self._fonts.get(self._font, ""))

    def _font_charset(self, value: int | None) -> None:
        if self._state.fonts and value in CHARSETS and value != 0:
            self._fonts[self._font] = CHARSETS[value]

    def _code_page(self, value: int | None) -> None:
        page = CODE_PAGES.get(value or 0)
        if page is None:
            raise RtfRefused("unknown character set")
        self._page = page

    def _alternatives(self, _value: int | None) -> None:
        """Of a text in two spellings the second one, in Unicode, is read."""
        self._state = replace(self._state, seen=False, outside=self._state.seen)

    def _in_unicode(self, _value: int | None) -> None:
        self._state = replace(self._state, seen=self._state.outside)

    def _visible(self) -> bool:
        state = self._state
        return state.seen and not state.hidden and not state.deleted

    def _add(self, body: bytes) -> None:
        if not body or not self._visible():
            return
        page = self._state.page or self._page
        if page != self._bytes_page:
            self._flush()
            self._bytes_page = page
        self._bytes += body

    def _put(self, text: str) -> None:
        if text and self._visible():
            self._flush()
            self._parts.append(text)

    def _flush(self) -> None:
        if not self._bytes:
            return
        try:
            self._parts.append(self._bytes.decode(self._bytes_page))
        except UnicodeDecodeError:
            raise RtfRefused("unknown character set") from None
        self._bytes.clear()


_WORDS: Final[Mapping[str, Callable[[_Reader, int | None], None]]] = {
    "u": _Reader._unicode,
    "uc": _Reader._skipping,
    "v": _Reader._hide,
    "webhidden": _Reader._hide,
    "deleted": _Reader._delete,
    "plain": _Reader._plain,
    "fonttbl": _Reader._font_table,
    "f": _Reader._set_font,
    "fcharset": _Reader._font_charset,
    "ansicpg": _Reader._code_page,
    "upr": _Reader._alternatives,
    "ud": _Reader._in_unicode,
}


def _line(line: str) -> str:
    """Return one line; the cells of a row are told apart."""
    cells = [" ".join(cell.split()) for cell in line.split(CELL_END)]
    filled = [cell for cell in cells if cell]
    if len(cells) == 3 and not cells[2] and len(filled) == 2:
        name, value = filled
        return f"{name} {value}" if name.endswith(":") else f"{name}: {value}"
    return " | ".join(filled)
