# ruff: noqa: E501 - markup as it stands in a file
"""Rows 17 to 19 of spec deid.md 5: layers of a PDF, hidden parts of office files, pictures."""

import io

import pytest
from PIL import Image, PngImagePlugin

from tests.support.escapes import Escape, attached, check, document, listed
from tests.support.hostile_files import docx, paragraph, pdf, revised, shown, word_part

_PLAIN = pdf([shown("Ejection fraction 35 percent.")])

ROW_17 = listed(
    *(
        Escape(
            row=17,
            words=words,
            planted=("Montague Ellingham", "Okonkwo"),
            resources=(document(attached(body, declared)),),
            kept=("Ejection fraction 35",),
            outcome="either",
        )
        for words, body, declared in (
            (
                "an old revision under an incremental save",
                revised(
                    pdf([shown("Letter of Montague Ellingham")]),
                    5,
                    f"<< /Length 54 >>\nstream\n{shown('Ejection fraction 35 percent.')}\nendstream",
                    size=6,
                ),
                "application/pdf",
            ),
            (
                "document information",
                pdf(
                    [shown("Ejection fraction 35 percent.")],
                    info="<< /Author (Montague Ellingham) /Title (Okonkwo-Hale CV-0093187) >>",
                ),
                "application/pdf",
            ),
            (
                "a note, a form field and an object that no page shows",
                pdf(
                    [shown("Ejection fraction 35 percent.")],
                    objects=(
                        "<< /Type /Annot /Subtype /Text /Contents (ring Montague Ellingham) >>",
                        "<< /FT /Tx /T (patient) /V (Rosalind Okonkwo-Hale) >>",
                    ),
                ),
                "text/plain",
            ),
            (
                "white text and a name over two shows",
                pdf(
                    [
                        "BT /F1 11 Tf 72 720 Td (Ejection fraction 35 percent.) Tj "
                        "0 -14 Td 1 1 1 rg (Rosalind Okon) Tj (kwo-Hale) Tj "
                        "0 -14 Td [(Dr Montague El) -10 (lingham)] TJ ET"
                    ]
                ),
                "application/octet-stream",
            ),
            (
                "bytes after the end",
                _PLAIN + b"Montague Ellingham, Okonkwo-Hale",
                "application/pdf",
            ),
            ("a text before the head", b"Montague Ellingham\n" + _PLAIN, "application/pdf"),
        )
    )
)

_VISIBLE = paragraph("Creatinine stable at 1.4.")
_DELETED = (
    '<w:p><w:del w:author="Clementine Foxglove"><w:r><w:delText>Mrs Okonkwo-Hale and '
    "Clementine Foxglove</w:delText></w:r></w:del></w:p>"
)
ROW_18 = listed(
    *(
        Escape(
            row=18,
            words=words,
            planted=("Clementine Foxglove", "Okonkwo"),
            resources=(document(attached(body, "application/msword")),),
            kept=("Creatinine stable",),
            outcome="either",
        )
        for words, body in (
            ("a tracked deletion and its author", docx(_VISIBLE + _DELETED)),
            (
                "a tracked insertion, a name over runs",
                docx(
                    _VISIBLE
                    + '<w:p><w:ins w:author="Clementine Foxglove"><w:r><w:t>Mrs Okon</w:t></w:r>'
                    "<w:r><w:t>kwo-Hale came with Clementine Fox</w:t></w:r>"
                    "<w:r><w:t>glove</w:t></w:r></w:ins></w:p>"
                ),
            ),
            (
                "properties, comments, header and footnotes",
                docx(
                    _VISIBLE,
                    {
                        "docProps/core.xml": "<p><creator>Clementine Foxglove</creator></p>",
                        "word/comments.xml": word_part(
                            "comments", paragraph("Clementine Foxglove: ask")
                        ),
                        "word/header1.xml": word_part("hdr", paragraph("Okonkwo-Hale CV-0093187")),
                        "word/footnotes.xml": word_part("footnotes", paragraph("Okonkwo")),
                    },
                ),
            ),
            (
                "hidden text, a field and an alternative text",
                docx(
                    _VISIBLE + "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Okonkwo</w:t></w:r>"
                    "<w:r><w:instrText>AUTHOR Clementine Foxglove</w:instrText></w:r></w:p>"
                ),
            ),
            ("a file after the archive", docx(_VISIBLE) + b"Clementine Foxglove Okonkwo"),
        )
    )
)


def _picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (24, 24), (90, 20, 20)).save(out, kind, **options)
    return out.getvalue()


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "wound of Marmaduke Pettigrew"
    exif[0x013B] = "Okonkwo"
    return _picture("JPEG", exif=exif, comment=b"Marmaduke Pettigrew")


def _with_text() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Title", "Marmaduke Pettigrew")
    told.add_itxt("XML:com.adobe.xmp", "<x>Okonkwo</x>", zip=True)
    return _picture("PNG", pnginfo=told)


ROW_19 = listed(
    *(
        Escape(
            row=19,
            words=words,
            planted=("Marmaduke Pettigrew", "Okonkwo"),
            resources=(document(attached("Wound dry."), attached(body, declared)),),
            kept=("Wound dry",),
            outcome="either",
        )
        for words, body, declared in (
            ("EXIF and a comment of a JPEG", _with_exif(), "image/jpeg"),
            ("text parts of a PNG", _with_text(), "image/png"),
            ("bytes after the picture", _picture("PNG") + b"Marmaduke Pettigrew", "image/png"),
            ("a picture called plain text", _with_exif(), "text/plain"),
            (
                "tags of a TIFF and a second page",
                _picture("TIFF", description="Marmaduke Pettigrew", artist="Okonkwo"),
                "image/tiff",
            ),
            (
                "a vector picture is text",
                b"<svg xmlns='http://www.w3.org/2000/svg'><title>Okonkwo</title>"
                b"<text>Marmaduke Pettigrew</text></svg>",
                "image/svg+xml",
            ),
        )
    )
)


@pytest.mark.parametrize("escape", [*ROW_17, *ROW_18, *ROW_19])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
