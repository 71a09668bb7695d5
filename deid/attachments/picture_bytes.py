"""Whether the bytes of a picture hold pixels and nothing else; the gate's own look.

A walk over the chunks of a PNG or the segments of a JPEG that admits only what pixels need.
It shares no code with the making of pictures and decodes none: a name in a text chunk, a
thumbnail, a profile, a comment or a second file behind the end all have a place of their own
in these formats, and any such place makes the answer no.

Spec: PNG (third edition) chapter 5; JPEG (ITU T.81) annex B; JFIF 1.02
"""

import zlib
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_IHDR_BYTES: Final = 13
_JFIF: Final = b"JFIF\x00"
_JFIF_BYTES: Final = 14  # without a thumbnail
_PIXEL_SEGMENTS: Final = frozenset({0xC0, 0xC4, 0xDB, 0xDD})  # SOF0, DHT, DQT, DRI
_APP0: Final = 0xE0
_SOS: Final = 0xDA
_EOI: Final = b"\xff\xd9"
# What may follow FF inside coded pixels: a stuffed zero, or a restart mark.
_INSIDE: Final = frozenset({0x00, *range(0xD0, 0xD8)})
BASE64_STARTS: Final = ("iVBORw0KGgo", "/9j/")
"""How base64 of a PNG and of a JPEG begins."""


def pixel_type(body: bytes) -> str | None:
    """Return `image/png` or `image/jpeg` when the bytes hold pixels only, else None."""
    if body.startswith(_PNG):
        return "image/png" if _is_bare_png(body) else None
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg" if _is_bare_jpeg(body) else None
    return None


def _is_bare_png(body: bytes) -> bool:
    """Tell whether the chunks are IHDR, IDAT once or more, IEND, and the file ends there."""
    order: list[bytes] = []
    at = len(_PNG)
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        name = body[at + 4 : at + 8]
        end = at + 8 + size
        if end + 4 > len(body) or zlib.crc32(body[at + 4 : end]) != int.from_bytes(
            body[end : end + 4], "big"
        ):
            return False
        if (name == b"IHDR" and size != _IHDR_BYTES) or (name == b"IEND" and size):
            return False
        if not (name == b"IDAT" and order[-1:] == [b"IDAT"]):
            order.append(name)
        at = end + 4
    return order == [b"IHDR", b"IDAT", b"IEND"]


def _is_bare_jpeg(body: bytes) -> bool:
    """Tell whether only a plain JFIF head and tables come before one scan that ends the file."""
    at = 2
    while body[at : at + 1] == b"\xff" and at + 4 <= len(body):
        mark = body[at + 1]
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        content = body[at + 4 : at + 2 + size]
        if size < 2 or at + 2 + size >= len(body):
            return False
        if mark == _SOS:
            return _ends_with_its_scan(body, at + 2 + size)
        if mark not in _PIXEL_SEGMENTS and not _is_bare_head(mark, content):
            return False
        at += 2 + size
    return False


def _is_bare_head(mark: int, content: bytes) -> bool:
    return mark == _APP0 and content.startswith(_JFIF) and len(content) == _JFIF_BYTES


def _ends_with_its_scan(body: bytes, at: int) -> bool:
    if body[-2:] != _EOI:
        return False
    end = len(body) - 2
    at = body.find(b"\xff", at, end)
    while at >= 0:
        if at + 1 >= end or body[at + 1] not in _INSIDE:
            return False
        at = body.find(b"\xff", at + 2, end)
    return True
