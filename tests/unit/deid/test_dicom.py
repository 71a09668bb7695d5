"""A DICOM image leaves as pixels and a few words of closed lists, or not at all."""

import array
import io
import sys

import pytest
from PIL import Image, ImageChops
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

from deid.attachments.dicom import transfer_syntax
from deid.attachments.dicom_identity import identity_of
from deid.attachments.identities import identities_in
from deid.attachments.picture_bytes import pixel_type
from deid.attachments.picture_file import Box, PictureFile
from deid.attachments.pictures import CleanPicture, clean
from deid.attachments.pixels import NoPicture
from tests.support import pictures
from tests.support.canary import Searcher

NAME = pictures.NAME
HEADER = (NAME, "Odalys", "MRN-88231", "MRN-88232", "Brask", "ACC-5521", "1.2.276.0.99.4471")


def made(body: bytes, *boxes: Box) -> CleanPicture:
    """The clean picture of a DICOM file that is expected to have one."""
    result = clean(PictureFile("DICOM", body), boxes)
    assert isinstance(result, CleanPicture), result
    return result


def grays(picture: CleanPicture) -> list[int]:
    image = Image.open(io.BytesIO(picture.body)).convert("L")
    return list(image.tobytes())


def refused(body: bytes) -> str:
    result = clean(PictureFile("DICOM", body))
    assert isinstance(result, NoPicture), result
    return result.reason


def deep(values: list[int], **changes: object) -> bytes:
    """A DICOM image of one row of 16-bit values."""
    grid = array.array("H", [value & 0xFFFF for value in values])
    if sys.byteorder == "big":
        grid.byteswap()
    return pictures.dicom(
        **{
            "Rows": 1,
            "Columns": len(values),
            "BitsAllocated": 16,
            "BitsStored": 12,
            "HighBit": 11,
            "PixelData": grid.tobytes(),
            **changes,
        }
    )


def test_nothing_of_the_header_leaves() -> None:
    body = pictures.dicom()
    picture = made(body)
    assert {hit.word for hit in Searcher(HEADER).find(body, "in")} == set(HEADER)
    assert not Searcher(HEADER).find(picture.body + picture.facts.encode(), "out")
    assert pixel_type(picture.body) == picture.content_type == "image/png"
    assert picture.facts == "X-ray, chest, PA view, 160 x 120 mm"


def test_the_pixels_are_those_of_the_file() -> None:
    drawn = pictures.drawing(mode="L")
    low, high = drawn.getextrema()
    shown = Image.open(io.BytesIO(made(pictures.dicom(drawn)).body))
    expected = drawn.point(
        [round(255 * min(1, max(0, (v - low) / (high - low)))) for v in range(256)]
    )
    assert ImageChops.difference(shown, expected).getextrema() == (0, 0)


def test_boxes_are_burned_into_the_pixels() -> None:
    picture = made(pictures.dicom(), Box(left=0, top=0, width=1000, height=1000))
    assert set(grays(picture)) == {0}


def test_free_words_never_become_facts() -> None:
    body = pictures.dicom(
        BodyPartExamined=NAME.upper(), ViewPosition=NAME.upper(), Modality="CR", Laterality="R"
    )
    assert made(body).facts == "X-ray, right, 160 x 120 mm"
    body = pictures.dicom(BodyPartExamined="KNEE", Laterality="L", SliceThickness="2.5")
    assert made(body).facts == "X-ray, left knee, PA view, 160 x 120 mm, slice 2.5 mm"


@pytest.mark.parametrize(
    "changes",
    [{"PixelSpacing": ["99999", "99999"]}, {"PixelSpacing": None}, {"SliceThickness": "-4"}],
    ids=str,
)
def test_a_size_without_sense_is_not_told(changes: dict[str, object]) -> None:
    facts = made(pictures.dicom(**changes)).facts
    assert facts.startswith("X-ray, chest, PA view")
    assert "99999" not in facts
    assert "slice" not in facts


def test_the_window_of_the_file_is_used() -> None:
    values = [0, 1000, 1050, 1100, 4000]
    body = deep(values, WindowCenter="1050", WindowWidth="101")
    assert grays(made(body)) == pytest.approx([0, 0, 128, 255, 255], abs=3)
    several = deep(values, WindowCenter=["1050", "40"], WindowWidth=["101", "400"])
    assert grays(made(several)) == grays(made(body))
    rescaled = deep(values, WindowCenter="26", WindowWidth="101", RescaleIntercept="-1024")
    assert grays(made(rescaled)) == pytest.approx(grays(made(body)), abs=3)


