"""RTF, Word and PDF become the words on the page; what is hidden on it stays behind."""

import base64
import gzip
import io
import zipfile

import pytest
from pypdf import PdfReader, PdfWriter

from deid.attachments.admission import Admitted, NotAdmitted, admit
from deid.attachments.limits import MAX_BYTES, MAX_CHARACTERS, MAX_NESTING, MAX_PAGES
from deid.attachments.rtf import rtf_to_text
from tests.support.hostile_files import docx, paragraph, pdf, revised, shown, word_part

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATIONS = '<Relationships xmlns="r">{}</Relationships>'


def words(body: bytes) -> str:
    outcome = admit(body)
    assert isinstance(outcome, Admitted), outcome
    return outcome.words


# RTF


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\rtf1 Marr\b o\b0 w{\i b}y}", "Marrowby"),
        (rb"{\rtf1 Mar{\v xx}row\-by}", "Marrowby"),
        (rb"{\rtf1 Mar\v xx\v0 rowby}", "Marrowby"),
        (rb"{\rtf1 Mar\v xx\plain rowby}", "Marrowby"),
        (rb"{\rtf1 Mar\deleted xx\deleted0 rowby}", "Marrowby"),
        (rb"{\rtf1 Mar{\*\private xx}row{\*\unheard xx}by}", "Marrowby"),
        (rb"{\rtf1 Mar\bin5 {}}\}row\bin0 by}", "Marrowby"),
        (b"{\\rtf1 Mar\r\nrow\nby}", "Marrowby"),
        (rb"{\rtf1\uc1 M\u252?ller \uc2\u8364??5 \uc0\u-10179\u-8704}",
         "M\u00fcller \u20ac5 \U0001f600"),
        (rb"{\rtf1\ansi\ansicpg1252 M\'fcller}", "M\u00fcller"),
        (rb"{\rtf1\ansicpg1251 \'c8\'e2\'e0\'ed}", "\u0418\u0432\u0430\u043d"),
        (rb"{\rtf1{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}\f1 \'c8\f0 \'e9}", "\u0418\u00e9"),
        (rb"{\rtf1{\upr{M?ller}{\*\ud{M\u252?ller}}}}", "M\u00fcller"),
        (rb"{\rtf1{\info{\author X}{\title Y}{\operator Z}}{\*\generator G;}a}", "a"),
        (rb'{\rtf1{\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt link}}}', "link"),
        (rb"{\rtf1{\object\objemb{\*\objclass W}{\*\objdata 0102}{\result res}}}", "res"),
        (rb"{\rtf1 a{\*\shppict{\pict\pngblip 0102}}{\nonshppict{\pict 03}}b}",
         "a (picture left out) b"),
        (rb"{\rtf1{\header H}a\par{\footer F}b{\footnote N}}", "H\na\nF\nb\nN"),
        (rb"{\rtf1 a{\*\annotation {\*\atnid X}note}{\*\atnauthor X}b}", "ab"),
        (rb"{\rtf1\trowd K\cell 6.1\cell\row\trowd a\cell b\cell c\cell\row}", "K: 6.1\na | b | c"),
        (rb"{\rtf1 a\\b\{c\}\~d\_e\emdash f\line g}", "a\\b{c} d-e\u2014f\ng"),
        (rb"{\rtf1 a{\*\ud hidden}b{\info{\*\ud hidden}}}", "ab"),
        (rb"{\rtf1 a}{\rtf1 Marrowby}", "a"),
        (rb"{\rtf1 a}Marrowby", "a"),
    ],
)  # fmt: skip
def test_rtf_becomes_what_its_reader_sees(source: bytes, text: str) -> None:
    assert rtf_to_text(source) == text
    assert words(b" \n" + source) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (rb"{\rtf1 {{Marrowby", "damaged RTF"),
        (b"{\\rtf1 a\\", "damaged RTF"),
        (rb"{\rtf1 \ansicpg77777 a}", "unknown character set"),
        (rb"{\rtf1 \'81}", "unknown character set"),
        (b"{\\rtf1 " + b"{" * 500 + b"}" * 501, "nested too deep"),
        (rb"{\rtf1{\info{\title Marrowby}}}", "empty"),
    ],
)
def test_rtf_that_cannot_be_read_to_its_end_stays(source: bytes, reason: str) -> None:
    assert admit(source) == NotAdmitted(reason)


# Word


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def field(instruction: str, result: str) -> str:
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    return (
        mark.format("begin") + f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        + run("never shown") + mark.format("separate") + run(result) + mark.format("end")
    )  # fmt: skip


