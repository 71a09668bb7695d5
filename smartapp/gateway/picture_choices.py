"""What the doctor did with the pictures of a draft: black boxes, and "I looked at it". Pure.

A picture is named by the SHA-256 of its exact bytes, so a choice holds for these bytes and no
others. Whoever changes a box has to look again: any change ends the confirmation.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from deid.attachments.picture_file import (
    MAX_BOXES,
    Box,
    PictureConfirmation,
    PictureDigest,
)

Choices = Mapping[str, Any]  # the JSON that a draft keeps

_KEY = "pictures"


def confirmed_pictures(choices: Choices) -> dict[PictureDigest, PictureConfirmation]:
    """The confirmations for `CaseInput.confirmed_pictures`."""
    return {
        PictureDigest(digest): PictureConfirmation(boxes=boxes_of(choices, digest))
        for digest, chosen in choices.get(_KEY, {}).items()
        if chosen["confirmed"]
    }


def boxes_of(choices: Choices, digest: str) -> tuple[Box, ...]:
    """The black boxes of a picture, in order."""
    chosen = choices.get(_KEY, {}).get(digest, {"boxes": []})
    return tuple(
        Box(left=left, top=top, width=width, height=height)
        for left, top, width, height in chosen["boxes"]
    )


def is_confirmed(choices: Choices, digest: str) -> bool:
    """Whether the doctor said that this picture may leave as it is covered now."""
    return bool(choices.get(_KEY, {}).get(digest, {}).get("confirmed", False))


def seen_mark(boxes: Iterable[Box]) -> str:
    """A short word for a set of boxes: a form says with it what its page showed."""
    words = ",".join(f"{b.left}.{b.top}.{b.width}.{b.height}" for b in boxes)
    return hashlib.sha256(words.encode("ascii")).hexdigest()[:16]


def cover(choices: Choices, digest: str, boxes: Iterable[Box]) -> dict[str, Any]:
    """Add boxes; the picture has to be looked at again."""
    wanted = dict.fromkeys([*boxes_of(choices, digest), *boxes])
    return _put(choices, digest, tuple(wanted)[:MAX_BOXES], confirmed=False)


def uncover(choices: Choices, digest: str, index: int) -> dict[str, Any]:
    """Take one box off; the picture has to be looked at again."""
    kept = [box for n, box in enumerate(boxes_of(choices, digest)) if n != index]
    return _put(choices, digest, kept, confirmed=False)


def confirm(choices: Choices, digest: str, *, seen: str) -> dict[str, Any]:
    """Let the picture leave, unless its boxes are not those that the doctor's page showed."""
    boxes = boxes_of(choices, digest)
    return _put(choices, digest, boxes, confirmed=seen == seen_mark(boxes))


def take_back(choices: Choices, digest: str) -> dict[str, Any]:
    """Let the picture stay after all; its boxes are kept."""
    return _put(choices, digest, boxes_of(choices, digest), confirmed=False)


def _put(choices: Choices, digest: str, boxes: Iterable[Box], *, confirmed: bool) -> dict[str, Any]:
    listed = [[box.left, box.top, box.width, box.height] for box in boxes]
    kept = {**choices.get(_KEY, {}), digest: {"boxes": listed, "confirmed": confirmed}}
    return {**choices, _KEY: kept}
