"""Whatever bytes a file holds: it becomes text or is refused in our words, quickly."""

import base64
import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deid.attachments.admission import Admitted, NotAdmitted, admit
from deid.attachments.identities import identities_in
from deid.attachments.limits import MAX_CHARACTERS
from tests.support.hostile_files import docx, paragraph, pdf, shown

SECRET = "Zorblaxquim"
CCDA = Path(__file__).parents[3] / "fixtures" / "ccda" / "mtuitive-opnote-cataract.xml.gz"
VALID = {
    "rtf": rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}}{\info{\author X}}\f0 a\'c8\b b"
    rb"{\*\x y}\uc1\u252? {\field{\*\fldinst H}{\fldrslt r}}\trowd K\cell 6\cell\row\par}",
    "pdf": pdf([shown("Creatinine 1.4", "stable"), shown("b")], info="<< /Title (x) >>"),
    "docx": docx(paragraph("Creatinine", " 1.4") + "<w:tbl><w:tr><w:tc/></w:tr></w:tbl>"),
    "html": b"<html><body><p>a<b>c</b></p><table><tr><th>K</th><td>6.1</td></tr></table></body>",
    "gzip": gzip.compress(b"<p>K 6.1</p>"),
    "base64": base64.b64encode(b"Creatinine 1.4 stable today"),
    "cda": gzip.decompress(CCDA.read_bytes()),
    "text": "K 6,1; Größe".encode("utf-16"),
}
REASONS = {
    "DICOM", "JSON", "PDF", "XML", "XML with a document type", "XML with an entity", "archive",
    "a file inside a file", "a form made by a program", "binary", "covered text", "damaged PDF",
    "damaged RTF", "damaged XML", "damaged archive", "empty", "encoded file",
    "letters that cannot be read", "locked file", "message between systems", "nested too deep",
    "no content in the document", "office file that is not read", "old office file",
    "packed too often", "picture", "pictures of text", "slides", "sound or video", "spreadsheet",
    "too large", "too large when unpacked", "too long", "too many pages", "unknown character set",
    "unreadable",
}  # fmt: skip
SECONDS = 3.0
quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def looked_at(body: bytes) -> str:
    """The words of a file, or nothing when it is refused; both in time and without a crash."""
    begun = time.process_time()
    outcome = admit(body)
    identities_in(body)
    assert time.process_time() - begun < SECONDS
    if isinstance(outcome, NotAdmitted):
        assert outcome.reason in REASONS
        return ""
    assert isinstance(outcome, Admitted)
    assert outcome.words.strip()
    assert len(outcome.words) <= MAX_CHARACTERS
    return outcome.words


@pytest.mark.parametrize("kind", VALID)
def test_every_seed_is_a_file_that_is_read(kind: str) -> None:
    assert looked_at(VALID[kind])


HEADS = (b"", b"{\\rtf1 ", b"%PDF-1.4\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"<html>", b"<?xml",
         b"<ClinicalDocument xmlns='urn:hl7-org:v3'>", b"\xff\xfe", b"data:text/plain;base64,",
         b"{\\rtf1{\\fonttbl{\\f1\\fcharset128 X;}}\\f1 ", b"\xd0\xcf\x11\xe0")  # fmt: skip


@quick
@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_any_bytes_become_text_or_a_reason(head: bytes, rest: bytes) -> None:
    looked_at(head + rest)


WORDS = st.sampled_from(
    [b"\\v ", b"\\v0 ", b"\\b ", b"{", b"}", b"\\*", b"\\upr ", b"\\ud ", b"\\u-10179?", b"\\uc9 ",
     b"\\bin3 ", b"\\'e9", b"\\f1 ", b"\\fcharset128 ", b"\\fonttbl ", b"\\ansicpg932 ", b"\\cell ",
     b"\\row ", b"\\info ", b"\\pict ", b"\\header ", b"\\plain ", b"text", b"\\", b"\r\n", b"\x82"]
)  # fmt: skip


@quick
@given(st.lists(WORDS, max_size=40))
def test_any_rtf_becomes_text_or_a_reason(parts: list[bytes]) -> None:
    looked_at(b"{\\rtf1 " + b"".join(parts) + b"}")


