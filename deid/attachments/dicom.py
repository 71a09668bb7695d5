"""A DICOM image as pixels and a few facts; its header never leaves, not even a cleaned one.

A clean DICOM file would still have to carry dozens of attributes, some of them mandatory, and
whatever a vendor hid in private tags, sequences, overlays or unused bits has to be found to
be taken out. The specialist looks at a page in a browser. So only the grid of pixels is
taken, drawn in the window the file asks for, and every UID stays behind: there is none left
to remap. What is read at all is the list below; what else the file holds is skipped unread.
(docs/decisions: pictures leave as pixels.)

Refused: a kind of object not on the list (so structured reports, encapsulated documents and
secondary capture), a file that does not say that nothing is burned into it, one that says a
face can be recognized, several frames, and compression other than baseline JPEG. Head scans
are admitted one slice at a time: a face is rebuilt from a stack, which never leaves whole.

Spec: DICOM PS3.3 C.7.6.3, C.11.2; PS3.5 chapters 7, 8, A; PS3.15 annex E
"""

import struct
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps
from pydicom import dcmread
from pydicom.config import IGNORE, settings
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.errors import BytesLengthException, InvalidDicomError

from deid.attachments.dicom_facts import facts_of
from deid.attachments.pixels import NoPicture, Pixels, decoded_picture

# No value may come into a warning or a log line, so none is judged while reading.
settings.reading_validation_mode = IGNORE

MAX_PIXELS: Final = 20_000_000
DICOM_FAULTS: Final = (BytesLengthException, InvalidDicomError)
"""What reading may raise beside the faults of all decoders."""
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
"""Unpacked by a library at whatever size; so nothing of such a file is read."""

