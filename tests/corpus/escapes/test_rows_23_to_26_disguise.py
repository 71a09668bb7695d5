# ruff: noqa: E501, RUF001 - one case a line; look-alike letters are the subject
"""Rows 23 to 26 of spec deid.md 5: a known value written so that a plain search misses it."""

import pytest

from tests.support.escapes import CLINICIAN, Escape, check, listed, note, observation, said


def _noted(row: int, words: str, text: str, *planted: str, kept: str) -> Escape:
    return Escape(row=row, words=words, planted=planted, resources=(note(text),), kept=(kept,))


ROW_23 = listed(
    *(
        _noted(23, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("a zero width space in the name", "Mrs Okon\u200bkwo-Hale has edema.", ()),
            ("a soft hyphen and a joiner", "Rosa\u00adlind Thack\u200derby has edema.", ()),
            ("a word joiner in the record number", "MRN CV-00\u206093187, edema.", ("0093187",)),
            ("a direction mark round the name", "\u202aRosalind\u202c \u2067Okonkwo\u2069: edema.", ()),
            ("a mark inside an unknown name", "Neighbor Mr Ga\u200blbraithson sees edema.",
             ("Galbraithson",)),
            ("tag characters and a variation selector", "Ros\ufe0falind O\U000e0061konkwo, edema.", ()),
        )
    )
)  # fmt: skip

ROW_24 = listed(
    *(
        _noted(24, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("Cyrillic letters in the name", "Mrs Оkоnkwо-Hаlе has edema.", ("Оkоnkwо-Hаlе",)),
            ("Greek letters in the name", "Rοsalind Τhackerby: edema.", ("Rοsalind", "Τhackerby")),
            ("full width letters and digits", "Ｏｋｏｎｋｗｏ, MRN ＣＶ－００９３１８７: edema.", ()),
            ("decomposed accents", "Ro\u0301sali\u0308nd O\u0301konkwo: edema.", ("Rósalïnd",)),
            ("a dotless i and odd case", "rosalınd oKONKWO-hALE has edema", ("rosalınd",)),
            ("mathematical letters", "𝐑𝐨𝐬𝐚𝐥𝐢𝐧𝐝 𝑂𝑘𝑜𝑛𝑘𝑤𝑜, edema.", ()),
            ("a Turkish capital", "ROSALİND OKONKWO-HALE edema", ("ROSALİND",)),
        )
    ),
    Escape(
        row=24,
        words="a chart in accents, a note without them",
        planted=("Nuñez-Águila", "Nunez-Aguila", "Nunez", "Søren", "Soren"),
        naming=(
            {
                "resourceType": "RelatedPerson",
                "id": "rp-1",
                "name": [{"family": "Nuñez-Águila", "given": ["Søren"]}],
            },
        ),
        resources=(note("Soren Nunez-Aguila asked about edema. NUNEZ AGUILA phoned again."),),
        kept=("edema",),
    ),
)  # fmt: skip

ROW_25 = listed(
    *(
        _noted(25, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("broken at a line end", "Mrs Okon-\nkwo-Hale has edema.", ()),
            ("letter spaced", "Patient: R O S A L I N D  O K O N K W O, edema", ()),
            ("family name first", "OKONKWO-HALE, ROSALIND I. edema", ("ROSALIND",)),
            ("a record number in groups", "MRN CV 009 3187 edema", ("0093187",)),
            ("dots between", "R.o.s.a.l.i.n.d, edema", ()),
            ("broken by a forced line", "Thac\nkerby (maiden) had edema", ("Thac\nkerby",)),
            ("a phone over two lines", "ring (503)\n555-0187 if edema", ()),
            ("fields of a form", "Last: Okonkwo-Hale First: Rosalind MI: I\nFinding: edema", ()),
        )
    ),
    _noted(
        25,
        "a scanned name",
        "Mrs 0konkwo-Ha1e has edema.",
        "0konkwo",
        kept="edema",
    ),
)

ROW_26 = listed(
    *(
        _noted(26, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("possessive", "Rosalind's and the Okonkwo-Hales' view of edema", ()),
            ("camel case file name", "see RosalindOkonkwoCT.pdf for edema", ("RosalindOkonkwo",)),
            ("snake case file name", "see okonkwo_hale_rosalind_ct.jpg for edema", ()),
            ("a handle", "message @roz_okonkwo61 about edema", ("rozokonkwo61",)),
            ("a compound", "post-Okonkwo meeting: non-Okonkwo edema", ()),
            ("a mail address of another house", "mail r.okonkwohale@work.example, edema",
             ("r.okonkwohale",)),
            ("a path", r"C:\scans\OKONKWO\0093187\ct.dcm shows edema", ("0093187",)),
            ("a web address", "https://www.posteo.example/u/rosalind.okonkwo edema", ()),
            ("a hashtag", "#PrayForRosalind edema", ()),
        )
    )
)  # fmt: skip

COMBINED = listed(
    Escape(
        row=25,
        words="homoglyphs and hyphens of a clinician, in a value, a unit and a label",
        planted=("Асhtеr-berg", "Achter-berg"),
        resources=(
            said("Dr Асhtеr-\nberg wants a repeat", id="s-1"),
            observation(id="s-2", interpretation=[{"text": "low, told Dr. A\u200bchterberg"}]),
        ),
        naming=(CLINICIAN,),
        kept=("repeat", "low"),
    ),
)


@pytest.mark.parametrize("escape", [*ROW_23, *ROW_24, *ROW_25, *ROW_26, *COMBINED])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
