"""What a file may become before it leaves: clean text, or nothing."""

from dataclasses import dataclass, field
from typing import Final

from deid.attachments.plain_text import decoded
from deid.attachments.sniffing import sniff
from deid.markup.narrative import html_to_text

MAX_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """The words of a file that is text; they still name everybody they named."""

    words: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Why a file stays behind, in our words."""

    reason: str


def admit(body: bytes) -> Admitted | NotAdmitted:
    """Return the words of a file, or why it cannot leave; refusing is the default.

    The kind is decided by the bytes, never by the declared type.
    """
    if len(body) > MAX_BYTES:
        return NotAdmitted("too large")
    kind = sniff(body)
    if kind not in ("text", "html"):
        return NotAdmitted(kind)
    words = decoded(body)
    if words is not None and kind == "html":
        words = html_to_text(words)
    if words is None:
        return NotAdmitted("unreadable")
    return Admitted(words) if words.strip() else NotAdmitted("empty")
