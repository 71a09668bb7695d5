"""Whatever bytes a picture has: no crash, no word of the file, and only pixels come out."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deid.attachments import pictures as making
from deid.attachments.dicom_identity import identity_of
from deid.attachments.picture_bytes import pixel_type
from deid.attachments.picture_file import SCALE, Box, PictureFile, PictureKind
from deid.attachments.pixels import NoPicture
from exchange import picture_bytes as network
from tests.support import pictures
from tests.support.canary import Searcher

_SMALL = pictures.drawing((48, 32))
_FILES: tuple[tuple[PictureKind, bytes], ...] = (
    ("picture", pictures.jpeg(_SMALL)),
    ("picture", pictures.png(_SMALL)),
    ("picture", pictures.tiff(_SMALL)),
    ("picture", pictures.tiff(_SMALL.convert("L"), more=(_SMALL,))),
    ("DICOM", pictures.dicom(_SMALL)),
)
_NAME = Searcher([pictures.NAME])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[PictureKind, bytes]:
    """A sound file with some bytes changed, taken out, doubled or put in."""
    kind, body = draw(st.sampled_from(_FILES))
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.sampled_from(["set", "cut", "double", "insert"])):
            case "set" if changed:
                changed[at] = draw(st.integers(0, 255))
            case "cut":
                del changed[at : at + draw(st.integers(1, 400))]
            case "double":
                changed[at:at] = changed[at : at + draw(st.integers(1, 64))]
            case _:
                changed[at:at] = draw(st.binary(max_size=12))
    return kind, bytes(changed)


@settings(max_examples=400)
@given(damaged())
def test_a_damaged_picture_becomes_bare_pixels_or_stays(file: tuple[PictureKind, bytes]) -> None:
    made = making.clean(PictureFile(*file))
    if isinstance(made, NoPicture):
        assert not _NAME.find(made.reason, "reason")
        return
    assert pixel_type(made.body) == network.pixel_type(made.body) == made.content_type
    assert not _NAME.find(made.body, "picture", layers=0)
    assert not _NAME.find(made.facts, "facts")


@settings(max_examples=150)
@given(damaged())
def test_a_damaged_header_names_people_or_nobody(file: tuple[PictureKind, bytes]) -> None:
    for resource in identity_of(file[1]):
        assert resource["resourceType"] in {
            "Patient", "RelatedPerson", "Practitioner", "Organization", "Encounter"
        }  # fmt: skip


@settings(max_examples=300)
@given(st.sampled_from(["PNG", "JPEG"]), st.data())
def test_both_looks_see_any_change_of_the_frame_of_a_file(kind: str, data: st.DataObject) -> None:
    """Either look may pass changed pixels; a changed file that passes must still be a picture."""
    body = bytearray(pictures.encoded(_SMALL, kind))
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    for look in (pixel_type, network.pixel_type):
        if look(bytes(body)) == "image/png":
            raise AssertionError("a PNG has a sum over every byte of it")


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    """A box inside its picture."""
    left, top = draw(st.integers(0, SCALE - 1)), draw(st.integers(0, SCALE - 1))
    width, height = draw(st.integers(1, SCALE - left)), draw(st.integers(1, SCALE - top))
    return Box(left=left, top=top, width=width, height=height)


@settings(max_examples=120)
@given(st.integers(1, 60), st.integers(1, 60), st.lists(boxes(), min_size=1, max_size=3))
def test_every_pixel_that_a_box_touches_is_black(wide: int, high: int, given: list[Box]) -> None:
    white = pictures.encoded(Image.new("L", (wide, high), 255), "PNG")
    made = making.clean(PictureFile("picture", white), given)
    assert not isinstance(made, NoPicture)
    image = Image.open(io.BytesIO(made.body))
    for x in range(wide):
        for y in range(high):
            touched = any(
                box.left * wide < (x + 1) * SCALE
                and (box.left + box.width) * wide > x * SCALE
                and box.top * high < (y + 1) * SCALE
                and (box.top + box.height) * high > y * SCALE
                for box in given
            )
            assert image.getpixel((x, y)) == (0 if touched else 255)
