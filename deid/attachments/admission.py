"""What a file may become before it leaves: clean text, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from deid.attachments.limits import MAX_BYTES, MAX_CHARACTERS, MAX_NESTING
from deid.attachments.plain_text import decoded
from deid.attachments.rtf import RtfRefused, rtf_to_text
from deid.attachments.sniffing import sniff
from deid.attachments.unpacking import CannotUnpack, unwrapped
from deid.attachments.word_file import WordRefused, word_to_text
from deid.markup import clinical_document
from deid.markup.narrative import html_to_text, without_tags
from deid.markup.safe_xml import XmlRefused


@dataclass(frozen=True, slots=True)
class Admitted:
    """The words of a file that is text; they still name everybody they named."""

    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Why a file stays behind, in our words."""

    reason: str


Outcome = Admitted | NotAdmitted


def admit(body: bytes) -> Outcome:
    """Return the words of a file, or why it cannot leave; refusing is the default.

    The kind is decided by the bytes, never by the declared type. A file inside gzip or base64
    is taken out and looked at again, a few layers deep. Spec: deid.md 2b, 5.14 to 5.18.
    """
    try:
        inner = unpacked(body)
    except CannotUnpack as stopped:
        return NotAdmitted(stopped.reason)
    kind = sniff(inner)
    reader = _READERS.get(kind)
    if reader is None:
        return NotAdmitted(kind)
    outcome = reader(inner)
    if isinstance(outcome, NotAdmitted):
        return outcome
    if len(outcome.words) > MAX_CHARACTERS:
        return NotAdmitted("too long")
    return outcome if outcome.words.strip() else NotAdmitted("empty")


def unpacked(body: bytes) -> bytes:
    """Return the innermost file of what may be wrapped several times.

    Raises:
        CannotUnpack: a layer is broken, too large, or one too many.
    """
    for _ in range(MAX_NESTING + 1):
        if len(body) > MAX_BYTES:
            raise CannotUnpack("too large")
        inner = unwrapped(body)
        if inner is None:
            return body
        body = inner
    raise CannotUnpack("packed too often")


def _plain(body: bytes) -> Outcome:
    words = decoded(body)
    return NotAdmitted("unreadable") if words is None else Admitted(without_tags(words))


def _page(body: bytes) -> Outcome:
    source = decoded(body)
    words = None if source is None else html_to_text(source)
    return NotAdmitted("unreadable") if words is None else Admitted(words)


def _rtf(body: bytes) -> Outcome:
    try:
        return Admitted(rtf_to_text(body))
    except RtfRefused as refused:
        return NotAdmitted(refused.reason)


def _pdf(body: bytes) -> Outcome:
    # Imported late: the library costs a tenth of a second, and most cases hold no PDF.
    from deid.attachments.pdf import PdfRefused, pdf_to_text  # noqa: PLC0415

    try:
        return Admitted(pdf_to_text(body))
    except PdfRefused as refused:
        return NotAdmitted(refused.reason)


def _word(body: bytes) -> Outcome:
    try:
        return Admitted(word_to_text(body))
    except WordRefused as refused:
        return NotAdmitted(refused.reason)


def _clinical_document(body: bytes) -> Outcome:
    try:
        document = clinical_document.read_document(body)
    except XmlRefused as refused:
        return NotAdmitted(refused.reason)
    title = clinical_document.title_of(document)
    file = clinical_document.embedded_in(document)
    if file is None:
        words = clinical_document.sections_text(document)
        return Admitted(f"{title}\n\n{words}" if words and title else words)
    if file.body is None:
        return NotAdmitted("no content in the document")
    return _inside(file.body, title)


def _inside(body: bytes, title: str) -> Outcome:
    """Read the one file that a clinical document holds; it may not hold another such document."""
    try:
        inner = unpacked(body)
    except CannotUnpack as stopped:
        return NotAdmitted(stopped.reason)
    kind = sniff(inner)
    if kind == "clinical document":
        return NotAdmitted("packed too often")
    reader = _READERS.get(kind)
    outcome = NotAdmitted(kind) if reader is None else reader(inner)
    if isinstance(outcome, NotAdmitted) or not title:
        return outcome
    return Admitted(f"{title}\n\n{outcome.words}") if outcome.words.strip() else outcome


_READERS: Final[Mapping[str, Callable[[bytes], Outcome]]] = {
    "text": _plain,
    "html": _page,
    "RTF": _rtf,
    "archive or office file": _word,
    "PDF": _pdf,
    "clinical document": _clinical_document,
}
