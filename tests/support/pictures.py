"""Pictures made for tests: drawn by hand, with a name hidden in every place a file has."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from deid.attachments.picture_file import Box, PictureFile
from deid.attachments.pictures import CleanPicture, clean

NAME = "Quillhaven"
DICOM_CR = "1.2.840.10008.5.1.4.1.1.1"
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>{}'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def drawing(
    size: tuple[int, int] = (320, 240), *, label: str = "", mode: str = "RGB"
) -> Image.Image:
    """A gray ground, a dark wound in the middle, and a label burned in at the top left."""
    image = Image.new("RGB", size, (214, 190, 170))
    draw = ImageDraw.Draw(image)
    wide, high = size
    draw.ellipse((wide * 0.35, high * 0.4, wide * 0.65, high * 0.8), fill=(120, 40, 40))
    draw.rectangle((0, high * 0.9, wide * 0.1, high), fill=(20, 60, 200))
    if label:
        font = ImageFont.load_default(size=max(10, wide // 16))
        draw.text((wide // 40, high // 40), label, fill=(0, 0, 0), font=font)
    return image.convert(mode)


def exif(name: str, *, orientation: int = 1, thumbnail: bytes = b"") -> bytes:
    """An EXIF block that names somebody as artist and subject, with an uncropped thumbnail."""
    block = Image.Exif()
    block[0x010E] = f"Wound of {name}"
    block[0x013B] = name
    block[0x0112] = orientation
    block[0x9C9B] = name.encode("utf-16-le")
    written = block.tobytes()
    return written + thumbnail  # Pillow writes no second directory; its bytes are what counts


def jpeg(image: Image.Image, name: str = NAME, *, orientation: int = 1, quality: int = 90) -> bytes:
    """A JPEG with a name in EXIF, its thumbnail, XMP, profile, comment and behind the end."""
    small = BytesIO()
    image.convert("RGB").resize((40, 30)).save(small, "JPEG", comment=f"thumb of {name}".encode())
    out = BytesIO()
    image.save(
        out,
        "JPEG",
        quality=quality,
        exif=exif(name, orientation=orientation, thumbnail=small.getvalue()),
        xmp=_XMP.format(name).encode(),
        icc_profile=b"\x00" * 128 + f"desc {name}".encode(),
        comment=f"taken of {name}".encode(),
    )
    return out.getvalue() + f"trailing {name}".encode()


def png(image: Image.Image, name: str = NAME) -> bytes:
    """A PNG with a name in text chunks, compressed text, EXIF, XMP, profile and behind IEND."""
    words = PngInfo()
    words.add_text("Author", name)
    words.add_text("Comment", f"photo of {name}", zip=True)
    words.add_itxt("XML:com.adobe.xmp", _XMP.format(name))
    out = BytesIO()
    image.save(
        out,
        "PNG",
        pnginfo=words,
        exif=exif(name),
        icc_profile=b"\x00" * 128 + f"desc {name}".encode(),
    )
    return out.getvalue() + f"trailing {name}".encode()


def tiff(image: Image.Image, name: str = NAME, *, more: tuple[Image.Image, ...] = ()) -> bytes:
    """A TIFF with a name in its tags and, if wanted, in further pages."""
    out = BytesIO()
    image.save(
        out,
        "TIFF",
        save_all=bool(more),
        append_images=list(more),
        tiffinfo={270: f"scan of {name}", 315: name, 65000: name},
    )
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that unpacks to very many pixels of one color."""
    rows = zlib.compressobj(9)
    line = b"\x00" * (width // 8 + 1)
    packed = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body) for kind, body in ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def dicom(image: Image.Image | None = None, name: str = NAME, **changes: object) -> bytes:
    """A chest X-ray as DICOM whose header, private tags and sequences name somebody.

    `changes` set attributes by keyword; None takes one out.
    """
    grid = (image or drawing(mode="L")).convert("L")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(changes.get("SOPClassUID", DICOM_CR)))
    meta.MediaStorageSOPInstanceUID = UID("1.2.276.0.99.4471.1")
    meta.TransferSyntaxUID = UID(str(changes.pop("TransferSyntaxUID", ExplicitVRLittleEndian)))
    data = FileDataset("x", {}, file_meta=meta, preamble=name.encode()[:12].ljust(128, b"\x00"))
    data.SOPClassUID, data.SOPInstanceUID = DICOM_CR, "1.2.276.0.99.4471.1"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.276.0.99.4471", "1.2.276.0.99.4471.9"
    data.PatientName, data.PatientID = f"{name}^Odalys", "MRN-88231"
    data.PatientBirthDate, data.AccessionNumber = "19580314", "ACC-5521"
    data.ReferringPhysicianName, data.InstitutionName = "Brask^Tove", f"{name} Infirmary"
    data.StudyDescription, data.Modality, data.BodyPartExamined = f"Chest {name}", "CR", "CHEST"
    data.ViewPosition, data.BurnedInAnnotation = "PA", "NO"
    data.PixelSpacing, data.ImageComments = ["0.5", "0.5"], f"repeat of {name}"
    nested = Dataset()
    nested.PatientName, nested.PatientID = f"{name}^Nested", "MRN-88232"
    data.OtherPatientIDsSequence = [nested]
    private = data.private_block(0x0009, f"{name} VENDOR", create=True)
    private.add_new(0x01, "LO", f"operator {name}")
    data.add_new(0x60000010, "US", grid.height)
    data.add_new(0x60003000, "OW", name.encode().ljust(32, b"\x00"))
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = grid.height, grid.width
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = grid.tobytes()
    for attribute, value in changes.items():
        if value is None:
            delattr(data, attribute)
        else:
            setattr(data, attribute, value)
    out = BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def picture_file(body: bytes) -> PictureFile:
    """A file that is a picture."""
    return PictureFile("picture", body)


def clean_picture(image: Image.Image) -> CleanPicture:
    """A picture as it leaves."""
    return clean_bytes(png(image))


def clean_bytes(body: bytes) -> CleanPicture:
    """What leaves of a file."""
    made = clean(picture_file(body))
    assert isinstance(made, CleanPicture)
    return made


def boxes(*sides: tuple[int, int, int, int]) -> tuple[Box, ...]:
    """Black boxes by left, top, width and height in thousandths."""
    return tuple(
        Box(left=left, top=top, width=width, height=height) for left, top, width, height in sides
    )


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file of this kind."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _zipped() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", f"Dear {NAME}")
    return out.getvalue()


def hiding_places() -> Iterator[tuple[str, bytes]]:
    """Files that hold a name beside their pixels: (what is odd about it, the bytes)."""
    plain = drawing()
    yield "jpeg", jpeg(plain)
    yield "png", png(plain)
    yield "tiff", tiff(plain)
    yield "tiff with a second page", tiff(plain, more=(drawing(label=NAME),))
    yield "polyglot of PNG and ZIP", encoded(plain, "PNG") + _zipped()
    yield "polyglot of JPEG and ZIP", encoded(plain, "JPEG") + _zipped()
    yield (
        "animated PNG",
        encoded(
            plain,
            "PNG",
            save_all=True,
            append_images=[drawing(label=NAME)],
            default_image=True,
        ),
    )
    yield "a JPEG with a second one behind it", encoded(plain, "JPEG") + jpeg(plain)
    body = encoded(plain, "PNG")
    yield (
        "a private chunk before the pixels",
        body[:33] + chunk(b"prVt", NAME.encode()) + body[33:],
    )
