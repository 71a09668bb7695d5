"""A file leaves as clean text or not at all, and its bytes decide."""

import base64
from typing import Any

import pytest

from deid import policy
from deid.attachments.admission import Admitted, NotAdmitted, admit
from deid.attachments.limits import MAX_BYTES
from deid.markup.narrative import html_to_text
from deid.pipeline import deidentify
from tests.support.deid_cases import case

CDA = b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>'
LONG_WORD = base64.b64encode(b"%PDF-1.7 Adela Marrowby " * 30)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"%PDF-1.7\n...", "damaged PDF"),
        (b"{\\rtf1 {{Marr\\b0 owby", "damaged RTF"),
        (b"PK\x03\x04word/document.xml", "damaged archive"),
        (b"\x89PNG\r\n", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"BM\x00\x00\x01", "picture"),
        (b"\x1f\x8b\x08\x00", "damaged archive"),
        (b"\x00" * 128 + b"DICM", "DICOM"),
        (b"abc\x00def", "binary"),
        (CDA, "empty"),
        (b"\xef\xbb\xbf" + CDA, "empty"),
        ("\ufeff".encode("utf-16-le") + CDA.decode().encode("utf-16-le"), "empty"),
        (b"\xff\xfe\x00\xd8", "binary"),
        (b'{"resourceType": "Bundle"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"note: " + LONG_WORD, "encoded file"),
        (b"Scan attached:\n" + LONG_WORD + b"\nregards", "encoded file"),
        (b"Scan:\n" + base64.encodebytes(b"%PDF-1.7 Adela Marrowby " * 9), "encoded file"),
        (b"caf\x81", "unreadable"),
        (b"  \n ", "empty"),
        (b"", "empty"),
        (b"<div><!-- only a comment --></div>", "empty"),
        (b"<div>" * 3000, "unreadable"),
        (b"x" * (MAX_BYTES + 1), "too large"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_plainly_text_stays(body: bytes, reason: str) -> None:
    assert admit(body) == NotAdmitted(reason)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"K 6.1, ECG normal", "K 6.1, ECG normal"),
        (b"BM normal, BP 120/80", "BM normal, BP 120/80"),
        ("Größe 170 cm".encode(), "Größe 170 cm"),
        ("Größe 170 cm".encode("cp1252"), "Größe 170 cm"),
        (b"\xef\xbb\xbfK 6.1", "K 6.1"),
        ("\ufeffK 6.1".encode("utf-16-be"), "K 6.1"),
        (b"<html><body><p>K 6.1</p></body></html>", "K 6.1"),
        (b'<?xml version="1.0"?><!-- x --><div xmlns="http://www.w3.org/1999/xhtml">K</div>', "K"),
    ],
)
def test_text_and_web_pages_become_words(body: bytes, words: str) -> None:
    assert admit(body) == Admitted(words)


def test_the_words_of_a_file_are_never_printed() -> None:
    assert "Marrowby" not in repr(admit(b"Adela Marrowby"))


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>Mar<b>row</b>by</p>", "Marrowby"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a<br/>b<hr>c", "a\nb\nc"),
        ("<table><tr><td>K</td><td>6.1</td></tr></table>", "K: 6.1"),
        ("<p title='Marrowby'>a<!-- Marrowby --></p>", "a"),
        ("<head><title>Marrowby</title></head><script>Marrowby</script><p>a</p>", "a"),
        ("<p>a<span style='display: none'>Marrowby</span>b</p>", "ab"),
        ("<p>a<span hidden>Marrowby</span></p>", "a"),
        ("<p>a<span style='visibility:hidden'>Marrowby</span></p>", "a"),
        ("<p>Mar&#114;owby &lt;b&gt;</p>", "Marrowby <b>"),
        ("", ""),
        ("<div>" * 200 + "deep" + "</div>" * 200, "deep"),
    ],
)
def test_a_web_page_becomes_what_its_reader_sees(page: str, text: str) -> None:
    assert html_to_text(page) == text


@pytest.mark.parametrize("page", ["<!-- -->", "<div>" * 3000 + "deep" + "</div>" * 3000])
def test_a_web_page_that_cannot_be_read_to_its_end_is_not_read(page: str) -> None:
    assert html_to_text(page) is None


def document(*attachments: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "content": [{"attachment": each, "format": {"code": "x"}} for each in attachments],
    }


def inline(body: bytes, **more: Any) -> dict[str, Any]:
    return {"data": base64.b64encode(body).decode(), **more}


def test_a_note_leaves_as_clean_text_without_title_size_or_hash() -> None:
    note = inline(
        b"Adela Marrowby, K 6.1",
        contentType="application/pdf",
        title="Marrowby_40417731.txt",
        hash="c2hh",
        size=21,
        url="https://ehr.example/marrowby",
        creation="2026-11-21",
    )
    sealed = deidentify(case(document(note)), policy.load()).sealed
    (left,) = [each.resource for each in sealed.entries if each.resource_type.startswith("Doc")]
    (content,) = left["content"]
    assert set(content) == {"attachment"}
    assert set(content["attachment"]) == {"contentType", "data"}
    assert base64.b64decode(content["attachment"]["data"]) == b"[patient], K 6.1"


@pytest.mark.parametrize(
    ("attachment", "note"),
    [
        (inline(b"%PDF-1.7"), "damaged PDF"),
        ({"data": "not base64!"}, "no content in the chart read"),
        ({"data": 7}, "no content in the chart read"),
        ({"url": "Binary/unknown"}, "no content in the chart read"),
        ({"url": "Patient/pt-9c27e1"}, "no content in the chart read"),
        ({}, "no content in the chart read"),
    ],
)
def test_a_document_without_text_is_refused_and_noted(
    attachment: dict[str, Any], note: str
) -> None:
    sealed = deidentify(case(document(attachment)), policy.load()).sealed
    assert [each.resource_type for each in sealed.entries] == ["Patient", "Observation"]
    assert sealed.receipt.refused == (f"DocumentReference.content.attachment: {note}",)
    assert sealed.receipt.removed["refused"] == 1


def test_of_two_forms_of_a_document_the_text_leaves() -> None:
    made = document(inline(b"%PDF-1.7"), inline(b"K 6.1"), "text")
    sealed = deidentify(case(made), policy.load()).sealed
    assert len(sealed.entries) == 3
    assert sealed.receipt.refused == ("DocumentReference.content.attachment: damaged PDF",)


def test_a_binary_of_the_chart_is_read_through_its_link() -> None:
    binary = {"resourceType": "Binary", "id": "b", **inline(b"Adela Marrowby, K 6.1")}
    made = case(document({"url": "Binary/b"}), identity_resources=(binary,))
    sealed = deidentify(made, policy.load()).sealed
    (left,) = [each.resource for each in sealed.entries if each.resource_type.startswith("Doc")]
    assert base64.b64decode(left["content"][0]["attachment"]["data"]) == b"[patient], K 6.1"


def test_an_attachment_that_is_no_object_stays() -> None:
    sealed = deidentify(case(document("text")), policy.load()).sealed
    assert sealed.receipt.refused == ("DocumentReference.content: cannot be kept",)
