"""Takes off what a file is wrapped in: gzip, base64, a data URL; bounded, one layer at a time."""

import base64
import binascii
import re
import zlib
from typing import Final

from deid.attachments.limits import MAX_BYTES, MAX_RATIO, RATIO_FREE_BYTES

_GZIP: Final = b"\x1f\x8b\x08"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_MAX_MEMBERS: Final = 50
_DATA_URL: Final = re.compile(rb"data:[A-Za-z0-9.+/-]{0,100}(?:;[A-Za-z0-9.=_-]{1,40}){0,3},")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_BREAKS: Final = bytes.maketrans(b"-_", b"+/")
_MIN_LINE: Final = 40
_HEAD: Final = 400
_PRINTABLE: Final = bytes([9, 10, 12, 13, *range(32, 127)])
_SIGNED: Final = (
    b"%PDF", b"{\\rtf", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8",
    b"II*\x00", b"MM\x00*", b"\x1f\x8b", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff",
)  # fmt: skip


class CannotUnpack(Exception):
    """A wrapping is broken or hides too much; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unwrapped(body: bytes) -> bytes | None:
    """Return what one layer of wrapping holds; None when the file is not wrapped.

    Raises:
        CannotUnpack: it is wrapped and cannot be unwrapped within the limits.
    """
    if body.startswith(_GZIP):
        return _gunzip(body)
    bare = body.strip()
    url = _DATA_URL.match(bare)
    if url is not None and url[0].endswith(b";base64,"):
        inner = _from_base64(bare[url.end() :])
        if inner is None:
            raise CannotUnpack("encoded file")
        return inner
    inner = _from_base64(bare)
    return inner if inner is not None and _is_something(inner) else None


def _gunzip(body: bytes) -> bytes:
    limit = min(MAX_BYTES, max(RATIO_FREE_BYTES, MAX_RATIO * len(body)))
    out = bytearray()
    rest = body
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            out += member.decompress(rest, limit + 1 - len(out))
        except zlib.error:
            raise CannotUnpack("damaged archive") from None
        if len(out) > limit:
            raise CannotUnpack("too large when unpacked")
        if not member.eof:
            raise CannotUnpack("damaged archive")
        rest = member.unused_data
        if not rest:
            return bytes(out)
        if not rest.startswith(_GZIP):
            break
    raise CannotUnpack("damaged archive")


def _from_base64(text: bytes) -> bytes | None:
    if b" " in text[:_HEAD]:
        return None  # a text of words
    lines = text.split()
    if len(lines) > 1 and (len(lines[0]) < _MIN_LINE or len(set(map(len, lines[:-1]))) > 1):
        return None  # words, not lines of one width
    word = b"".join(lines)
    if not _BASE64.fullmatch(word):
        return None
    word = word.rstrip(b"=").translate(_BREAKS)
    if len(word) % 4 == 1:
        return None
    try:
        return base64.b64decode(word + b"=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_something(inner: bytes) -> bool:
    """Tell a coded file from a long word that happens to be made of the same letters."""
    if inner.startswith(_SIGNED) or inner[128:132] == b"DICM":
        return True
    if not inner.translate(None, _PRINTABLE):
        return True
    try:
        text = inner.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\n\r" for character in text)
