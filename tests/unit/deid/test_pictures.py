"""A picture leaves as fresh pixels with black boxes, or not at all."""

import base64
import io

import pytest
from PIL import Image

from deid.attachments.picture_bytes import pixel_type
from deid.attachments.picture_file import MAX_BOXES, Box, PictureConfirmation, PictureFile
from deid.attachments.picture_source import find_picture, picture_of
from deid.attachments.pictures import (
    MAX_BYTES,
    MAX_OUT_BYTES,
    CleanPicture,
    clean,
    with_strong_contrast,
)
from deid.attachments.pixels import MAX_SIDE, NoPicture
from deid.errors import ContentUnusable
from tests.support import pictures
from tests.support.canary import Searcher

NAME = pictures.NAME


def made(body: bytes, *boxes: Box) -> CleanPicture:
    """The clean picture of a file that is expected to have one."""
    result = clean(PictureFile("picture", body), boxes)
    assert isinstance(result, CleanPicture), result
    return result


def opened(picture: CleanPicture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.body))
    image.load()
    return image


HIDING = tuple(pictures.hiding_places())


@pytest.mark.parametrize(("what", "body"), HIDING, ids=[what for what, _ in HIDING])
def test_only_pixels_of_a_file_leave(what: str, body: bytes) -> None:
    assert Searcher([NAME]).find(body, what) or "animated" in what or "page" in what
    picture = made(body)
    assert not Searcher([NAME]).find(picture.body, what)
    assert pixel_type(picture.body) == picture.content_type
    assert opened(picture).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert getattr(opened(picture), "n_frames", 1) == 1


def test_the_first_frame_is_what_leaves() -> None:
    red, blue = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    body = pictures.encoded(red, "TIFF", save_all=True, append_images=[blue])
    assert opened(made(body)).getpixel((20, 15)) == (255, 0, 0)


def test_the_same_bytes_and_boxes_give_the_same_picture() -> None:
    body = pictures.jpeg(pictures.drawing(label=NAME))
    box, other = Box(left=0, top=0, width=500, height=150), Box(left=900, top=9, width=9, height=9)
    assert made(body, box, other) == made(body, other, box, other)
    assert made(body, box) != made(body)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_before_the_boxes_are_burned_in(orientation: int) -> None:
    upright = pictures.drawing((200, 100))
    turn_back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(turn_back[orientation]) if orientation > 1 else upright
    picture = made(
        pictures.jpeg(stored, orientation=orientation), Box(left=0, top=0, width=250, height=500)
    )
    assert (picture.width, picture.height) == (200, 100)
    image = opened(picture)
    assert max(image.getpixel((10, 10))) < 8
    blue_corner = image.getpixel((5, 97))
    assert blue_corner[2] > 150 > blue_corner[0]


def test_nothing_below_a_box_can_be_told_from_the_pixels_beside_it() -> None:
    def labelled(text: str) -> bytes:
        return pictures.encoded(pictures.drawing((2400, 1200), label=text), "PNG")

    box = Box(left=0, top=0, width=600, height=250)
    assert made(labelled("QUILLHAVEN"), box).body == made(labelled("BRASK 1958"), box).body
    assert made(labelled("QUILLHAVEN")).body != made(labelled("BRASK 1958")).body