def row(*cells: str, properties: str = "") -> str:
    made = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{made}</w:tr>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (paragraph("Mar", "row", "by"), "Marrowby"),
        (f"<w:p>{run('Mar')}{run('xx', '<w:vanish/>')}{run('rowby')}</w:p>", "Marrowby"),
        ("<w:p>" + run("shown", '<w:vanish w:val="0"/>') + "</w:p>", "shown"),
        (f"<w:p>{run('a')}<w:del>{run('xx')}</w:del><w:ins>{run('b')}</w:ins></w:p>", "ab"),
        (f"<w:p><w:moveFrom>{run('xx')}</w:moveFrom><w:moveTo>{run('a')}</w:moveTo></w:p>", "a"),
        (f"<w:p>{field('HYPERLINK x', 'link')}</w:p>", "link"),
        (f"<w:p><w:fldSimple w:instr='AUTHOR'>{run('a')}</w:fldSimple></w:p>", "a"),
        (f"<w:tbl>{row('K', '6.1')}{row('gone', 'x', properties='<w:del/>')}</w:tbl>", "K: 6.1"),
        (f"<w:tbl>{row('Drug', 'Dose', properties='<w:tblHeader/>')}{row('Zocor', '20')}</w:tbl>",
         "Drug: Zocor; Dose: 20"),
        ("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>", "a b\nc"),
        ("<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>", "- a"),
        (f"<w:p><w:r><w:object/></w:r>{run('a')}</w:p>", "(picture left out) a"),
        (f"<w:sdt><w:sdtPr><w:alias w:val='X'/></w:sdtPr><w:sdtContent>{paragraph('a')}"
         "</w:sdtContent></w:sdt>", "a"),
        ("<w:p><w:r><mc:AlternateContent xmlns:mc='m'><mc:Choice><w:t>a</w:t></mc:Choice>"
         "<mc:Fallback><w:t>xx</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>", "a"),
        (f"<w:p><w:pPr><w:pStyle w:val='Built'/></w:pPr>{run('xx')}</w:p>{paragraph('a')}", "a"),
        ("<w:p>" + run("xx", '<w:rStyle w:val="Gone"/>') + run("a") + "</w:p>", "a"),
    ],
)  # fmt: skip
def test_a_word_file_becomes_the_page_as_it_is_printed(body: str, text: str) -> None:
    styles = word_part(
        "styles",
        '<w:style w:styleId="Gone"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="Built"><w:basedOn w:val="Gone"/></w:style>',
    )
    relation = '<Relationship Type="http://x/styles" Target="styles.xml"/>'
    parts = {
        "word/styles.xml": styles,
        "word/_rels/document.xml.rels": RELATIONS.format(relation),
        "docProps/core.xml": "<a>Secret</a>",
        "word/comments.xml": word_part("comments", paragraph("Secret")),
        "customXml/item1.xml": "<a>Secret</a>",
    }
    assert words(docx(body, parts)) == text


def test_headers_footers_and_notes_belong_to_the_page() -> None:
    kinds = {"header": "hdr", "footer": "ftr", "footnotes": "footnotes", "comments": "comments"}
    relations = "".join(
        f'<Relationship Type="http://x/{kind}" Target="{kind}.xml"/>' for kind in kinds
    )
    parts = {f"word/{kind}.xml": word_part(tag, paragraph(kind)) for kind, tag in kinds.items()}
    parts["word/_rels/document.xml.rels"] = RELATIONS.format(
        relations + '<Relationship Type="http://x/header" Target="/etc/passwd"/>'
        '<Relationship Type="http://x/header" Target="../../up.xml"/>'
        '<Relationship Type="http://x/header" Target="http://x" TargetMode="External"/>'
    )
    assert words(docx(paragraph("body"), parts)) == "header\n\nbody\n\nfooter\n\nfootnotes"


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


ENTITY = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (archive(a=b"x"), "archive"),
        (archive(inner=archive(a=b"x")), "archive"),
        (archive(xl__workbook_xml=b"<a/>"), "spreadsheet"),
        (archive(ppt__presentation_xml=b"<a/>"), "slides"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.text"),
         "office file that is not read"),
        (archive(word__document_xml=b"<a>" + b" " * 4_000_000 + b"</a>"),
         "too large when unpacked"),
        (archive(word__document_xml=ENTITY), "XML with a document type"),
        (archive(word__document_xml=b"<a"), "damaged XML"),
        (archive(word__document_xml=b"<a>" * 300 + b"</a>" * 300), "damaged XML"),
        (docx("<w:altChunk/>"), "a file inside a file"),
        (docx(paragraph("a"))[:-30], "damaged archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Marrowby", "old office file"),
        (docx(paragraph("")), "empty"),
    ],
)  # fmt: skip
def test_other_archives_and_broken_ones_stay(body: bytes, reason: str) -> None:
    assert admit(body) == NotAdmitted(reason)


