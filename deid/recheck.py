"""The last look: searches the outgoing bytes for everything this chart knows.

It reads the finished bytes and shares no code with the walk that made them. Every string is
searched as it stands and as it reads once base64, hexadecimal, quoted-printable, percent, entity
and \\u escapes are undone, one inside the other.
"""

import base64
import binascii
import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import unquote

import msgspec

from deid.attachments.picture_bytes import BASE64_STARTS, pixel_type
from deid.errors import ContentUnusable
from deid.known_identity import KnownHit

#: a place: the place it stands in, and its element or position there
_Path: TypeAlias = "tuple[_Path | None, str | int]"
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{12,100000}(?![0-9A-Za-z])")
_QUOTED: Final = re.compile(r"=[0-9A-F]{2}")
# In base64 of plain Latin text every fourth sign is one of these: the first bit of its byte is 0.
# It only spares the shifted readings: text in other scripts sets that bit.
_PLAIN_STARTS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef")
_PLAIN_SHARE: Final = 0.5
_MIN_WRAPPED_LINE: Final = 16
_SCRIPT_BLOCKS: Final = 3
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE: Final = re.compile(r"\\[uU]([0-9A-Fa-f]{4})|\\[xX]([0-9A-Fa-f]{2})")
_MAX_LAYERS: Final = 3
_MIN_NUMBER: Final = 6
_MAX_CONTROL_SHARE: Final = 0.1
# Bytes that stand in text; the zero bytes of UTF-16 are counted apart.
_NO_CONTROL: Final = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])


class Searchable(Protocol):
    """The part of a known identity that the gate needs."""

    @property
    def count(self) -> int:
        """How many known identifiers there are."""

    def find_for_gate(self, text: str) -> list[KnownHit]:
        """Return hits that must hold a case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skips:
    """What the gate may pass over, because it is ours: it names nobody wherever it stands.

    A skip is never a bare word: it is a word in the element it belongs to, or the name that our
    own table gives to the very code beside it.
    """

    constants: frozenset[tuple[str, str]] = frozenset()
    element_names: frozenset[str] = frozenset()
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    addresses: re.Pattern[str] | None = None
    """Matches the whole of an address that we gave ourselves."""
    random: frozenset[str] = frozenset()
    """Random text that we made, such as the case id. It is searched as it stands, but not read
    as an encoding of something else: chance would spell a short name once in a thousand cases."""
    pictures: frozenset[str] = frozenset()
    """SHA-256 of every picture that we made of fresh pixels. Their bytes are random to a reader
    of words; any other picture, or one of these with more in it than pixels, holds the case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateHit:
    """A known identifier in the outgoing content: where and of what kind, never the value."""

    expression: str
    category: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """What the last look found."""

    searched: int
    """How many known identifiers were looked for."""
    hits: tuple[GateHit, ...]
    skipped: int
    """How many words of ours were passed over that would have been hits."""

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.hits


def search_bytes(
    body: bytes, identity: Searchable, *, skips: Skips, root: str = "Bundle"
) -> GateResult:
    """Search JSON bytes for known identifiers.

    Raises:
        ContentUnusable: the bytes are not JSON, so nothing can be said about them.
    """
    try:
        value = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ContentUnusable(problem="the outgoing bytes are not JSON") from None
    gate = Gate(identity, skips)
    gate.search(value, root)
    return gate.result()


