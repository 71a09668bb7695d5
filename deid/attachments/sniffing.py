"""What the bytes of a file say it is, whatever it calls itself."""

import re
from typing import Final

from deid.attachments.plain_text import wide

_SIGNATURES: Final = (
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"PK\x03\x04", "archive or office file"),
    (b"PK\x05\x06", "archive or office file"),
    (b"\xd0\xcf\x11\xe0", "old office file"),
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
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"Rar!", "archive"),
)
_PAGES: Final = frozenset(
    {b"html", b"head", b"body", b"div", b"p", b"br", b"table", b"span", b"h1", b"h2", b"h3",
     b"h4", b"h5", b"h6", b"ul", b"ol", b"li", b"pre", b"b", b"i", b"u", b"font", b"center",
     b"section", b"article", b"main", b"strong", b"em", b"a", b"hr", b"style", b"meta", b"title",
     b"link", b"script", b"blockquote", b"dl", b"img", b"header", b"footer", b"nav", b"form"}
)  # fmt: skip
_ROOT: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})(?=[\s/>])")
_PREFIXED: Final = re.compile(rb"<[A-Za-z_][\w.-]{0,60}:")
_MARKUP: Final = re.compile(rb"\s*<[?!A-Za-z]")
_MAX_PROLOG: Final = 200
_MAX_BLANK: Final = 4_000
# a file inside a text: one very long word, or lines of one width as mail programs write them
_NO_CODE: Final = re.compile(rb"[^A-Za-z0-9+/_-]")
_CODED_LINE: Final = re.compile(rb"[A-Za-z0-9+/]{40,10000}={0,2}\r?")
_LONG_WORD: Final = 40
_CODED_WORD: Final = 120
_MIN_LETTERS: Final = 12
"""Different letters in a coded word; a line drawn in a text has one."""
_CODED_LINES: Final = 3
_MAIL_PART: Final = re.compile(
    rb"^content-transfer-encoding:[ \t]{0,9}(?:base64|quoted-printable)",
    re.MULTILINE | re.IGNORECASE,
)
_UUENCODED: Final = re.compile(rb"^begin [0-7]{3} \S", re.MULTILINE)
# letters written as codes: one by one they are punctuation, in rows they are words
_ESCAPED: Final = (
    (b"=", re.compile(rb"=[0-9A-Fa-f]{2}(?:=[0-9A-Fa-f]{2}){3}|=C[23]=[89AB][0-9A-F]|=3D")),
    (b"=", re.compile(rb"[A-Za-z0-9,.]=\r?\n[A-Za-z0-9]")),
    (b"%", re.compile(rb"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2}){3}")),
    (b"\\u", re.compile(rb"\\u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4}){3}")),
    (b"\\x", re.compile(rb"\\x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2}){3}")),
)
_MESSAGE: Final = re.compile(rb"\s*(?:MSH\|\^~\\|BEGIN:V(?:CARD|CALENDAR))")
_CONTROL: Final = bytes((set(range(32)) - {9, 10, 11, 12, 13, 27}) | {127})
_SHORT_SIGNATURE: Final = 3
_PDF_WITHIN: Final = 1024


def sniff(body: bytes) -> str:
    """Return `text`, `html`, `clinical document`, or the kind of another file.

    A text that is nothing but another encoding of something is no text.
    """
    if body[128:132] == b"DICM":
        return "DICOM"
    binary = _has_control(body)
    start = body.lstrip(b" \t\r\n")
    for signature, kind in _SIGNATURES:
        found = body.startswith(signature) or (signature[:1] in b"%{" and start[:5] == signature)
        if found and (binary or not signature.isascii() or len(signature) > _SHORT_SIGNATURE):
            return kind
    if b"%PDF-" in body[:_PDF_WITHIN]:
        return "PDF"
    if body[257:262] == b"ustar":
        return "archive"
    words = wide(body)
    if words is not None:
        return kind_of_text(words.encode("utf-8", "replace"))
    return "binary" if binary else kind_of_text(body)


def kind_of_text(body: bytes) -> str:
    """Return what text is written in, for bytes that are text in some 8-bit character set."""
    if _MARKUP.match(body):
        return _markup(body)
    ends = body.lstrip()[:1] + body.rstrip()[-1:]
    if ends in (b"{}", b"[]"):
        return "RTF" if body.lstrip().startswith(b"{\\rtf") else "JSON"
    if _MESSAGE.match(body):
        return "message between systems"
    if _holds_code(body):
        return "encoded file"
    return "text"


def _markup(body: bytes) -> str:
    """Tell a web page and a clinical document from other markup by the first element."""
    at = _after_prolog(body)
    if at is None:
        return "XML"
    head = body[at : at + 40].lower()
    if head.startswith(b"<!doctype"):
        return "html" if head[9:].strip().startswith(b"html") else "XML with a document type"
    root = _ROOT.match(body, at)
    if root is None:
        return "XML"
    if root[1] == b"ClinicalDocument":
        return "clinical document"
    page = root[1].lower() in _PAGES and not _PREFIXED.match(body, at)
    return "html" if page else "XML"


def _after_prolog(body: bytes) -> int | None:
    """Return where declarations and comments end; None when one of them never does."""
    at = 0
    for _ in range(_MAX_PROLOG):
        at += len(body[at : at + _MAX_BLANK]) - len(body[at : at + _MAX_BLANK].lstrip())
        comment = body.startswith(b"<!--", at)
        if not comment and not body.startswith(b"<?", at):
            break
        closing = b"-->" if comment else b"?>"
        end = body.find(closing, at)
        if end < 0:
            return None
        at = end + len(closing)
    return at


def _holds_code(body: bytes) -> bool:
    """Tell whether a text holds another file or words in codes; cheap looks come first."""
    longest = max(map(len, body.split()), default=0)
    if longest >= _LONG_WORD and _holds_base64(body):
        return True
    if b"{\\rtf" in body or (b"begin " in body and _UUENCODED.search(body)):
        return True
    if (b"ncoding" in body or b"NCODING" in body) and _MAIL_PART.search(body):
        return True
    return any(sign in body and codes.search(body) for sign, codes in _ESCAPED)


def _holds_base64(body: bytes) -> bool:
    words = _NO_CODE.split(body)
    if any(len(word) >= _CODED_WORD and len(set(word)) >= _MIN_LETTERS for word in words):
        return True
    rows = 0
    for line in body.split(b"\n"):
        rows = rows + 1 if _CODED_LINE.fullmatch(line) and len(set(line)) >= _MIN_LETTERS else 0
        if rows == _CODED_LINES:
            return True
    return False


def _has_control(body: bytes) -> bool:
    return len(body.translate(None, _CONTROL)) != len(body)
