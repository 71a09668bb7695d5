"""What the bytes of a file say it is, whatever it calls itself."""

import re
from typing import Final

from deid.attachments.plain_text import decoded

_SIGNATURES: Final = (
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"PK\x03\x04", "archive or office file"),
    (b"\xd0\xcf\x11\xe0", "office file"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"BM", "picture"),
    (b"RIFF", "sound or video"),
    (b"OggS", "sound or video"),
    (b"ID3", "sound or video"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
)
_HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|div|p|br|table|span|h[1-6]|ul|ol|pre|b|i|font)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKUP: Final = re.compile(rb"\s*<[?!A-Za-z]")
# a file inside a text: one very long word, or lines of one width as mail programs write them
_CODED: Final = re.compile(
    rb"[A-Za-z0-9+/_-]{300}|(?:^[A-Za-z0-9+/]{60,}={0,2}\r?\n){3}", re.MULTILINE
)
_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROL: Final = frozenset(range(32)) - {9, 10, 11, 12, 13, 27} | {127}
_SHORT_SIGNATURE: Final = 2


def sniff(body: bytes) -> str:
    """Return `text`, `html`, or the kind of file that cannot leave.

    A text that is nothing but another encoding of something is no text.
    """
    binary = _has_control(body)
    if body[128:132] == b"DICM":
        return "DICOM"
    for signature, kind in _SIGNATURES:
        if body.startswith(signature) and (binary or len(signature) > _SHORT_SIGNATURE):
            return kind
    if body.startswith(_BYTE_ORDER_MARKS):
        # What follows the mark decides, read as the mark says; plain_text decides if it is text.
        words = decoded(body)
        return "binary" if words is None else _kind_of_text(words.encode("utf-8"))
    return "binary" if binary else _kind_of_text(body)


def _kind_of_text(body: bytes) -> str:
    if _HTML.match(body):
        return "html"
    if _MARKUP.match(body):
        return "XML"
    ends = body.lstrip()[:1] + body.rstrip()[-1:]
    if ends in (b"{}", b"[]"):
        return "JSON"
    if _CODED.search(body):
        return "encoded file"
    return "text"


def _has_control(body: bytes) -> bool:
    return any(byte in _CONTROL for byte in set(body))
