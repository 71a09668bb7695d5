"""A confirmed picture becomes fresh pixels with black boxes; nothing else of its file remains.

The file is decoded under bounds, turned upright, covered, and its pixels alone are written
into a new file. So nothing of the old one can come along: no EXIF, XMP, profile, thumbnail,
comment, palette entry, transparent layer, further frame, or bytes behind the end. Made with
Pillow; the same bytes and boxes give the same picture.

Bounds: 12 MB and 40 million pixels in, at most 2,048 pixels a side and 1 MB out. A picture
is for looking at during a consult, not for primary diagnosis.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from deid.attachments.picture_file import SCALE, Box, PictureFile
from deid.attachments.pixels import (
    DECODER_FAULTS,
    MAX_SIDE,
    TOO_MANY_PIXELS,
    NoPicture,
    Pixels,
    decoded_picture,
)

MAX_BYTES: Final = 12_000_000
MAX_OUT_BYTES: Final = 1_000_000

_QUALITIES: Final = (90, 80, 65, 50)
_SHRINK: Final = 0.75
_SMALLEST_SIDE: Final = 64
_AROUND: Final = 12  # pixels
_STRONGER: Final = 16
_MIDDLE_GRAY: Final = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanPicture:
    """A picture as it leaves: fresh pixels, covered; `facts` are words of closed lists."""

    content_type: str
    body: bytes = field(repr=False)
    width: int
    height: int
    boxes: int
    facts: str = ""


def clean(
    file: PictureFile, boxes: Iterable[Box] = (), *, max_side: int = MAX_SIDE
) -> CleanPicture | NoPicture:
    """Return the picture with its boxes burned in, or why there is none."""
    pixels = _decoded(file, max_side)
    if isinstance(pixels, NoPicture):
        return pixels
    wanted = tuple(sorted(set(boxes)))
    # Covered before it is made smaller, so that no neighbor takes a trace of what lies below;
    # and once more after it, so that the edge is sharp.
    image = covered(pixels.image, wanted)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    image = covered(image, wanted)
    body, content_type, size = _encoded(image, is_exact=pixels.is_exact)
    return CleanPicture(
        content_type=content_type,
        body=body,
        width=size[0],
        height=size[1],
        boxes=len(wanted),
        facts=pixels.facts,
    )


def with_strong_contrast(picture: CleanPicture) -> CleanPicture:
    """Return what differs from its surroundings, sixteen times stronger, for the doctor only.

    Faint print, a label in the shade or writing in almost the color of its ground is there
    though nobody sees it; here it shows.
    """
    with Image.open(BytesIO(picture.body)) as image:
        around = image.filter(ImageFilter.GaussianBlur(_AROUND))
        marks = ImageChops.subtract(image, around, scale=1 / _STRONGER, offset=_MIDDLE_GRAY)
    body, content_type, _ = _encoded(marks, is_exact=False)
    return replace(picture, body=body, content_type=content_type)


def covered(image: Image.Image, boxes: Iterable[Box]) -> Image.Image:
    """Return a copy with the boxes black, each rounded outwards to whole pixels."""
    out = image.copy()
    draw = ImageDraw.Draw(out)
    wide, high = out.size
    for box in boxes:
        left, top = box.left * wide // SCALE, box.top * high // SCALE
        right = -(-(box.left + box.width) * wide // SCALE)
        bottom = -(-(box.top + box.height) * high // SCALE)
        draw.rectangle((left, top, right - 1, bottom - 1), fill=0)
    return out


def _decoded(file: PictureFile, max_side: int) -> Pixels | NoPicture:
    if len(file.body) > MAX_BYTES:
        return NoPicture("picture too large")
    try:
        with warnings.catch_warnings():
            # Decoders warn with words of the file, and at a bomb; neither may pass.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if file.kind == "DICOM":
                # Reading DICOM takes a third of a second to import: only where one is met.
                from deid.attachments.dicom import decoded_dicom  # noqa: PLC0415

                return decoded_dicom(file.body)
            return decoded_picture(file.body, max_side=max_side)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return NoPicture(TOO_MANY_PIXELS)
    except (RecursionError, *DECODER_FAULTS):
        return NoPicture("picture cannot be read")


def _encoded(image: Image.Image, *, is_exact: bool) -> tuple[bytes, str, tuple[int, int]]:
    """Write the pixels into a new file under the limit: exact where it fits, else JPEG."""
    fresh = Image.frombytes(image.mode, image.size, image.tobytes())
    if is_exact:
        body = _written(fresh, "PNG", compress_level=6)
        if len(body) <= MAX_OUT_BYTES:
            return body, "image/png", fresh.size
    while True:
        for quality in _QUALITIES:
            body = _written(fresh, "JPEG", quality=quality)
            if len(body) <= MAX_OUT_BYTES or max(fresh.size) <= _SMALLEST_SIDE:
                return body, "image/jpeg", fresh.size
        fresh = fresh.resize(
            (max(1, int(fresh.width * _SHRINK)), max(1, int(fresh.height * _SHRINK))),
            Image.Resampling.LANCZOS,
        )


def _written(image: Image.Image, kind: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
