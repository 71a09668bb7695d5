"""The network's own look at a picture: pixels and nothing else, of a size a page can show.

The hospital says that it made the picture of fresh pixels. This does not rest on it: only a
plain 8-bit PNG or baseline JPEG passes, without any place for text, a second picture or bytes
behind the end, and the coded rows of a PNG must fill its frame exactly. What passes is served
under the type found here, never under one that the message declares.

Spec: PNG (third edition) 5.6, 11.2; JPEG (ITU T.81) B.2; JFIF 1.02
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
MAX_BYTES: Final = 1_500_000
MAX_SIDE: Final = 4096

_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3}  # gray and RGB, both without a layer of transparency
_JFIF: Final = b"JFIF\x00"
_BASELINE: Final = 0xC0
_TABLES: Final = (0xC4, 0xDB, 0xDD)
_SCAN: Final = 0xDA
_HEAD: Final = 0xE0
_BAND_COUNTS: Final = (1, 3)


def pixel_type(body: bytes) -> str | None:
    """Return the media type of a picture that holds pixels only; None for all else."""
    if len(body) > MAX_BYTES:
        return None
    try:
        if body.startswith(_PNG_HEAD):
            return PNG if _plain_png(body) else None
        return JPEG if _plain_jpeg(body) else None
    except (struct.error, zlib.error):
        return None


def _plain_png(body: bytes) -> bool:
    chunks = list(_chunks(body))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or chunks[-1][1]:
        return False
    if not names[1:-1] or set(names[1:-1]) != {b"IDAT"} or len(chunks[0][1]) != 13:
        return False
    wide, high, depth, color, packing, filters, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (0 < wide <= MAX_SIDE and 0 < high <= MAX_SIDE and color in _CHANNELS):
        return False
    if (depth, packing, filters, interlace) != (8, 0, 0, 0):
        return False
    size = (wide * _CHANNELS[color] + 1) * high
    rows = zlib.decompressobj()
    pixels = rows.decompress(b"".join(content for _, content in chunks[1:-1]), size + 1)
    return len(pixels) == size and rows.eof and not rows.unused_data


def _chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield every chunk; one with a wrong sum or beyond the end yields a name that fits nothing."""
    at = len(_PNG_HEAD)
    while at < len(body):
        (size,) = struct.unpack_from(">I", body, at)
        name, content = body[at + 4 : at + 8], body[at + 8 : at + 8 + size]
        (check,) = struct.unpack_from(">I", body, at + 8 + size)
        yield (name if zlib.crc32(name + content) == check else b""), content
        at += 12 + size


def _plain_jpeg(body: bytes) -> bool:
    if body[:2] != b"\xff\xd8" or body[-2:] != b"\xff\xd9":
        return False
    at, framed = 2, False
    while True:
        lead, mark, size = struct.unpack_from(">BBH", body, at)
        content = body[at + 4 : at + 2 + size]
        if lead != 0xFF or size < 2:
            return False
        at += 2 + size
        if mark == _SCAN:
            return framed and _is_one_scan(body[at:-2])
        if mark == _BASELINE and not framed:
            framed = _is_plain_frame(content)
        elif mark not in _TABLES and not (mark == _HEAD and _is_bare(content)):
            return False


def _is_plain_frame(content: bytes) -> bool:
    depth, high, wide, bands = struct.unpack_from(">BHHB", content)
    return depth == 8 and 0 < wide <= MAX_SIDE and 0 < high <= MAX_SIDE and bands in _BAND_COUNTS


def _is_bare(head: bytes) -> bool:
    """Tell a JFIF head without a thumbnail."""
    return head.startswith(_JFIF) and len(head) == 14 and head[12:] == b"\x00\x00"


def _is_one_scan(coded: bytes) -> bool:
    """Tell coded pixels without another mark among them: FF is followed by 00 or a restart."""
    after = {coded[at + 1 : at + 2] for at in _marks(coded)}
    return after <= {b"\x00", *(bytes([mark]) for mark in range(0xD0, 0xD8))}


def _marks(coded: bytes) -> Iterator[int]:
    at = coded.find(b"\xff")
    while at >= 0:
        yield at
        at = coded.find(b"\xff", at + 2)
