# ruff: noqa: E501 - one case a line
"""Rows 27 to 30 of spec deid.md 5: other names of the person, signatures, plain words, ids."""

import pytest

from tests.support.escapes import PATIENT, Escape, check, listed, note, patient


def _noted(row: int, words: str, text: str, *planted: str, kept: str) -> Escape:
    return Escape(
        row=row,
        words=words,
        planted=planted,
        resources=(note(text),),
        kept=(kept,),
    )


ROW_27 = listed(
    *(
        _noted(27, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("initials in a note", "R.O.H. has edema; ROH to go home.", ("R.O.H.",)),
            ("a nickname", "Roz says the edema is better.", ("Roz",)),
            ("the maiden name", "Formerly Thackerby; nee Thackerby. No edema.", ()),
            ("one letter wrong", "Mrs Okonkwa-Hale and Rosalin have edema.", ("Okonkwa",)),
            ("one letter doubled", "Rosallind Okonkkwo, edema", ("Rosallind", "Okonkkwo")),
            ("two letters swapped", "Dr Achtreberg, Mrs Thackreby: edema", ("Achtreberg", "Thackreby")),
            ("the husband by his first name", "Tobias and Toby are worried by the edema.", ("Tobias",)),
            ("unknown relatives", "Her granddaughter Anneliese and son-in-law Kwabena see edema.",
             ("Anneliese", "Kwabena")),
            ("only the second given name", "Ines wants to know about the edema.", ("Ines",)),
        )
    )
)  # fmt: skip

ROW_28 = listed(
    *(
        _noted(28, words, text, *planted, kept="edema")
        for words, text, planted in (
            (
                "a signature block",
                "Plan: treat edema.\n\nElectronically signed by:\nHorace P. Wetherall, MD, FACP\n"
                "Consultant Nephrologist\nPager 8841  |  hwetherall@cv.example",
                ("Wetherall", "8841"),
            ),
            (
                "a dictation footer",
                "Treat edema.\nHPW/mjk D: 11/20/2026 T: 11/21/2026 Job #448821 cc: Dr. Siobhan Quirke",
                ("448821", "Quirke", "11/20/2026", "11/21/2026", "HPW/mjk"),
            ),
            (
                "a forwarded mail",
                "> From: Delphine Arkwright [mailto:delphine@arkwright.example]\n"
                "> Sent: Friday, 20 November 2026 09:41\n> To: Ward Clerk <clerk@cv.example>\n"
                "> Subject: Mrs O-H\n>\n> edema is worse\n> Best wishes,\n> Delphine",
                ("Delphine", "Arkwright", "20 November", "09:41", "clerk@"),
            ),
            (
                "a transcriber's stamp",
                "edema\nTranscribed: LQuimby 20Nov26 0941h Typed by L. Quimby",
                ("Quimby", "20Nov26"),
            ),
            (
                "a list of copies",
                "edema\nCC: M. Featherington; Sr. O. Plunkett; GP Dr. V. Szczepaniak",
                ("Featherington", "Plunkett", "Szczepaniak"),
            ),
        )
    )
)


def _word_case(words: str, family: str, given: str, text: str, exact: str, kept: str) -> Escape:
    return Escape(
        row=29,
        words=words,
        exact=(exact,),
        first=patient(name=[{"family": family, "given": [given]}]),
        resources=(note(text),),
        kept=(kept,),
    )


ROW_29 = listed(
    _word_case("a surname that is a price", "Price", "Will",
               "Will Price was seen. Mr Price will come again if the price is right.",
               r"\bPrice\b", "price is right"),
    _word_case("a surname that is a drug", "Lasix", "Amber",
               "Mrs. Lasix took Lasix 40 mg. Amber urine.", r"Mrs\.? Lasix", "40 mg"),
    _word_case("a surname that is an eponym", "Parkinson", "May",
               "May Parkinson has Parkinson disease. Ms Parkinson walks well.",
               r"M(?:ay|s) Parkinson\b", "walks well"),
    _word_case("a surname that is a color, in capitals", "White", "Rose",
               "MRS WHITE SEEN. WHITE BLOOD CELLS NORMAL.", r"MRS WHITE", "BLOOD CELLS NORMAL"),
    _word_case("a surname that is a place", "London", "Jack",
               "Mr London feels well. Jack London agrees to surgery.",
               r"(?:Mr|Jack) London", "surgery"),
    _word_case("a surname that is a sign of a body", "Brain", "Grace",
               "Mrs Brain had a brain scan. Grace Brain is content.",
               r"(?:Mrs|Grace) Brain", "brain scan"),
    _word_case("a surname of two letters", "Li", "Wei",
               "Ms Li takes Li 300 mg. Wei Li is well.", r"(?:Ms|Wei) Li\b", "300 mg"),
    _word_case("a surname without capitals", "Young", "Hope",
               "mrs young is seen today, hope young lives alone. a young woman next door.",
               r"mrs young", "young woman"),
    Escape(
        row=29,
        words="an unknown visitor with the name of a disease",
        exact=(r"Graves\b", r"Addison\b", r"Hodgkin\b"),
        resources=(note("Nurse Addison and Mr Peter Graves, with Dr. Hodgkin, saw no goiter."),),
        kept=("goiter",),
    ),
)  # fmt: skip

ROW_30 = listed(
    *(
        _noted(30, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("digits spelled out", "MRN zero zero nine three one eight seven, edema",
             ("three one eight seven",)),
            ("last four of the social security number", "SSN ending 4329, edema", ("4329",)),
            ("last four, otherwise said", "last 4 of social: 4329. edema", ("4329",)),
            ("spaced and dotted", "SSN 9 8 7 . 6 5 . 4 3 2 9 edema", ("987654329",)),
            ("a wrong checksum", "NHS no 485 777 3457, edema", ("485 777 3457",)),
            ("no label", "943 476 5870 edema", ("943 476 5870",)),
            ("the tail of the record number", "chart ends in 3187, edema", ("3187",)),
            ("an insurance and a policy", "Medicare 1EG4-TE5-MK73, policy XJ 2281 90-A. edema",
             ("1EG4TE5MK73", "XJ228190A")),
            ("plate, passport, licence", "plate WRX 4471, passport 533401892, DL S530-4471-2210: edema",
             ("WRX4471", "533401892", "S53044712210")),
            ("a claim and an order", "Order #7712-99401, claim no. C/26/118233. edema",
             ("771299401", "118233")),
        )
    ),
    Escape(
        row=30,
        words="a short record number",
        planted=(),
        exact=(r"(?i)mrn:? 7\b",),
        first={**PATIENT, "identifier": [{"system": "https://caldervale.example/mrn", "value": "7"}]},
        resources=(note("MRN: 7. Potassium 7 mmol/L, edema."),),
        kept=("7 mmol/L", "edema"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("escape", [*ROW_27, *ROW_28, *ROW_29, *ROW_30])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