class Gate:
    """One search over several pieces of outgoing content; equal strings are searched once."""

    def __init__(self, identity: Searchable, skips: Skips) -> None:
        self._identity = identity
        self._skips = skips
        self._addresses = skips.addresses
        self._seen: dict[str, tuple[tuple[str, str], ...]] = {}
        self._hits: Counter[GateHit] = Counter()
        self._skipped = 0

    def search_body(self, body: bytes, root: str) -> None:
        """Search finished JSON bytes."""
        self.search(_DECODER.decode(body), root)

    def search(self, value: Any, root: str) -> None:
        """Search decoded JSON: every string, every key, every long number."""
        pending: list[tuple[_Path, Any, str]] = [((None, root), value, "")]
        while pending:
            path, item, name = pending.pop()
            kind = type(item)
            if kind is dict:
                pending.extend(self._members(path, item))
            elif kind is list:
                pending.extend([((path, n), each, name) for n, each in enumerate(item)])
            elif kind is str:
                self._string(path, item, name)
            elif kind in (int, Decimal) and len(str(item)) >= _MIN_NUMBER:
                self._report(path, self._find(str(item)))

    def result(self) -> GateResult:
        """Return what was found so far, in the order of the expressions."""
        hits = tuple(sorted(self._hits, key=lambda h: (h.expression, h.category, h.rule)))
        return GateResult(searched=self._identity.count, hits=hits, skipped=self._skipped)

    def _members(self, path: _Path, item: dict[str, Any]) -> Iterator[tuple[_Path, Any, str]]:
        ours = None
        system, code = item.get("system"), item.get("code")
        if type(system) is str and type(code) is str:
            ours = self._skips.names.get((system, code))
        for key, value in item.items():
            if key not in self._skips.element_names:
                # The key itself may be the identifier, so it stays out of the expression.
                self._report((path, "(key)"), self._find(key))
                yield (path, "(other)"), value, ""
            elif key == "display" and ours is not None and value == ours:
                self._skipped += bool(self._find(ours))
            else:
                yield (path, key), value, key

    def _string(self, path: _Path, item: str, name: str) -> None:
        if name == "data" and item.startswith(BASE64_STARTS):
            self._picture(path, item)
            return
        found = self._find(item)
        if found:
            if (name, item) in self._skips.constants:
                self._skipped += 1
            else:
                self._report(path, found)

    def _picture(self, path: _Path, data: str) -> None:
        try:
            body = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            body = b""
        ours = hashlib.sha256(body).hexdigest() in self._skips.pictures
        if not ours or pixel_type(body) is None:
            self._report(path, (("picture", "picture.not_ours"),))

    def _report(self, path: _Path, found: tuple[tuple[str, str], ...]) -> None:
        for category, rule in found:
            hit = GateHit(expression=_expression(path), category=category, rule=rule)
            self._hits[hit] += 1

    def _without_random(self, text: str) -> str:
        for own in self._skips.random:
            text = text.replace(own, ".")
        return text

    def _find(self, text: str) -> tuple[tuple[str, str], ...]:
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = self._look(text)
        return known

    def _look(self, text: str) -> tuple[tuple[str, str], ...]:
        if self._addresses is not None and self._addresses.fullmatch(text):
            return ()
        found = {
            (hit.category, hit.rule)
            for view in dict.fromkeys((text, *views(self._without_random(text))))
            for hit in self._identity.find_for_gate(view)
        }
        return tuple(sorted(found))


def _expression(path: _Path) -> str:
    """Return the FHIRPath of a place; written out for hits only, because places are many."""
    steps: list[str] = []
    at: _Path | None = path
    while at is not None:
        at, step = at
        steps.append(f"[{step}]" if type(step) is int else f".{step}")
    return "".join(reversed(steps)).removeprefix(".")


def views(text: str) -> list[str]:
    """Return a text as it stands and as it reads under its encodings, several layers deep."""
    found = [text]
    layer = [text]
    for _ in range(_MAX_LAYERS):
        layer = [inner for outer in layer for inner in _decoded(outer) if inner not in found]
        if not layer:
            break
        found.extend(layer)
    return found


def _decoded(text: str) -> Iterator[str]:
    """Yield what a text reads as once one layer of its encoding is undone."""
    if "&" in text and (plain := html.unescape(text)) != text:
        yield plain
    if "%" in text and _PERCENT.search(text):
        yield unquote(text, errors="replace")
    if "\\" in text and _ESCAPE.search(text):
        yield _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), text)
    yield from _from_bytes(text)


def _from_bytes(text: str) -> Iterator[str]:
    """Yield the readings of bytes written as letters and digits."""
    if "=" in text and _QUOTED.search(text):
        yield binascii.a2b_qp(text.encode()).decode(errors="replace")
    for match in _HEX.finditer(text):
        if len(match[0]) % 2 == 0:
            yield from _as_text(bytes.fromhex(match[0]))
    for match in _BASE64.finditer(text):
        yield from _from_base64(match[0])
    if "\n" in text:
        yield from _from_wrapped(text)


def _from_wrapped(text: str) -> Iterator[str]:
    """Yield the readings of base64 that was broken into lines."""
    lines = text.split()
    joined = "".join(lines)
    if all(len(line) >= _MIN_WRAPPED_LINE for line in lines[:-1]) and _BASE64.fullmatch(joined):
        yield from _from_base64(joined)


def _from_base64(word: str) -> Iterator[str]:
    """Yield every reading of a word as base64 that comes out as text.

    A letter or a slash in front may have shifted it, so it is read from each of four places.
    """
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    for shift in range(4):
        part = bare[shift:]
        starts = part[::4]
        if len(part) % 4 == 1:
            part = part[:-1]
        plain = sum(map(_PLAIN_STARTS.__contains__, starts)) >= _PLAIN_SHARE * len(starts)
        if shift == 0 or plain:
            yield from _as_text(base64.b64decode(part + "=" * (-len(part) % 4)))


def _as_text(body: bytes) -> Iterator[str]:
    """Yield the readings of decoded bytes, unless they are no text."""
    blocks = min(len(set(body[::2])), len(set(body[1::2])))
    if blocks <= min(_SCRIPT_BLOCKS, len(body) // 4):
        # Every other byte is nearly always the same: UTF-16, whose half is a block of a script.
        for name in ("utf-16-le", "utf-16-be"):
            yield body.decode(name, errors="replace")
    control = len(body.translate(None, _NO_CONTROL)) - body.count(b"\x00")
    if control > _MAX_CONTROL_SHARE * len(body):
        return
    for name in ("utf-8", "cp1252"):
        try:
            plain = body.decode(name)
        except UnicodeDecodeError:
            continue
        yield plain