OPERATORS = st.sampled_from(
    ["q", "Q", "BT", "ET", "(a) Tj", "[(a) 5 (b)] TJ", "(a) '", "1 2 (a) \"", "3 Tr", "0 Tr",
     "/F1 9 Tf", "/F9 9 Tf", "1 0 0 1 9 9 Tm", "1 0 0 1 5 5 cm", "0 0 99 99 re f", "9 9 Td", "T*",
     "/OC /L BDC", "EMC", "/X Do", "/G gs", "BI /W 1 /H 1 ID x EI", "Tj", "cm", "re", "Td", "Tf",
     "(", "[", "<< /a", "1e99 0 0 1 0 0 cm", "/N Tr", "<FEFF", "99999999999 TL", "Tr", "BDC"]
)  # fmt: skip


@quick
@given(st.lists(OPERATORS, max_size=30))
def test_any_drawing_becomes_text_or_a_reason(operators: list[str]) -> None:
    looked_at(pdf([" ".join(operators)]))


ELEMENTS = st.recursive(
    st.sampled_from(["a", "", "<t>b</t>", "<br/>", "<td/>", "<tr/>", "<item/>", "<fldChar/>"]),
    lambda inner: st.tuples(
        st.sampled_from(["p", "r", "tbl", "tr", "tc", "table", "thead", "td", "list", "item", "t",
                         "section", "component", "text", "entry", "observation", "code", "value",
                         "sdt", "sdtContent", "AlternateContent", "recordTarget", "patientRole",
                         "patient", "name", "addr", "id", "assignedAuthor", "content"]),
        st.lists(inner, max_size=3),
    ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"),
    max_leaves=25,
)  # fmt: skip


@quick
@given(ELEMENTS)
@example("<table><tr><td colspan='99999999999'>a</td></tr></table>")
def test_any_markup_becomes_text_or_a_reason(markup: str) -> None:
    document = f"<ClinicalDocument xmlns='urn:hl7-org:v3'>{markup}<component><structuredBody>"
    inside = f"<component><section><text>{markup}</text>{markup}</section></component>"
    looked_at(f"{document}{inside}</structuredBody></component></ClinicalDocument>".encode())
    looked_at(f"<div>{markup}</div>".encode())
    looked_at(docx(markup))


Mutation = Callable[[bytes], bytes]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Cut, repeat, swap or overwrite a part of a file."""
    kind = draw(st.sampled_from(["cut", "repeat", "overwrite", "insert", "truncate"]))
    at, length = draw(st.floats(0, 1)), draw(st.integers(1, 60))
    piece = draw(st.binary(min_size=1, max_size=12))
    times = draw(st.integers(2, 400))

    def mutate(body: bytes) -> bytes:
        start = int(at * len(body))
        head, part, tail = body[:start], body[start : start + length], body[start + length :]
        return {
            "cut": head + tail,
            "repeat": head + part * times + tail,
            "overwrite": head + piece + tail,
            "insert": head + piece + part + tail,
            "truncate": head,
        }[kind]

    return mutate


@settings(parent=quick, max_examples=250)
@given(st.sampled_from(sorted(VALID)), st.lists(mutations(), min_size=1, max_size=3))
def test_a_damaged_file_becomes_text_or_a_reason(kind: str, changes: list[Mutation]) -> None:
    body = VALID[kind]
    for change in changes:
        body = change(body)
    looked_at(body)


@quick
@given(st.text(st.sampled_from("ab \\{}<>&;%=-\n"), max_size=60))
def test_what_stands_in_a_hidden_part_is_never_in_the_words(noise: str) -> None:
    safe = noise.replace("\\", "").replace("{", "").replace("}", "").replace("<", "")
    safe = safe.replace("&", "").replace("%", "").replace("=", "").replace("\n", " ")
    hidden = (
        rb"{\rtf1 a{\info{\title " + f"{safe}{SECRET}".encode() + rb"}}{\v " + SECRET.encode()
        + rb"}b}",
        f"<p>a<b hidden>{safe}{SECRET}</b><!-- {SECRET} -->b</p>".encode(),
        docx(f"<w:p><w:del><w:r><w:t>{SECRET}</w:t></w:r></w:del><w:r><w:t>ab</w:t></w:r></w:p>",
             {"docProps/core.xml": f"<a>{SECRET}</a>"}),
        pdf([shown("ab")], info=f"<< /Title ({SECRET}) >>"),
    )  # fmt: skip
    for body in hidden:
        assert looked_at(body) == "ab"