# PDF


def drawn(stream: str, *objects: str, resources: str = "", catalog: str = "") -> bytes:
    """A PDF of one page; more objects count from 6."""
    made = pdf([stream], objects=objects)
    resources = f"/Resources << /Font << /F1 3 0 R >> {resources} >>"
    made = made.replace(b"/Resources << /Font << /F1 3 0 R >> >>", resources.encode(), 1)
    made = made.replace(b"<< /Type /Catalog", f"<< /Type /Catalog {catalog}".encode(), 1)
    out = io.BytesIO()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made), strict=False))
    writer.write(out)
    return out.getvalue()


SEEN = "BT /F1 11 Tf 72 700 Td (Creatinine 1.4) Tj ET "
FORM = (
    "<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
    "/Length {} >>\nstream\n{}\nendstream"
)


def form(stream: str) -> str:
    return FORM.format(len(stream), stream)


LAYER = "<< /Type /OCG /Name (l) >>"
OFF = "/OCProperties << /OCGs [6 0 R] /D << /OFF [6 0 R] >> >>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (pdf([shown("a", "b"), shown("c")]), "a\nb\n\nc"),
        (drawn(SEEN + "BT /F1 9 Tf 3 Tr 72 600 Td (Marrowby) Tj ET"), "Creatinine 1.4"),
        (drawn(SEEN + "q BT /F1 9 Tf 3 Tr 72 600 Td (Marrowby) Tj ET Q BT /F1 9 Tf 72 500 Td (x) "
               "Tj ET"), "Creatinine 1.4\nx"),
        (drawn(SEEN + "/OC /L BDC BT /F1 9 Tf 72 600 Td (Marrowby) Tj ET EMC", LAYER,
               resources="/Properties << /L 6 0 R >>", catalog=OFF), "Creatinine 1.4"),
        (drawn(SEEN + "/OC /L BDC BT /F1 9 Tf 72 600 Td (Hb 9) Tj ET EMC", LAYER,
               resources="/Properties << /L 6 0 R >>"), "Creatinine 1.4\nHb 9"),
        (drawn(SEEN + "/X Do", form("BT /F1 9 Tf 72 600 Td (Hb 9) Tj ET"),
               resources="/XObject << /X 6 0 R >>"), "Creatinine 1.4\nHb 9"),
        (drawn(SEEN + "BT /F1 9 Tf 72 600 Td (Marrowby) Tj ET 0 g 60 590 200 30 re f"),
         "Creatinine 1.4"),
        (drawn("0.9 g 60 590 200 30 re f 0 g BT /F1 9 Tf 72 600 Td (Hb 9) Tj ET"), "Hb 9"),
        (drawn(SEEN + "BT /F1 9 Tf 2000 600 Td (Marrowby) Tj ET BT /F1 9 Tf 72 -900 Td (Marrowby) '"
               " ET"), "Creatinine 1.4"),
        (drawn("BT /F1 9 Tf 72 600 Td [(Mar) -10 (row) 5 (by)] TJ ET"), "Marrowby"),
        (pdf([shown("a")], info="<< /Title (Marrowby) /Author (Marrowby) >>"), "a"),
        (revised(pdf([shown("Marrowby")]), 5, f"<< /Length {len(shown('a'))} >>\nstream\n"
                 f"{shown('a')}\nendstream", size=6), "a"),
        (pdf([shown("a"), ""]), "a\n\n(page 2 is a picture and was left out)"),
    ],
)  # fmt: skip
def test_a_pdf_becomes_the_text_that_is_seen_on_it_now(body: bytes, text: str) -> None:
    assert words(body) == text


def locked() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf([shown("Marrowby")]))))
    writer.encrypt("", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


UNNAMED = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [7 0 R] >>"
)
GLYPHS = "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry (Adobe) " \
         "/Ordering (Identity) /Supplement 0 >> >>"  # fmt: skip


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pdf(["", ""]), "pictures of text"),
        (drawn("q 600 0 0 700 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"), "pictures of text"),
        (locked(), "locked file"),
        (pdf([shown("a")] * (MAX_PAGES + 1)), "too many pages"),
        (drawn(SEEN + "BT /F1 9 Tf 72 600 Td (Name: Adela Marrowby) Tj ET 0 g 90 590 200 30 re f"),
         "covered text"),
        (drawn("BT /T 9 Tf 72 600 Td <0024> Tj ET", UNNAMED, GLYPHS,
               resources="/XObject << >> /Font << /T 6 0 R >>"), "letters that cannot be read"),
        (drawn(SEEN, catalog="/Collection << >>"), "archive"),
        (drawn(SEEN, catalog="/AcroForm << /XFA (x) >>"), "a form made by a program"),
        (drawn(SEEN + "/X Do", form("/X Do").replace("/Font", "/XObject << /X 6 0 R >> /Font"),
               resources="/XObject << /X 6 0 R >>"), "nested too deep"),
        (drawn("q Q " * 210_000), "too large"),
        (b"%PDF-1.7 no more", "damaged PDF"),
    ],
)  # fmt: skip
def test_a_pdf_that_hides_locks_or_pictures_its_text_stays(body: bytes, reason: str) -> None:
    assert admit(body) == NotAdmitted(reason)