_KINDS: Final = {
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # digital X-ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.2",  # mammogram, for presentation
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.6.1",  # ultrasound
    "1.2.840.10008.5.1.4.1.1.20",  # nuclear medicine
    "1.2.840.10008.5.1.4.1.1.128",  # PET
    "1.2.840.10008.5.1.4.1.1.77.1.4",  # photograph
    "1.2.840.10008.5.1.4.1.1.77.1.5.1",  # photograph of the eye
}
_PLAIN: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"})
_BASELINE_JPEG: Final = "1.2.840.10008.1.2.4.50"
_READ: Final = [
    "SOPClassUID", "Modality", "ConversionType", "BurnedInAnnotation",
    "RecognizableVisualFeatures", "BodyPartExamined", "ViewPosition", "ImageLaterality",
    "Laterality", "PixelSpacing", "ImagerPixelSpacing", "SliceThickness", "SamplesPerPixel",
    "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "WindowCenter",
    "WindowWidth", "RescaleIntercept", "RescaleSlope", "PixelData",
]  # fmt: skip
_PREAMBLE: Final = 132
_MARK: Final = b"DICM"
_TRANSFER_SYNTAX: Final = (0x0002, 0x0010)
_LONG_FORMS: Final = frozenset({b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT"})
_MAX_HEAD_ELEMENTS: Final = 40
_BYTE: Final = 8
_WORD: Final = 16
_GRAYS: Final = ("MONOCHROME1", "MONOCHROME2")


def decoded_dicom(body: bytes) -> Pixels | NoPicture:
    """Return the pixels of a DICOM image and its facts, or why it stays.

    Raises:
        OSError, ValueError and others: the file is broken; see `pictures.clean`.
    """
    syntax = transfer_syntax(body)
    if syntax not in _PLAIN and syntax != _BASELINE_JPEG:
        return NoPicture("DICOM, compressed in a way that is not read")
    try:
        return _drawn(dcmread(BytesIO(body), specific_tags=list(_READ)), syntax)
    except DICOM_FAULTS:
        raise ValueError("the file is broken") from None


def _drawn(dataset: Dataset, syntax: str) -> Pixels | NoPicture:
    refused = _refusal(dataset)
    if refused:
        return NoPicture(f"DICOM, {refused}")
    image = _of_jpeg(dataset) if syntax == _BASELINE_JPEG else _of_grid(dataset)
    if image is None:
        return NoPicture("DICOM, pixels of a kind that is not read")
    return Pixels(image, is_exact=syntax != _BASELINE_JPEG, facts=facts_of(dataset))


def transfer_syntax(body: bytes) -> str:
    """Return the transfer syntax UID out of the file's head, or nothing.

    Read by hand, since a library would inflate a deflated file of any size before asking.
    """
    at = _PREAMBLE
    if body[at - len(_MARK) : at] != _MARK:
        return ""
    for _ in range(_MAX_HEAD_ELEMENTS):
        group, element, form, size = struct.unpack_from("<HH2sH", body, at)
        at += 8
        if form in _LONG_FORMS:
            (size,) = struct.unpack_from("<L", body, at)
            at += 4
        if (group, element) == _TRANSFER_SYNTAX:
            return body[at : at + size].rstrip(b"\x00 ").decode("ascii")
        if group != _TRANSFER_SYNTAX[0]:
            break
        at += size
    return ""


def _refusal(dataset: Dataset) -> str:
    """Return why such a file stays, whatever its pixels show."""
    if dataset.get("SOPClassUID") not in _KINDS:
        return "a kind of object that is not sent"
    if "ConversionType" in dataset:
        return "secondary capture"
    if dataset.get("BurnedInAnnotation") != "NO":
        return "not marked as free of burned-in text"
    if dataset.get("RecognizableVisualFeatures") not in (None, "", "NO"):
        return "a person can be recognized"
    return _refusal_of_size(dataset)


def _refusal_of_size(dataset: Dataset) -> str:
    frames = dataset.get("NumberOfFrames")
    if frames not in (None, "") and int(frames) != 1:
        return "several frames"
    pixels = int(dataset.Rows) * int(dataset.Columns)
    return "" if 0 < pixels <= MAX_PIXELS else "too many pixels"


def _of_jpeg(dataset: Dataset) -> Image.Image | None:
    if int(dataset.BitsAllocated) != _BYTE or "PixelData" not in dataset:
        return None
    found = decoded_picture(get_frame(dataset.PixelData, 0, number_of_frames=1))
    if isinstance(found, NoPicture):
        return None
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    return ImageOps.invert(found.image) if inverted else found.image


def _of_grid(dataset: Dataset) -> Image.Image | None:
    size = (int(dataset.Columns), int(dataset.Rows))
    data = bytes(dataset.get("PixelData") or b"")
    samples, bits = int(dataset.SamplesPerPixel), int(dataset.BitsAllocated)
    if len(data) < size[0] * size[1] * samples * bits // _BYTE:
        return None
    if samples == 3 and bits == _BYTE and dataset.PhotometricInterpretation == "RGB":
        return _of_colors(data, size, planes=dataset.get("PlanarConfiguration") == 1)
    if samples == 1 and bits in (_BYTE, _WORD) and dataset.PhotometricInterpretation in _GRAYS:
        return _of_grays(dataset, data, size, bits)
    return None


def _of_colors(data: bytes, size: tuple[int, int], *, planes: bool) -> Image.Image:
    if not planes:
        return Image.frombytes("RGB", size, data[: size[0] * size[1] * 3])
    step = size[0] * size[1]
    bands = [Image.frombytes("L", size, data[n * step : (n + 1) * step]) for n in range(3)]
    return Image.merge("RGB", bands)


def _of_grays(
    dataset: Dataset, data: bytes, size: tuple[int, int], bits: int
) -> Image.Image | None:
    stored = int(dataset.BitsStored)
    if not 0 < stored <= bits or int(dataset.HighBit) != stored - 1:
        return None
    count = size[0] * size[1] * bits // _BYTE
    grid = Image.frombytes("L" if bits == _BYTE else "I;16", size, data[:count])
    # Bits above the stored ones once held overlays, with the patient's name drawn in them.
    mask = (1 << stored) - 1
    sign = 1 << (stored - 1) if int(dataset.PixelRepresentation) == 1 else 0
    values = [((raw & mask) ^ sign) - sign for raw in range(1 << bits)]
    levels = _levels(dataset, values, _used(grid, values))
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        levels = [255 - level for level in levels]
    return grid.point(levels) if bits == _BYTE else grid.convert("I").point(levels, "L")


def _used(grid: Image.Image, values: list[int]) -> tuple[int, int]:
    """Return the least and the greatest value that the grid holds."""
    if grid.mode == "L":
        met = [values[raw] for raw, count in enumerate(grid.histogram()) if count]
    else:
        met = [values[raw] for raw in set(memoryview(grid.tobytes()).cast("H"))]
    return min(met), max(met)


def _levels(dataset: Dataset, values: list[int], used: tuple[int, int]) -> list[int]:
    """Return the gray of every stored value: the file's window, or all that is used."""
    slope = float(dataset.get("RescaleSlope") or 1)
    intercept = float(dataset.get("RescaleIntercept") or 0)
    center, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if center is None or width is None or width < 1:
        low, high = (slope * value + intercept for value in used)
        low, high = min(low, high), max(low, high)
    else:
        low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    reach = (high - low) or 1.0
    scaled = ((slope * value + intercept - low) / reach for value in values)
    return [round(255 * min(1.0, max(0.0, share))) for share in scaled]


def _first(value: object) -> float | None:
    """Return the first of one or several numbers; a file may offer several windows."""
    if value is None or value == "":
        return None
    several = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return float(str(several[0])) if several else None
