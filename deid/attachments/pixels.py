"""The pixels of a JPEG, PNG or TIFF: decoded under bounds, turned upright, in 8 bits.

Only the first frame counts. No layer, palette entry or hidden pixel below a transparent one
comes along: what the doctor sees is all there is.
"""

import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, ImageFile

MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 2048
TOO_MANY_PIXELS: Final = "picture with too many pixels"

_FORMATS: Final = ("JPEG", "PNG", "TIFF")
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DIRECT: Final = frozenset({"L", "RGB"})
_COLORS: Final = frozenset({"CMYK", "YCbCr", "LAB", "HSV", "RGBX"})
_LAYERED: Final = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_DEEP: Final = frozenset({"I", "I;16", "I;16L", "I;16B", "I;16N"})
# What a decoder of a hostile file may raise; their texts quote the file, so none is kept.
DECODER_FAULTS: Final = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, ZeroDivisionError, EOFError, NotImplementedError, struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why a picture cannot be made out of a file, in our words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pixels:
    """Decoded pixels, upright, in 8 bits; `is_exact` when the file kept every pixel as it was."""

    image: Image.Image = field(repr=False)
    is_exact: bool
    facts: str = ""


def decoded_picture(body: bytes, *, max_side: int = MAX_SIDE) -> Pixels | NoPicture:
    """Decode the first frame of a JPEG, PNG or TIFF, upright and in 8 bits.

    Raises:
        OSError and others: the file is broken; see the caller.
    """
    with Image.open(BytesIO(body), formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            return NoPicture(TOO_MANY_PIXELS)
        lossy = image.format in ("JPEG", "MPO")
        if lossy and isinstance(image, ImageFile.ImageFile):
            image.draft(None, (max_side, max_side))  # decode no more than is kept
        image.load()
        method = _UPRIGHT.get(_orientation(image))
        plain = _in_8_bits(image)
        if plain is None:
            return NoPicture("picture of a color kind that is not read")
        upright = plain if method is None else plain.transpose(method)
        return Pixels(upright, is_exact=not lossy)


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held; a broken EXIF block says nothing, the doctor sees it."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODER_FAULTS:
        return 1
    return value if isinstance(value, int) else 1


def _in_8_bits(image: Image.Image) -> Image.Image | None:
    """Return gray or RGB pixels: no palette, no transparency with something behind it."""
    mode = image.mode
    if mode in _LAYERED or (mode == "P" and "transparency" in image.info):
        front = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", front.size, "white"), front).convert("RGB")
    if mode in _DIRECT:
        return image.copy()
    if mode == "1":
        return image.convert("L")
    if mode == "P" or mode in _COLORS:
        return image.convert("RGB")
    return _stretched(image) if mode in _DEEP else None


def _stretched(image: Image.Image) -> Image.Image:
    """Return deep gray values spread over 8 bits, darkest to lightest."""
    deep = image.convert("I")
    low, high = (float(value) for value in deep.getextrema())  # type: ignore[arg-type]  # one band
    factor = 255.0 / (high - low) if high > low else 0.0
    # Pillow reads the scale off this expression: it must be one product and one sum.
    return deep.point(lambda value: value * factor + -low * factor).convert("L")