def test_a_box_is_rounded_outwards() -> None:
    white = pictures.encoded(Image.new("L", (10, 10), 255), "PNG")
    image = opened(made(white, Box(left=150, top=150, width=100, height=100)))
    black = [at for at in range(100) if image.getpixel((at % 10, at // 10)) == 0]
    assert black == [11, 12, 21, 22]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB"])
def test_every_usual_kind_of_color_leaves_in_8_bits(mode: str) -> None:
    drawn = pictures.drawing()
    image = drawn.convert("RGB").convert(mode) if mode != "LAB" else Image.new("LAB", (8, 8))
    kind = "TIFF" if mode in ("YCbCr", "LAB") else "PNG" if mode != "CMYK" else "JPEG"
    picture = made(pictures.encoded(image, kind))
    assert opened(picture).mode in ("L", "RGB")


def test_deep_gray_is_spread_over_what_a_screen_shows() -> None:
    deep = Image.new("I;16", (4, 1))
    for at, value in enumerate((1000, 1500, 2000, 3000)):
        deep.putpixel((at, 0), value)
    for kind in ("PNG", "TIFF"):
        image = opened(made(pictures.encoded(deep, kind)))
        assert [image.getpixel((at, 0)) for at in range(4)] == pytest.approx(
            [0, 64, 128, 255], abs=1
        )
    flat = Image.new("I;16", (4, 1), 700)
    assert opened(made(pictures.encoded(flat, "PNG"))).getextrema() == (0, 0)


def test_floating_point_pixels_are_refused() -> None:
    body = pictures.encoded(Image.new("F", (4, 4), 0.5), "TIFF")
    reason = "picture of a color kind that is not read"
    assert clean(PictureFile("picture", body)) == NoPicture(reason)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_pixels_below_a_transparent_layer_do_not_leave(mode: str) -> None:
    visible = Image.new("RGBA", (60, 20), (255, 255, 255, 0))
    visible.putpixel((30, 10), (1, 2, 3, 0))  # a drawn name would sit here, unseen
    image = visible.convert(mode)
    options = {"transparency": image.getpixel((0, 0))} if mode == "P" else {}
    if mode == "P":
        image.putpixel((30, 10), image.getpixel((0, 0)))
    assert opened(made(pictures.encoded(image, "PNG", **options))).convert("L").getextrema() == (
        255,
        255,
    )


def test_a_palette_entry_that_no_pixel_uses_does_not_leave() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette(b"\xff\xff\xff" + NAME.encode().ljust(30, b"\x00"))
    body = pictures.encoded(image, "PNG")
    assert NAME.encode() in body
    assert NAME.encode() not in made(body).body


def test_a_large_picture_is_made_smaller_and_fits_its_limit() -> None:
    noise = Image.effect_noise((2100, 1500), 120).convert("RGB")
    for body in (
        pictures.encoded(noise, "PNG", compress_level=1),
        pictures.encoded(noise, "JPEG", quality=95),
    ):
        picture = made(body)
        assert picture.content_type == "image/jpeg"
        assert len(picture.body) <= MAX_OUT_BYTES
        assert max(picture.width, picture.height) <= MAX_SIDE


def test_a_thumbnail_shows_the_same_boxes() -> None:
    body = pictures.encoded(Image.new("RGB", (1000, 1000), "white"), "PNG")
    small = clean(
        PictureFile("picture", body), [Box(left=0, top=0, width=500, height=500)], max_side=100
    )
    assert isinstance(small, CleanPicture)
    assert (small.width, small.height) == (100, 100)
    assert opened(small).getpixel((25, 25)) == (0, 0, 0)
    assert opened(small).getpixel((75, 75)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pictures.huge_png(30_000, 8_000), "picture with too many pixels"),
        (pictures.huge_png(30_000, 3_000), "picture with too many pixels"),
        (pictures.huge_png(9_000, 5_000), "picture with too many pixels"),
        (b"\xff\xd8\xff" + b"\x00" * MAX_BYTES, "picture too large"),
        (pictures.jpeg(pictures.drawing())[:2500], "picture cannot be read"),
        (pictures.png(pictures.drawing())[:1500], "picture cannot be read"),
        (pictures.encoded(pictures.drawing(), "PNG")[:400], "picture cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + NAME.encode() * 9, "picture cannot be read"),
        (pictures.encoded(pictures.drawing(), "GIF"), "picture cannot be read"),
        (pictures.encoded(pictures.drawing(), "BMP"), "picture cannot be read"),
        (pictures.encoded(pictures.drawing(), "WEBP"), "picture cannot be read"),
        (b"", "picture cannot be read"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_is_no_sound_picture_stays(body: bytes, reason: str) -> None:
    assert clean(PictureFile("picture", body)) == NoPicture(reason)


def test_no_warning_of_a_decoder_passes_with_words_of_the_file(
    recwarn: pytest.WarningsRecorder,
) -> None:
    body = pictures.tiff(pictures.drawing())
    for end in range(8, len(body), max(1, len(body) // 40)):
        clean(PictureFile("picture", body[:end]))
    assert not recwarn.list


@pytest.mark.parametrize(
    "box",
    [
        {"left": -1, "top": 0, "width": 5, "height": 5},
        {"left": 0, "top": 0, "width": 0, "height": 5},
        {"left": 0, "top": 996, "width": 5, "height": 5},
        {"left": 0, "top": 0, "width": 5, "height": 1001},
    ],
    ids=str,
)
def test_a_box_outside_its_picture_is_refused(box: dict[str, int]) -> None:
    with pytest.raises(ContentUnusable):
        Box(**box)


def test_boxes_are_counted() -> None:
    boxes = tuple(Box(left=n, top=0, width=1, height=1) for n in range(MAX_BOXES + 1))
    assert len(PictureConfirmation(boxes=boxes[1:]).boxes) == MAX_BOXES
    with pytest.raises(ContentUnusable):
        PictureConfirmation(boxes=boxes)


def test_the_picture_keeps_its_bytes_out_of_its_repr() -> None:
    file = PictureFile("picture", pictures.png(pictures.drawing()))
    assert NAME not in repr(file)
    assert "body" not in repr(clean(file))


def test_strong_contrast_shows_what_nobody_sees() -> None:
    faint = Image.new("L", (120, 80), 250)
    faint.paste(248, (55, 30, 65, 50))
    strong = opened(with_strong_contrast(made(pictures.encoded(faint, "PNG")))).convert("L")
    assert abs(strong.getpixel((60, 40)) - strong.getpixel((5, 5))) > 10  # type: ignore[operator]


# the gate's own look at bytes


@pytest.mark.parametrize(("what", "body"), HIDING, ids=[what for what, _ in HIDING])
def test_a_file_with_anything_but_pixels_is_seen(what: str, body: bytes) -> None:
    assert pixel_type(body) is None, what


def test_a_bare_picture_is_known_by_its_bytes() -> None:
    assert pixel_type(pictures.encoded(pictures.drawing(), "PNG")) == "image/png"
    assert pixel_type(pictures.encoded(pictures.drawing(), "JPEG")) == "image/jpeg"


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_bytes_cut_or_changed_are_no_bare_picture(kind: str) -> None:
    body = pictures.encoded(pictures.drawing((60, 40)), kind)
    assert all(pixel_type(body[:end]) is None for end in range(len(body)))
    assert pixel_type(body + b"\x00") is None
    assert pixel_type(body + body) is None
    assert pixel_type(b"GIF89a" + body) is None


def test_a_chunk_with_a_wrong_sum_is_seen() -> None:
    body = bytearray(pictures.encoded(pictures.drawing(), "PNG"))
    body[60] ^= 1
    assert pixel_type(bytes(body)) is None


def test_a_thumbnail_in_the_head_of_a_jpeg_is_seen() -> None:
    body = pictures.encoded(pictures.drawing(), "JPEG")
    assert body[2:4] == b"\xff\xe0"
    head = b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01abc"
    grown = body[:2] + b"\xff\xe0" + (len(head) + 2).to_bytes(2, "big") + head + body[20:]
    assert Image.open(io.BytesIO(grown)).size == (320, 240)
    assert pixel_type(grown) is None


def test_a_head_or_an_end_of_the_wrong_size_is_seen() -> None:
    head = pictures.chunk(b"IHDR", bytes(14))
    pixels, end = pictures.chunk(b"IDAT", b"x"), pictures.chunk(b"IEND", b"")
    signature = b"\x89PNG\r\n\x1a\n"
    assert pixel_type(signature + head + pixels + end) is None
    sound = pictures.chunk(b"IHDR", bytes(13))
    assert pixel_type(signature + sound + pixels + pixels + end) == "image/png"
    assert pixel_type(signature + sound + pixels + pictures.chunk(b"IEND", b"x")) is None
    assert pixel_type(signature + sound + pixels + end + pixels) is None


def test_a_broken_exif_block_says_nothing_about_how_the_camera_was_held() -> None:
    plain = pictures.drawing((60, 40))
    broken = pictures.encoded(plain, "PNG", exif=b"no TIFF at all")
    assert (made(broken).width, made(broken).height) == (60, 40)
    odd = pictures.encoded(plain, "JPEG", exif=pictures.exif(NAME, orientation=99))
    assert (made(odd).width, made(odd).height) == (60, 40)


# found again by its digest


def test_a_picture_is_found_again_wherever_the_chart_holds_it() -> None:
    body = pictures.png(pictures.drawing((20, 10)))
    digest = PictureFile("picture", body).digest
    data = base64.encodebytes(body).decode()  # with line breaks, as FHIR allows
    nested = {"resourceType": "DocumentReference", "content": [{"attachment": {"data": data}}]}
    for resource in (nested, {"resourceType": "Binary", "data": data}):
        found = find_picture([{"x": 1}, resource], digest)
        assert found is not None
        assert (found.kind, found.body) == ("picture", body)
    others = [
        {"data": "***"},
        {"data": ""},
        {"data": 7},
        {"data": base64.b64encode(b"text").decode()},
    ]
    assert find_picture([*others, nested], digest.replace("a", "b")) is None


def test_a_file_is_known_as_a_picture_by_its_first_bytes() -> None:
    assert picture_of(pictures.dicom()).kind == "DICOM"  # type: ignore[union-attr]
    for kind in ("JPEG", "PNG", "TIFF"):
        assert picture_of(pictures.encoded(pictures.drawing(), kind)) is not None
    for other in (b"", b"GIF89a", b"%PDF-1.7", b"K 6.1", b"\x89PNG"):
        assert picture_of(other) is None
