# ruff: noqa: E501 - markup as it stands in a file
"""Rows 15 and 16 of spec deid.md 5: text hidden by RTF, wrong types, files inside files."""

import base64
import gzip

import pytest

from tests.support.escapes import (
    SUBJECT,
    Escape,
    attached,
    check,
    document,
    listed,
    observation,
)

_RTF = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}"


def _rtf(body: str, *, declared: str = "application/rtf") -> tuple[dict[str, object], ...]:
    return (document(attached(_RTF + body + "}", declared)),)


ROW_15 = listed(
    Escape(
        row=15,
        words="a name split by a control word",
        planted=("Okonkwo", "Persephone Whitlock"),
        resources=_rtf(
            r"\pard Mrs Okon\b kwo\b0 -Hale is stable. Sister Perse\i phone\i0  Whit\ul lock\ulnone  called.\par"
        ),
        kept=("stable",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="a name in hex and unicode escapes",
        planted=("Thackerby", "Müllerová"),
        resources=_rtf(
            r"\pard Formerly T\'68a\'63kerby. Seen by M\u252 ?llerov\u225 ?, lungs clear.\par"
        ),
        kept=("lungs clear",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="the document information, a comment and hidden text",
        planted=("Gwendolyn Ashdown", "Ferdinand Achterberg", "Cuthbert Rigby"),
        resources=_rtf(
            r"{\info{\author Gwendolyn Ashdown}{\operator Ferdinand Achterberg}{\title CV-0093187}}"
            r"\pard Diuresis good.{\v Cuthbert Rigby 503 555 0113}{\*\annotation Gwendolyn Ashdown}"
            r"{\*\atnauthor Gwendolyn Ashdown}\par"
        ),
        kept=("Diuresis good",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="a picture, an object and a field with a link in it",
        planted=("rigby.cuthbert", "6f6b6f6e6b776f"),
        resources=_rtf(
            r"\pard Weight 71 kg.{\field{\*\fldinst HYPERLINK mailto:rigby.cuthbert@posteo.example}"
            r"{\fldrslt mail}}{\object\objemb{\*\objdata 6f6b6f6e6b776f}}{\pict\pngblip 89504e47}\par"
        ),
        kept=("Weight 71 kg",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="a name broken over a line and a group",
        planted=("Okonkwo", "CV-0093187"),
        resources=_rtf(
            "\\pard Pt {R}{osa}lind {\\b O}kon\n{kwo}, MRN CV-{\\b 0093}187: repeat ECG.\\par"
        ),
        kept=("repeat ECG",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="declared as plain text",
        planted=("Okonkwo", "Barnaby Tuckwell"),
        resources=_rtf(
            r"\pard O\b0 konkwo-Hale, reviewed by Barn\b0 aby Tuck\b0 well. No edema.\par",
            declared="text/plain",
        ),
        kept=("No edema",),
        outcome="either",
    ),
    Escape(
        row=15,
        words="RTF inside a typed text",
        planted=("Barnaby Tuckwell",),
        resources=(
            observation(
                note=[
                    {"text": _RTF + r"\pard Seen with Barn\b0 aby Tuck\b0 well, edema gone.\par}"}
                ]
            ),
        ),
        kept=("718-7",),
        outcome="either",
    ),
)

LETTER = "Dear Dr Achterberg, I saw Rosalind Okonkwo-Hale (CV-0093187). Her wound is clean."


def _b64(body: bytes | str) -> bytes:
    return base64.b64encode(body.encode() if isinstance(body, str) else body)


ROW_16 = listed(
    Escape(
        row=16,
        words="base64 inside base64, called plain text",
        resources=(document(attached(_b64(LETTER))),),
        kept=("wound is clean",),
        outcome="either",
    ),
    Escape(
        row=16,
        words="base64 three times, lines of 76",
        resources=(document(attached(base64.encodebytes(base64.encodebytes(_b64(LETTER))))),),
        kept=("wound is clean",),
        outcome="either",
    ),
    Escape(
        row=16,
        words="gzip of a note, called plain text",
        resources=(document(attached(gzip.compress(LETTER.encode(), mtime=0))),),
        kept=("wound is clean",),
        outcome="either",
    ),
    Escape(
        row=16,
        words="a page called plain text, a name over two tags",
        planted=("Wilfred Oakenshaw",),
        resources=(
            document(
                attached(
                    "<html><body><p>With hus<b>band</b> Wil<i>fred Oaken</i>shaw. Eating well.</p>"
                    "<!-- Wilfred Oakenshaw --></body></html>"
                )
            ),
        ),
        kept=("Eating well",),
    ),
    Escape(
        row=16,
        words="plain text called a picture",
        resources=(document(attached(LETTER, "image/png")),),
        kept=("wound is clean",),
        outcome="either",
    ),
    Escape(
        row=16,
        words="no type at all, UTF-16 with a mark",
        planted=("Ósk Þórhallsdóttir",),
        resources=(
            document(
                {
                    "data": _b64(
                        b"\xff\xfe"
                        + "Daughter Ósk Þórhallsdóttir says: eats well.".encode("utf-16-le")
                    ).decode()
                }
            ),
        ),
        kept=("eats well",),
    ),
    Escape(
        row=16,
        words="UTF-16 without a mark and UTF-7",
        planted=("Okonkwo",),
        resources=(
            document(
                attached(LETTER.encode("utf-16-be")),
                attached(LETTER.encode("utf-7").replace(b"Okonkwo", b"+AE8-konkwo")),
            ),
        ),
        outcome="either",
    ),
    Escape(
        row=16,
        words="a message with a base64 part, called plain text",
        planted=("Theodora Winslet",),
        resources=(
            document(
                attached(
                    "From: Theodora Winslet <t.winslet@posteo.example>\r\nSubject: Rosalind\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n" + _b64(LETTER).decode()
                )
            ),
        ),
        outcome="either",
    ),
    Escape(
        row=16,
        words="quoted-printable, called plain text",
        planted=("Rosalind", "Thackerby"),
        resources=(
            document(
                attached(
                    "Subject: note\n\nRosal=\nind O=6Bonkwo-Hale n=C3=A9e Thack=65rby, leg swollen."
                )
            ),
        ),
        kept=("leg swollen",),
        outcome="either",
    ),
    Escape(
        row=16,
        words="a data URL and a JSON with the chart inside",
        planted=("Okonkwo",),
        resources=(
            document(
                attached("data:text/plain;base64," + _b64(LETTER).decode()),
                attached('{"name": "Rosalind Okonkwo-Hale", "mrn": "CV-0093187"}'),
            ),
        ),
        outcome="either",
    ),
    Escape(
        row=16,
        words="base64 with url letters, inside a typed conclusion",
        resources=(
            {
                "resourceType": "DiagnosticReport",
                "id": "r-16",
                "status": "final",
                "code": {"text": "Wound swab"},
                "subject": SUBJECT,
                "conclusion": "No growth. "
                + base64.urlsafe_b64encode(LETTER.encode()).decode().rstrip("="),
            },
        ),
        kept=("No growth",),
    ),
    Escape(
        row=16,
        words="entities in a typed text",
        resources=(observation(note=[{"text": "&#79;konkwo&#45;Hale ate well, &#x52;osalind"}]),),
        kept=("ate well",),
    ),
    *(
        Escape(
            row=16,
            words=f"{how} in a typed text: the last look stops the case",
            resources=(observation(note=[{"text": text}]),),
            outcome="stopped",
        )
        for how, text in (
            ("percent signs", "copy%20of%20%4Fkonkwo-Hale from intake, ate well"),
            ("escapes", "\\u004fkonkwo-Hale ate well"),
        )
    ),
)


@pytest.mark.parametrize("escape", [*ROW_15, *ROW_16])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
