"""PDF becomes the text that is seen on its pages now, or is refused.

Nothing is taken from metadata, attachments, annotations, form fields or earlier revisions.
A page without text is a picture of one and is marked as left out; a file of such pages is
refused. Spec: deid.md 5.17; ISO 32000.
"""

import io
import logging
import struct
import unicodedata
import zlib
from typing import Any, Final

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream, DictionaryObject, NameObject

from deid.attachments.limits import MAX_CHARACTERS, MAX_PAGES
from deid.attachments.pdf_page import Budget, flatten
from deid.attachments.pdf_resources import PageRefused

# The library's warnings may quote the file; nothing of a file belongs into a log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # noqa: TID251 - silences, never logs

_DAMAGED: Final = (
    PyPdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    RuntimeError, OSError, EOFError, struct.error, zlib.error, MemoryError,
)  # fmt: skip
"""What the library raises on files that are no PDF inside; each means that it was not read."""
_MAX_ODD_SHARE: Final = 0.02
_ODD: Final = frozenset({"Co", "Cn", "Cc", "Cs"})


class PdfRefused(Exception):
    """A PDF that is not read; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def pdf_to_text(body: bytes) -> str:
    """Return the visible text of a PDF, page after page.

    Raises:
        PdfRefused: locked, damaged, too long, a form, a portfolio, pictures of text, or text that
            cannot be told from what is hidden.
    """
    try:
        return _pages(PdfReader(io.BytesIO(body), strict=False))
    except PageRefused as refused:
        raise PdfRefused(refused.reason) from None
    except _DAMAGED:
        raise PdfRefused("damaged PDF") from None


def _pages(reader: PdfReader) -> str:
    if reader.is_encrypted:
        raise PdfRefused("locked file")
    root = reader.root_object
    if "/Collection" in root:
        raise PdfRefused("archive")
    form = root.get("/AcroForm")
    filled = form is not None and _is_filled(form.get_object())
    if len(reader.pages) > MAX_PAGES:
        raise PdfRefused("too many pages")
    hidden, budget = _switched_off(root), Budget()
    parts, pictures, length = [], 0, 0
    for number, page in enumerate(reader.pages, start=1):
        text = _page(page, reader, hidden, budget)
        length += len(text)
        if length > MAX_CHARACTERS:
            raise PdfRefused("too long")
        pictures += not text
        parts.append(text or f"(page {number} is a picture and was left out)")
    if pictures == len(parts):
        raise PdfRefused("pictures of text")
    if filled:
        parts.append("(the entries of a form were left out)")
    return "\n\n".join(parts)


def _page(page: PageObject, reader: PdfReader, hidden: frozenset[int], budget: Budget) -> str:
    flat = flatten(page, reader, hidden, budget)
    contents = ContentStream(None, None)
    contents.operations = flat.operations
    made = PageObject(pdf=None)
    made[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): flat.fonts})
    made[NameObject("/Contents")] = contents
    lines = [" ".join(line.split()) for line in made.extract_text().split("\n")]
    text = "\n".join(line for line in lines if line)
    odd = sum(
        unicodedata.category(each) in _ODD or each == "\ufffd" for each in text if each != "\n"
    )
    if odd > _MAX_ODD_SHARE * len(text):
        raise PageRefused("letters that cannot be read")
    return text


def _is_filled(form: Any) -> bool:
    if not isinstance(form, DictionaryObject):
        return False
    if "/XFA" in form:
        raise PdfRefused("a form made by a program")
    return bool(form.get("/Fields"))


def _switched_off(root: DictionaryObject) -> frozenset[int]:
    """Return the object numbers of the layers that a reader does not see at first."""
    layers = root.get("/OCProperties")
    if layers is None:
        return frozenset()
    groups = layers.get_object()
    usual = groups.get("/D", DictionaryObject()).get_object()
    off = _numbers(usual.get("/OFF"))
    if usual.get("/BaseState") == "/OFF":
        off |= _numbers(groups.get("/OCGs")) - _numbers(usual.get("/ON"))
    return frozenset(off)


def _numbers(values: Any) -> set[int]:
    listed = [] if values is None else values.get_object()
    return {each.idnum for each in listed if hasattr(each, "idnum")}