def test_without_a_window_all_that_is_used_is_spread() -> None:
    assert grays(made(deep([500, 1000, 1500]))) == [0, 128, 255]
    assert grays(made(deep([7, 7, 7]))) == [0, 0, 0]


def test_signed_values_keep_their_order() -> None:
    assert grays(made(deep([-1000, 0, 1000], PixelRepresentation=1))) == [0, 128, 255]


def test_inverted_gray_is_turned_round() -> None:
    body = deep([0, 2000, 4000], PhotometricInterpretation="MONOCHROME1")
    assert grays(made(body)) == [255, 127, 0]


def test_an_overlay_in_unused_bits_does_not_leave() -> None:
    name_drawn_above = [500 | 0x8000, 1000, 1500 | 0x1000]
    assert grays(made(deep(name_drawn_above))) == grays(made(deep([500, 1000, 1500])))


@pytest.mark.parametrize("planes", [0, 1])
def test_colors_are_read_by_pixel_and_by_plane(planes: int) -> None:
    drawn = pictures.drawing((40, 30))
    data = b"".join(band.tobytes() for band in drawn.split()) if planes else drawn.tobytes()
    body = pictures.dicom(
        drawn, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=planes,
        PixelData=data, Modality="XC", SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.4",
    )  # fmt: skip
    picture = made(body)
    assert Image.open(io.BytesIO(picture.body)).tobytes() == drawn.tobytes()
    assert picture.facts.startswith("Photograph")


def test_baseline_jpeg_inside_is_read_and_its_own_comments_stay() -> None:
    body = pictures.dicom(
        TransferSyntaxUID=JPEGBaseline8Bit,
        PixelData=encapsulate([pictures.jpeg(pictures.drawing(mode="L"))]),
    )
    picture = made(body)
    assert (picture.width, picture.height) == (320, 240)
    assert picture.content_type == "image/jpeg"
    assert not Searcher(HEADER).find(picture.body, "out")


def test_implicit_form_is_read() -> None:
    assert grays(made(pictures.dicom(TransferSyntaxUID=ImplicitVRLittleEndian))) == grays(
        made(pictures.dicom())
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"BurnedInAnnotation": "YES"}, "not marked as free of burned-in text"),
        ({"BurnedInAnnotation": "no idea"}, "not marked as free of burned-in text"),
        ({"BurnedInAnnotation": None}, "not marked as free of burned-in text"),
        ({"RecognizableVisualFeatures": "YES"}, "a person can be recognized"),
        ({"ConversionType": "WSD"}, "secondary capture"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "a kind of object that is not sent"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"}, "a kind of object that is not sent"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"}, "a kind of object that is not sent"),
        ({"SOPClassUID": None}, "a kind of object that is not sent"),
        ({"NumberOfFrames": "12"}, "several frames"),
        ({"Rows": 60000, "Columns": 60000}, "too many pixels"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "pixels of a kind that is not read"),
        ({"HighBit": 3}, "pixels of a kind that is not read"),
        (
            {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31},
            "pixels of a kind that is not read",
        ),
        ({"Rows": 4000}, "pixels of a kind that is not read"),
        ({"PixelData": None}, "pixels of a kind that is not read"),
    ],
    ids=str,
)
def test_what_is_not_plainly_an_image_without_names_stays(
    changes: dict[str, object], reason: str
) -> None:
    assert refused(pictures.dicom(**changes)) == f"DICOM, {reason}"


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, RLELossless, "1.2.3"])
def test_other_compression_stays(syntax: str) -> None:
    body = pictures.dicom()
    known = b"1.2.840.10008.1.2.1\x00"
    changed = body.replace(known, syntax.encode().ljust(len(known), b"\x00")[: len(known)], 1)
    if syntax == DeflatedExplicitVRLittleEndian:
        changed = pictures.dicom(TransferSyntaxUID=syntax)
    assert refused(changed) == "DICOM, compressed in a way that is not read"


def test_the_transfer_syntax_is_read_without_reading_the_file() -> None:
    assert transfer_syntax(pictures.dicom()) == "1.2.840.10008.1.2.1"
    assert transfer_syntax(pictures.dicom().replace(b"DICM", b"ICM\x02", 1)) == ""
    assert transfer_syntax(b"\x00" * 128 + b"DICM" + b"\x08\x00\x05\x00CS\x02\x00AB") == ""


