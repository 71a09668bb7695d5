"""The answer as a note for the chart: what the gateway hands to the writer."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class NoteToWrite:
    """One version of an opinion, already rendered for the doctor; times are aware.

    `opinion_id` is the value of the identifier `B/sid/opinion` and makes the write
    idempotent. `author` is the requesting doctor's local reference. `text` opens with the
    sentence that says who filed it and that nobody has reviewed it yet. `replaces` is the
    chart's reference of the version that this one corrects.
    """

    opinion_id: str
    case_id: str
    patient_id: str = field(repr=False)
    encounter_id: str | None = field(repr=False)
    author: str | None = field(repr=False)
    text: str = field(repr=False)
    xhtml: str | None = field(repr=False, default=None)
    pdf: bytes | None = field(repr=False, default=None)
    asked_at: datetime
    answered_at: datetime
    filed_at: datetime
    replaces: str | None = field(repr=False, default=None)

    @property
    def content(self) -> bytes:
        """The exact bytes of the text attachment."""
        return self.text.encode("utf-8")

    @property
    def text_sha256(self) -> str:
        """The hash to store before writing and to find again when reading back."""
        return hashlib.sha256(self.content).hexdigest()
