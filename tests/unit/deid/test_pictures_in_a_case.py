"""A picture leaves with a case only when the doctor confirmed exactly its bytes."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from deid import policy
from deid.attachments.picture_bytes import pixel_type
from deid.attachments.picture_file import NOT_CONFIRMED, Box, PictureConfirmation, PictureFile
from deid.known_identity import KnownHit
from deid.pipeline import CaseInput, Prepared, deidentify, gate_skips
from deid.recheck import Gate, GateResult, search_bytes
from deid.structured.pictures import MAX_PICTURES
from tests.support import pictures
from tests.support.deid_cases import CASE_ID, case, patient

LABEL = Box(left=0, top=0, width=600, height=130)
PHOTO = pictures.jpeg(pictures.drawing(label="Marrowby"), "Adela Marrowby")
SCAN = pictures.png(pictures.drawing((200, 100)), "Adela Marrowby")
XRAY = pictures.dicom(name="Marrowby")


def _coded(body: bytes) -> str:
    return base64.b64encode(body).decode()


def document(body: bytes, n: int = 1, **changes: Any) -> dict[str, Any]:
    """A document that holds a picture, declared as something else."""
    return {
        "resourceType": "DocumentReference",
        "id": f"doc-{n}",
        "status": "current",
        "type": {"text": "Wound photo"},
        "subject": {"reference": "Patient/pt-9c27e1"},
        "date": f"2026-11-2{n}T08:00:00-05:00",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "title": "marrowby.jpg",
                    "data": _coded(body),
                }
            }
        ],
        **changes,
    }


def confirmed(*bodies: bytes, boxes: tuple[Box, ...] = (LABEL,)) -> dict[str, Any]:
    """A case whose doctor looked at these pictures."""
    confirmation = PictureConfirmation(boxes=boxes)
    return {
        "confirmed_pictures": {PictureFile("picture", body).digest: confirmation for body in bodies}
    }


def run(*documents: dict[str, Any], **changes: Any) -> Prepared:
    given: CaseInput = case(resources=(patient(), *documents))
    return deidentify(replace(given, **changes), policy.load())


def sent(prepared: Prepared) -> list[dict[str, Any]]:
    """The attachments of the documents that leave."""
    return [
        content["attachment"]
        for entry in prepared.sealed.entries
        if entry.resource_type == "DocumentReference"
        for content in entry.resource["content"]
    ]


def test_without_a_confirmation_a_picture_stays_and_is_counted() -> None:
    prepared = run(document(PHOTO))
    assert sent(prepared) == []
    receipt = prepared.sealed.receipt
    assert dict(receipt.pictures) == {"sent": 0, "not_sent": 1, "boxes": 0}
    assert f"DocumentReference.content.attachment: {NOT_CONFIRMED}" in receipt.refused
    (shown,) = prepared.preview.pictures
    assert (shown.state, shown.title, shown.entry) == ("waiting", "Wound photo", None)
    assert shown.digest == hashlib.sha256(PHOTO).hexdigest()


def test_a_confirmed_picture_leaves_as_pixels_under_a_type_of_our_own() -> None:
    prepared = run(document(PHOTO), **confirmed(PHOTO))
    (attachment,) = sent(prepared)
    assert set(attachment) == {"contentType", "data"}
    body = base64.b64decode(attachment["data"])
    assert attachment["contentType"] == pixel_type(body) == "image/jpeg"
    assert b"Marrowby" not in body
    assert dict(prepared.sealed.receipt.pictures) == {"sent": 1, "not_sent": 0, "boxes": 1}
    (shown,) = prepared.preview.pictures
    assert (shown.state, shown.entry, shown.boxes) == ("sent", "DocumentReference/1", 1)
    assert prepared.pictures == {hashlib.sha256(body).hexdigest()}


def test_the_digest_of_the_original_never_leaves() -> None:
    prepared = run(document(PHOTO), **confirmed(PHOTO))
    digest = hashlib.sha256(PHOTO).digest()
    for entry in prepared.sealed.entries:
        assert digest.hex().encode() not in entry.body
        assert base64.b64encode(digest) not in entry.body
    assert digest.hex() not in repr(prepared.sealed.receipt)


def test_a_confirmation_holds_for_exactly_these_bytes() -> None:
    prepared = run(document(PHOTO + b"\x00"), **confirmed(PHOTO))
    assert sent(prepared) == []
    assert [one.state for one in prepared.preview.pictures] == ["waiting"]


def test_a_dicom_image_leaves_as_pixels_and_words_of_closed_lists() -> None:
    prepared = run(document(XRAY), **confirmed(XRAY, boxes=()))
    (attachment,) = sent(prepared)
    assert attachment["contentType"] == "image/png"
    assert attachment["title"] == "X-ray, chest, PA view, 160 x 120 mm"
    leaving = b"".join(entry.body for entry in prepared.sealed.entries)
    assert b"1.2.276.0.99.4471" not in leaving


def test_a_dicom_image_of_somebody_else_stays_even_when_it_was_confirmed() -> None:
    foreign = pictures.dicom(name="Quillhaven")
    prepared = run(document(foreign), **confirmed(foreign))
    assert sent(prepared) == []
    assert any("about another patient" in one for one in prepared.sealed.receipt.refused)


def test_a_confirmed_picture_that_cannot_be_read_stays() -> None:
    broken = PHOTO[:2000]
    prepared = run(document(broken), **confirmed(broken))
    (shown,) = prepared.preview.pictures
    assert (shown.state, shown.reason) == ("refused", "picture cannot be read")
    assert dict(prepared.sealed.receipt.pictures) == {"sent": 0, "not_sent": 1, "boxes": 0}


def test_a_picture_stays_with_a_document_that_stays() -> None:
    foreign = document(PHOTO, subject={"reference": "Patient/somebody-else"})
    prepared = run(foreign, **confirmed(PHOTO))
    assert sent(prepared) == []
    assert [one.state for one in prepared.preview.pictures] in ([], ["refused"])
    assert prepared.sealed.receipt.pictures.get("sent", 0) == 0


def test_a_picture_kept_elsewhere_in_the_chart_is_found() -> None:
    binary = {
        "resourceType": "Binary", "id": "bin-1", "contentType": "image/png",
        "data": base64.b64encode(SCAN).decode(),
    }  # fmt: skip
    linked = document(b"")
    linked["content"][0]["attachment"] = {"contentType": "image/png", "url": "Binary/bin-1"}
    given = case(resources=(patient(), linked), identity_resources=(binary,))
    prepared = deidentify(replace(given, **confirmed(SCAN)), policy.load())
    assert [one["contentType"] for one in sent(prepared)] == ["image/png"]


def test_a_picture_of_a_media_resource_leaves_the_same_way() -> None:
    media = {
        "resourceType": "Media", "id": "med-1", "status": "completed",
        "subject": {"reference": "Patient/pt-9c27e1"}, "deviceName": "Camera of Adela Marrowby",
        "content": {"contentType": "image/png", "title": "Marrowby", "data": _coded(SCAN)},
    }  # fmt: skip
    assert [e for e in run(media).sealed.entries if e.resource_type == "Media"] == []
    prepared = run(media, **confirmed(SCAN))
    (entry,) = [e for e in prepared.sealed.entries if e.resource_type == "Media"]
    assert entry.resource["content"].keys() == {"contentType", "data"}
    assert b"Marrowby" not in entry.body


def test_a_picture_that_stands_in_two_documents_leaves_in_both() -> None:
    prepared = run(document(SCAN), document(SCAN, 2), **confirmed(SCAN))
    first, second = sent(prepared)
    assert first == second
    assert dict(prepared.sealed.receipt.pictures) == {"sent": 2, "not_sent": 0, "boxes": 2}


def test_only_so_many_pictures_leave_with_one_case() -> None:
    bodies = [SCAN + bytes([n]) for n in range(MAX_PICTURES + 1)]
    documents = [document(body, n % 9) | {"id": f"doc-{n}"} for n, body in enumerate(bodies)]
    prepared = run(*documents, **confirmed(*bodies, boxes=()))
    assert len(sent(prepared)) == MAX_PICTURES
    assert dict(prepared.sealed.receipt.pictures) == {"sent": 8, "not_sent": 1, "boxes": 0}


def test_the_same_input_gives_the_same_bytes() -> None:
    def once() -> Prepared:
        return run(document(PHOTO), document(SCAN, 2), **confirmed(PHOTO, SCAN))

    assert once().sealed == once().sealed


def test_a_picture_of_the_patient_itself_is_never_offered() -> None:
    portrait = {"contentType": "image/jpeg", "data": base64.b64encode(PHOTO).decode()}
    given = case(resources=(patient(photo=[portrait]),))
    prepared = deidentify(replace(given, **confirmed(PHOTO)), policy.load())
    assert prepared.preview.pictures == ()
    assert dict(prepared.sealed.receipt.pictures) == {}


# the gate


def looked_at(prepared: Prepared, attachment: dict[str, Any], made: frozenset[str]) -> GateResult:
    body = json.dumps({"resourceType": "DocumentReference", "content": [attachment]}).encode()
    skips = gate_skips(policy.load(), CASE_ID, pictures=made)
    return search_bytes(body, prepared.identity, skips=skips)


def test_the_gate_passes_pictures_made_here_and_no_others() -> None:
    prepared = run(document(PHOTO), **confirmed(PHOTO))
    (attachment,) = sent(prepared)
    assert looked_at(prepared, attachment, prepared.pictures).passed
    missed = looked_at(prepared, attachment, frozenset())
    assert [(hit.category, hit.rule) for hit in missed.hits] == [("picture", "picture.not_ours")]


@pytest.mark.parametrize("body", [PHOTO, SCAN], ids=["jpeg", "png"])
def test_the_gate_holds_a_picture_with_more_in_it_than_pixels(body: bytes) -> None:
    prepared = run(document(PHOTO))
    attachment = {"contentType": "image/png", "data": base64.b64encode(body).decode()}
    made = frozenset({hashlib.sha256(body).hexdigest()})
    assert not looked_at(prepared, attachment, made).passed


def test_the_gate_holds_what_only_begins_like_a_picture() -> None:
    prepared = run(document(PHOTO))
    for data in ("iVBORw0KGgo Marrowby", "/9j/****", "iVBORw0KGgo"):
        assert not looked_at(prepared, {"data": data}, prepared.pictures).passed


def test_random_bytes_of_a_picture_are_not_read_as_words() -> None:
    """Chance spells a short name in a megabyte of base64; a picture made here is passed over."""
    prepared = run(document(SCAN), **confirmed(SCAN, boxes=()))
    (attachment,) = sent(prepared)
    word = attachment["data"][30:36]
    gate = Gate(_OneWord(word), gate_skips(policy.load(), CASE_ID, pictures=prepared.pictures))
    gate.search(attachment["data"], "Attachment.data")
    assert not gate.result().passed
    gate = Gate(_OneWord(word), gate_skips(policy.load(), CASE_ID, pictures=prepared.pictures))
    gate.search({"data": attachment["data"]}, "Attachment")
    assert gate.result().passed


class _OneWord:
    """An identity of one word, found anywhere."""

    count = 1

    def __init__(self, word: str) -> None:
        self._word = word

    def find_for_gate(self, text: str) -> list[Any]:
        hit = KnownHit(
            start=0, end=1, category="name", rule="known", token_base="patient", subject="patient"
        )
        return [hit] if self._word in text else []