def test_a_broken_file_stays_and_says_nothing(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    body = pictures.dicom(pictures.drawing((40, 30), mode="L"))
    for end in range(128, len(body), 37):
        result = clean(PictureFile("DICOM", body[:end]))
        assert isinstance(result, NoPicture)
    longer = body.replace(b"US\x02\x00", b"US\x03\x00")
    assert isinstance(clean(PictureFile("DICOM", longer)), NoPicture)
    as_numbers = body.replace(b"LO\x09\x00", b"UL\x09\x00").replace(b"LO\x0a\x00", b"UL\x0a\x00")
    assert identity_of(as_numbers) == []
    changed = body.replace(b"CS\x02\x00NO", b"CS\xff\xffNO")
    assert isinstance(clean(PictureFile("DICOM", changed)), NoPicture)
    assert not caplog.records
    assert not recwarn.list


def test_sequences_nested_without_end_stay() -> None:
    opening = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    body = pictures.dicom()
    head = body[: body.index(b"\x08\x00\x16\x00")]
    assert isinstance(clean(PictureFile("DICOM", head + opening * 20_000)), NoPicture)


def test_a_compressed_image_that_is_not_what_it_says_stays() -> None:
    inside = encapsulate([pictures.jpeg(pictures.drawing(mode="L"))])
    said = pictures.dicom(TransferSyntaxUID=JPEGBaseline8Bit, PixelData=inside, BitsAllocated=16)
    assert refused(said) == "DICOM, pixels of a kind that is not read"
    huge = encapsulate([pictures.huge_png(9000, 5000)])
    body = pictures.dicom(TransferSyntaxUID=JPEGBaseline8Bit, PixelData=huge)
    assert refused(body) == "DICOM, pixels of a kind that is not read"
    dark = pictures.dicom(
        TransferSyntaxUID=JPEGBaseline8Bit,
        PixelData=encapsulate([pictures.encoded(Image.new("L", (8, 8), 250), "JPEG")]),
        PhotometricInterpretation="MONOCHROME1",
    )
    assert max(grays(made(dark))) < 16


def test_a_head_without_end_has_no_transfer_syntax() -> None:
    filler = b"\x02\x00\x00\x01CS\x00\x00" * 60
    assert transfer_syntax(bytes(128) + b"DICM" + filler) == ""


# whom a header names


def test_the_people_and_numbers_of_a_header_are_known_identifiers() -> None:
    found = identities_in(pictures.dicom(OperatorsName=["Vane^Ilse", "Ott"], StudyID="ST-7731"))
    assert found[0] == {
        "resourceType": "Patient",
        "name": [{"family": NAME, "given": ["Odalys"]}],
        "identifier": [{"value": "MRN-88231"}],
        "birthDate": "1958-03-14",
    }
    assert {
        "resourceType": "Practitioner",
        "name": [{"family": "Brask", "given": ["Tove"]}],
    } in found
    assert {"resourceType": "Practitioner", "name": [{"family": "Ott"}]} in found
    assert {"resourceType": "Organization", "name": f"{NAME} Infirmary"} in found
    numbers = [{"value": "ACC-5521"}, {"value": "ST-7731"}]
    assert {"resourceType": "Encounter", "identifier": numbers} in found


def test_a_header_that_cannot_be_read_names_nobody(recwarn: pytest.WarningsRecorder) -> None:
    assert identity_of(b"\x00" * 128 + b"DICM") == []
    assert identity_of(pictures.dicom(TransferSyntaxUID=DeflatedExplicitVRLittleEndian)) == []
    odd = pictures.dicom(PatientBirthDate="about 1950", PatientName="^^^^", PatientID="")
    assert identity_of(odd)[0]["resourceType"] == "Patient"
    assert not recwarn.list


def test_a_header_may_name_by_the_name_at_birth_alone() -> None:
    body = pictures.dicom(
        PatientName=None, PatientID=None, PatientBirthDate=None, AccessionNumber=None,
        PatientBirthName="Thornquist", PatientMotherBirthName="Brask^Ilse",
    )  # fmt: skip
    found = identity_of(body)
    assert found[0] == {"resourceType": "Patient", "name": [{"family": "Thornquist"}]}
    mother = {"resourceType": "RelatedPerson", "name": [{"family": "Brask", "given": ["Ilse"]}]}
    assert mother in found
    assert "Encounter" not in {one["resourceType"] for one in found}
