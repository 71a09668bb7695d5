"""What happens to the pictures of one case: the confirmed ones leave, all others are counted.

Without the doctor's confirmation of exactly these bytes a picture stays; that is the default
and no error. How many leave is bounded, and so is their size, because a case is one message.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deid.attachments.picture_file import (
    NOT_CONFIRMED,
    PictureConfirmation,
    PictureDigest,
    PictureFile,
)
from deid.attachments.pictures import CleanPicture, clean
from deid.attachments.pixels import NoPicture

MAX_PICTURES: Final = 8
_TOO_MANY: Final = "picture, more than eight in one case"
_HOLDER_STAYS: Final = "picture, its document stays"

PictureState = Literal["sent", "waiting", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRecord:
    """One picture that was met: where, and what became of it."""

    digest: PictureDigest
    element: str
    entry: int
    """The position of its resource in the input of the case."""
    state: PictureState
    reason: str = ""
    boxes: int = 0
    facts: str = ""


@dataclass(kw_only=True, slots=True)
class Pictures:
    """The pictures of one case. `confirmed` holds what the doctor looked at, by SHA-256."""

    confirmed: Mapping[PictureDigest, PictureConfirmation] = field(default_factory=dict)
    records: list[PictureRecord] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    """The SHA-256 of every picture made here: the gate lets no other pass."""
    _done: dict[PictureDigest, CleanPicture | NoPicture] = field(default_factory=dict)

    def take(self, file: PictureFile, *, element: str, entry: int) -> CleanPicture | NoPicture:
        """Return the clean picture, or why it stays; remembers it either way."""
        digest = file.digest
        result = self._made(file, digest)
        if isinstance(result, NoPicture):
            waiting = result.reason == NOT_CONFIRMED
            self.records.append(
                PictureRecord(
                    digest=digest,
                    element=element,
                    entry=entry,
                    state="waiting" if waiting else "refused",
                    reason=result.reason,
                )
            )
            return result
        self.made.add(hashlib.sha256(result.body).hexdigest())
        self.records.append(
            PictureRecord(
                digest=digest,
                element=element,
                entry=entry,
                state="sent",
                boxes=result.boxes,
                facts=result.facts,
            )
        )
        return result

    def holder_refused(self, entry: int) -> None:
        """Note that a resource stays after all, and with it the pictures in it."""
        self.records = [
            replace(one, state="refused", reason=_HOLDER_STAYS, boxes=0)
            if one.entry == entry and one.state == "sent"
            else one
            for one in self.records
        ]

    def counts(self) -> dict[str, int]:
        """Return what the receipt says: pictures sent and not sent, and black boxes."""
        sent = [one for one in self.records if one.state == "sent"]
        return {
            "sent": len(sent),
            "not_sent": len(self.records) - len(sent),
            "boxes": sum(one.boxes for one in sent),
        }

    def _made(self, file: PictureFile, digest: PictureDigest) -> CleanPicture | NoPicture:
        confirmation = self.confirmed.get(digest)
        if confirmation is None:
            return NoPicture(NOT_CONFIRMED)
        if sum(one.state == "sent" for one in self.records) >= MAX_PICTURES:
            return NoPicture(_TOO_MANY)
        if digest not in self._done:
            self._done[digest] = clean(file, confirmation.boxes)
        return self._done[digest]
