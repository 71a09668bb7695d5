"""A picture of the chart before anybody has looked at it, and what the doctor says about it.

A picture never leaves as it is and never by itself: the doctor looks at each one, covers what
could name somebody, and confirms it. The confirmation is bound to the exact bytes of the
chart by their SHA-256; neither it nor the digest ever leaves the hospital.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final, Literal, NewType

from deid.errors import ContentUnusable

PictureKind = Literal["picture", "DICOM"]
PictureDigest = NewType("PictureDigest", str)

SCALE: Final = 1000
"""Boxes are given in thousandths of the width and height of the upright picture."""
MAX_BOXES: Final = 200
NOT_CONFIRMED: Final = "picture, not confirmed by the doctor"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """The bytes of a file that says by itself that it is a picture."""

    kind: PictureKind
    body: bytes = field(repr=False)

    @property
    def digest(self) -> PictureDigest:
        """The SHA-256 of the bytes in hexadecimal digits: it names the picture inside only."""
        return PictureDigest(hashlib.sha256(self.body).hexdigest())


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Box:
    """A rectangle to be burned black, in thousandths of the upright picture.

    Raises:
        ContentUnusable: it is empty or reaches beyond the picture.
    """

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        sides = ((self.left, self.width), (self.top, self.height))
        if any(at < 0 or size < 1 or at + size > SCALE for at, size in sides):
            raise ContentUnusable(problem="a black box lies outside its picture")


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureConfirmation:
    """The doctor looked at this picture: nothing in it can name somebody once these are black."""

    boxes: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        if len(self.boxes) > MAX_BOXES:
            raise ContentUnusable(problem="too many black boxes on a picture")
