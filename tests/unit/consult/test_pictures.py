"""Only bytes that are pixels and nothing else count as a picture at the desk."""

import base64
from typing import Any

import pytest

from consult.domain.pictures import attachment_picture
from consult.domain.snapshot_reading import read_pictures
from tests.support import pictures, wire

PNG = pictures.encoded(pictures.drawing((40, 30)), "PNG")
HIDING = tuple(pictures.hiding_places())


def attachment(body: bytes, content_type: Any) -> dict[str, Any]:
    return {"contentType": content_type, "data": base64.b64encode(body).decode()}


def snapshot(*documents: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": wire.url("DocumentReference", n), "resource": one}
        for n, one in enumerate(documents, start=1)
    ]
    return {"resourceType": "Bundle", "entry": entries}


def test_a_picture_is_read_with_its_words() -> None:
    (found,) = read_pictures([snapshot(wire.picture_document(PNG, "image/png", title="X-ray"))])
    assert (found.title, found.facts, found.content_type) == ("Wound photo", "X-ray", "image/png")
    assert found.body == PNG
    assert found.when.words == "85 min before"


@pytest.mark.parametrize(("what", "body"), HIDING, ids=[what for what, _ in HIDING])
def test_a_file_with_more_than_pixels_is_no_picture(what: str, body: bytes) -> None:
    assert attachment_picture(attachment(body, "image/png")) is None, what
    assert attachment_picture(attachment(body, "image/jpeg")) is None, what


@pytest.mark.parametrize(
    "odd",
    [
        attachment(b"<html><script>", "image/png"),
        attachment(b"<svg/>", "image/svg+xml"),
        attachment(PNG, "image/jpeg"),
        attachment(PNG, "text/html"),
        attachment(PNG, ["image/png"]),
        {"contentType": "image/png", "data": "*"},
        {"contentType": "image/png"},
        "image/png",
        None,
    ],
    ids=str,
)
def test_anything_else_is_no_picture(odd: Any) -> None:
    assert attachment_picture(odd) is None
    document = wire.picture_document(PNG, "image/png") | {"content": [{"attachment": odd}]}
    assert read_pictures([snapshot(document)]) == ()


def test_pictures_of_reports_and_media_are_found_too() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "code": {"text": "Chest X-ray"},
        "presentedForm": [attachment(PNG, "image/png")],
    }
    media = {"resourceType": "Media", "content": attachment(PNG, "image/png")}
    found = read_pictures([snapshot(report, media)])
    assert sorted(one.title for one in found) == ["Chest X-ray", "Picture"]
