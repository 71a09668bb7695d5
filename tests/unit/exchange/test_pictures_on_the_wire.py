"""A snapshot carries clean text and bare pixels; the network looks for itself."""

import base64
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from exchange import case_bundle, checks
from exchange.picture_bytes import JPEG, MAX_BYTES, PNG, pixel_type
from runtime import json_text
from tests.support import pictures, wire

DRAWN = pictures.drawing((60, 40))
HIDING = tuple(pictures.hiding_places())


def rules_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    built = case_bundle.build_case(wire.sealed(more=(document,)), wire.order(), wire.PlainSigner())
    issues = checks.check_case(json_text.loads(built.body))
    return [(issue.rule, issue.expression.rsplit("resource.", 1)[1]) for issue in issues]


REFUSED = [("file-not-admitted", "content[0].attachment")]


@pytest.mark.parametrize(("kind", "declared"), [("PNG", PNG), ("JPEG", JPEG)])
def test_bare_pixels_travel_under_their_own_type(kind: str, declared: str) -> None:
    body = pictures.encoded(DRAWN, kind)
    assert rules_of(wire.picture_document(body, declared)) == []
    assert rules_of(wire.picture_document(body, declared, title="X-ray, chest")) == []


@pytest.mark.parametrize(("what", "body"), HIDING, ids=[what for what, _ in HIDING])
def test_a_picture_with_more_in_it_than_pixels_does_not_travel(what: str, body: bytes) -> None:
    for declared in (PNG, JPEG):
        assert rules_of(wire.picture_document(body, declared)) == REFUSED, what


@pytest.mark.parametrize(
    "declared",
    [JPEG, "image/svg+xml", "text/html", "application/pdf", "IMAGE/PNG", "image/png ", None],
    ids=str,
)
def test_a_type_that_the_bytes_do_not_have_does_not_travel(declared: Any) -> None:
    assert rules_of(wire.picture_document(pictures.encoded(DRAWN, "PNG"), declared)) == REFUSED


@pytest.mark.parametrize(
    "changes",
    [{"url": "https://hospital.example/1"}, {"hash": "AAAA"}, {"size": 4}, {"data": "***"},
     {"data": None}, {"creation": "2026"}],
    ids=str,
)  # fmt: skip
def test_what_would_lead_back_to_the_file_does_not_travel(changes: dict[str, Any]) -> None:
    document = wire.picture_document(pictures.encoded(DRAWN, "PNG"), PNG, **changes)
    assert rules_of(document) == REFUSED


@pytest.mark.parametrize(
    ("body", "declared", "travels"),
    [
        (b"K 6.1", "text/plain; charset=utf-8", True),
        (b"K 6.1", "text/plain", False),
        (b"", "text/plain; charset=utf-8", False),
        (b"caf\xe9", "text/plain; charset=utf-8", False),
        (b"<svg/>", "image/svg+xml", False),
    ],
    ids=str,
)
def test_text_travels_as_clean_text_only(body: bytes, declared: str, travels: bool) -> None:
    assert rules_of(wire.picture_document(body, declared)) == ([] if travels else REFUSED)


def png(*, wide: int = 4, high: int = 4, form: tuple[int, ...] = (8, 2, 0, 0, 0),
        rows: bytes | None = None, more: bytes = b"") -> bytes:  # fmt: skip
    """A PNG written by hand; `form` is depth, color, compression, filter, interlace."""
    packed = zlib.compress(bytes((wide * 3 + 1) * high) if rows is None else rows) + more
    head = struct.pack(">IIBBBBB", wide, high, *form)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pictures.chunk(kind, body) for kind, body in chunks)


def test_a_png_written_by_hand_is_known() -> None:
    assert pixel_type(png()) == PNG


@pytest.mark.parametrize(
    "body",
    [
        png(more=b"Marrowby"),
        png(rows=bytes(13 * 4 + 8)),
        png(rows=bytes(13 * 4 - 1)),
        png(form=(16, 2, 0, 0, 0)),
        png(form=(8, 6, 0, 0, 0)),
        png(form=(8, 3, 0, 0, 0)),
        png(form=(8, 2, 0, 0, 1)),
        png(wide=0),
        png(wide=5000, high=1),
        png()[:-4],
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + pictures.chunk(b"IEND", b""),
        pictures.huge_png(4000, 4000),
    ],
    ids=range(13),
)
def test_a_png_that_could_hold_more_than_it_shows_is_refused(body: bytes) -> None:
    assert pixel_type(body) is None


@pytest.mark.parametrize("options", [{"progressive": True}, {"comment": b"x"}], ids=str)
def test_a_jpeg_of_another_form_is_refused(options: dict[str, Any]) -> None:
    assert pixel_type(pictures.encoded(DRAWN, "JPEG", **options)) is None


def test_bytes_cut_anywhere_or_grown_are_refused() -> None:
    for kind in ("PNG", "JPEG"):
        body = pictures.encoded(DRAWN, kind)
        assert all(pixel_type(body[:end]) is None for end in range(len(body)))
        assert pixel_type(body + b"\x00") is None
        assert pixel_type(body + body) is None


def test_a_cmyk_jpeg_and_one_of_more_bytes_than_admitted_are_refused() -> None:
    assert pixel_type(pictures.encoded(Image.new("CMYK", (8, 8)), "JPEG")) is None
    big = pictures.encoded(Image.effect_noise((1600, 1600), 90), "JPEG", quality=100)
    assert len(big) > MAX_BYTES
    assert pixel_type(big) is None


def test_what_a_hospital_makes_is_what_the_network_admits() -> None:
    """The two looks at a picture share no code; they have to agree on what is made here."""
    for made in (pictures.png(DRAWN), pictures.jpeg(DRAWN), pictures.tiff(DRAWN.convert("L"))):
        clean = pictures.clean_bytes(made)
        assert pixel_type(clean.body) == clean.content_type
        assert base64.b64encode(clean.body)


def test_a_jpeg_without_a_frame_or_with_noise_between_its_parts_is_refused() -> None:
    body = pictures.encoded(DRAWN, "JPEG")
    assert pixel_type(body[:20] + b"\x00" + body[20:]) is None
    frame = body.index(b"\xff\xc0")
    size = int.from_bytes(body[frame + 2 : frame + 4], "big")
    assert pixel_type(body[:frame] + body[frame + 2 + size :]) is None
    assert pixel_type(body[:frame] + body[frame : frame + 2 + size] + body[frame:]) is None