def test_the_entries_of_a_form_are_left_out_and_it_is_said() -> None:
    made = drawn(SEEN, "<< /T (name) /V (Marrowby) >>", catalog="/AcroForm << /Fields [6 0 R] >>")
    assert words(made) == "Creatinine 1.4\n\n(the entries of a form were left out)"


# What is packed


def _without_bytes(value: object) -> str:
    """A name for a test that is the same each time: packed bytes hold the second of packing."""
    return value if isinstance(value, str) else "body"


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"K 6.1, ECG normal"),
        base64.b64encode(b"K 6.1, ECG normal"),
        base64.b64encode(base64.b64encode(b"K 6.1, ECG normal")),
        base64.b64encode(gzip.compress(b"K 6.1, ECG normal")),
        gzip.compress(b"K 6.1, ") + gzip.compress(b"ECG normal"),
        b"data:text/html;base64," + base64.b64encode(b"<p>K 6.1, ECG normal</p>"),
        base64.b64encode(rb"{\rtf1 K 6.1, {\b ECG} normal}"),
        base64.encodebytes(b"<p>K 6.1, <b>ECG</b> normal</p>" + b" " * 100),
        gzip.compress(docx(paragraph("K 6.1, ECG normal"))),
        "K 6.1, ECG normal".encode("utf-16-le"),
        "\ufeffK 6.1, ECG normal".encode("utf-32-be"),
    ],
    ids=_without_bytes,
)
def test_a_packed_file_is_taken_out_and_looked_at_again(body: bytes) -> None:
    assert admit(body) == Admitted("K 6.1, ECG normal")


def packed(times: int) -> bytes:
    body = b"K 6.1, ECG normal"
    for _ in range(times):
        body = gzip.compress(body)
    return body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (packed(MAX_NESTING + 1), "packed too often"),
        (gzip.compress(b"\x00" * MAX_BYTES), "too large when unpacked"),
        (gzip.compress(b"K 6.1")[:-9], "damaged archive"),
        (gzip.compress(b"K 6.1") + b"Marrowby", "damaged archive"),
        (b"K 6.1 " * (MAX_CHARACTERS // 6 + 1), "too long"),
        (b"data:text/plain;base64,!!!", "encoded file"),
        (b"Scan: " + base64.b64encode(b"Adela Marrowby, 18 Tidewater Lane, " * 3), "encoded file"),
        (b"Scan:\n" + b"\n".join([base64.b64encode(b"Adela Marrowby, 18 Tidewater Lane, ")] * 3),
         "encoded file"),
        (b"Dear %41%64%65%6C%61", "encoded file"),
        (b"Dear =41=64=65=6C=61", "encoded file"),
        (b"Dear \\u0041\\u0064\\u0065\\u006c", "encoded file"),
        (b"begin 644 letter\n+9V]O9\n", "encoded file"),
        ("\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432".encode("cp1251"),
         "unreadable"),
        ("\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432".encode("koi8-r"),
         "unreadable"),
        (b"MSH|^~\\&|LAB|X\rPID|1||40417731||MARROWBY^ADELA", "message between systems"),
        (b"BEGIN:VCARD\nFN:Adela Marrowby\nEND:VCARD", "message between systems"),
        (b"BZh91AY\x00", "archive"),
    ],
    ids=_without_bytes,
)  # fmt: skip
def test_what_is_packed_too_well_or_written_in_codes_stays(body: bytes, reason: str) -> None:
    assert admit(body) == NotAdmitted(reason)


@pytest.mark.parametrize(
    ("note", "text"),
    [
        (b"Seen today.<br>Mar<b>row</b>by, Hb <8 and >6", "Seen today.\nMarrowby, Hb <8 and >6"),
        (b"Mar<!-- x -->rowby", "Marrowby"),
        (b"_" * 200 + b"\nHb 9\n" + b"-" * 200, "_" * 200 + "\nHb 9\n" + "-" * 200),
        (b"pH<7.2, a<b, ratio 3>2", "pH<7.2, a<b, ratio 3>2"),
    ],
)
def test_tags_left_in_a_plain_text_hide_no_name_and_the_rest_stays(note: bytes, text: str) -> None:
    assert admit(note) == Admitted(text)
