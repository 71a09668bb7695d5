"""Finds planted words in any bytes, however they were written: the searcher of the canary test.

A content is looked at as text in several encodings, then unpacked (percent, entities, \\u,
base64, deflate, down to four layers), and each view is searched twice: folded, and with
everything but letters and digits taken out. Words that chance could spell are searched with
a border on each side.
"""

import base64
import html
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

_LAYERS = 4
_LONG_ENOUGH = 6  # letters: six random ones spell a given word once in 300 million
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_UNICODE = re.compile(r"\\+(?:u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2}))")
_DEFLATED = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x1f\x8b\x08")
_BETWEEN = r"[^0-9a-z]{0,3}"


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A planted word, the sink that holds it and how it was written there."""

    word: str
    sink: str
    view: str


class Searcher:
    """Searches for one set of planted words."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(words))
        self._squeezed = {
            word: letters
            for word in self.words
            if _is_telling(letters := _squeeze(_decompose(_fold(word))))
        }
        self._bordered = {
            word: (letters, _bordered(letters.decode()))
            for word in self.words
            if word not in self._squeezed
            for letters in [_squeeze(_decompose(_fold(word)))]
        }

    def find(self, content: bytes | str, sink: str, *, layers: int = _LAYERS) -> list[Hit]:
        """Every planted word in a content, each named once per view; unpacked to `layers`."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        found: dict[tuple[str, str], Hit] = {}
        for view, text in _views(raw, "", layers):
            for word in self._in(text):
                found.setdefault((word, view), Hit(word=word, sink=sink, view=view or "plain"))
        return list(found.values())

    def _in(self, text: str) -> Iterator[str]:
        folded = _fold(text)
        squeezed = _squeeze(_decompose(folded))
        yield from (word for word, letters in self._squeezed.items() if letters in squeezed)
        # a pattern allows only what squeezing takes out: without the letters it cannot match
        squeezed = squeezed if folded.isascii() else _squeeze(folded)
        yield from (
            word
            for word, (letters, pattern) in self._bordered.items()
            if letters in squeezed and pattern.search(folded)
        )


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


_NOT_WORD = bytes(set(range(128)) - set(b"0123456789abcdefghijklmnopqrstuvwxyz"))


def _decompose(folded: str) -> str:
    return unicodedata.normalize("NFD", folded)


def _squeeze(folded: str) -> bytes:
    return folded.encode("ascii", "ignore").translate(None, _NOT_WORD)


def _is_telling(letters: bytes) -> bool:
    return sum(one.isalpha() for one in letters.decode()) >= _LONG_ENOUGH


def _bordered(letters: str) -> re.Pattern[str]:
    # the borders look back from behind the first sign: a search skips to that sign much faster
    first, rest = letters[0], "".join(_BETWEEN + one for one in letters[1:])
    if letters.isdigit():  # an area code may come first
        area = "|".join(
            f"(?<=[^0-9][0-9]{{3}}[^0-9a-z]{{{n}}}{first})|(?<=^[0-9]{{3}}[^0-9a-z]{{{n}}}{first})"
            for n in range(4)
        )
        return re.compile(rf"{first}(?:(?<![0-9]{first})|{area}){rest}(?![0-9])")
    return re.compile(rf"{first}(?<![0-9a-z]{first}){rest}(?![0-9a-z])")


def views(content: str, *, layers: int = _LAYERS) -> Iterator[tuple[str, str]]:
    """The content under every reading, each with the way that led there ("" as it stands)."""
    yield from _views(content.encode("utf-8", "surrogatepass"), "", layers)


def _views(raw: bytes, name: str, layers: int) -> Iterator[tuple[str, str]]:
    """The content and what it unpacks to, each with the way that led there."""
    if not raw:
        return
    texts = {name: raw.decode("utf-8", "replace"), f"{name}+latin-1": raw.decode("latin-1")}
    if b"\0" in raw:
        texts[f"{name}+wide"] = raw.replace(b"\0", b"").decode("latin-1")
    if texts[name] == texts[f"{name}+latin-1"]:
        del texts[f"{name}+latin-1"]
    yield from texts.items()
    if layers > 0:
        for way, packed, deeper in _unpacked(texts[name], raw):
            yield from _views(packed, f"{name}+{way}", layers - 1 if deeper else 0)


def _unpacked(text: str, raw: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """What is inside, how it was packed, and whether to look for more inside of it."""
    for way, plain in (
        ("percent", unquote(text)),
        ("entity", html.unescape(text)),
        ("unicode", _UNICODE.sub(_character, text)),
    ):
        if plain != text:
            yield way, plain.encode("utf-8", "surrogatepass"), True
    pieces = list(_from_base64(text))
    yield "base64", b"\n".join(pieces), False
    yield "base64", b"\n".join(piece for piece in pieces if _is_content(piece)), True
    yield "deflate", b"\n".join(_inflated(raw)), True


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _from_base64(text: str) -> Iterator[bytes]:
    for match in _BASE64.finditer(text):
        run = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        for start in range(4):  # a run may begin with a character that is not of it
            piece = run[start:]
            piece = piece[: len(piece) - (len(piece) % 4 == 1)]
            yield base64.b64decode(piece + "=" * (-len(piece) % 4))


def _is_content(piece: bytes) -> bool:
    """Whether more can be packed inside: most runs of letters are no base64 at all."""
    if piece.startswith(_DEFLATED) or piece.count(0) > len(piece) // 4:
        return True
    try:
        return piece.decode("utf-8").isprintable() or b"\n" in piece or b"{" in piece
    except UnicodeDecodeError:
        return False


def _inflated(raw: bytes) -> Iterator[bytes]:
    for mark in _DEFLATED:
        start = raw.find(mark)
        while start >= 0:
            try:
                window = 31 if mark[0] == 0x1F else 15
                plain = zlib.decompressobj(window).decompress(raw[start:], 10_000_000)
            except zlib.error:
                plain = b""
            if len(plain) > _LONG_ENOUGH:
                yield plain
            start = raw.find(mark, start + 1)
