"""Rows 36, 38, 41, 42 of spec deid.md 5: great age, geography, answers of forms, odd carriers."""

import pytest

from tests.support.escapes import (
    SUBJECT,
    Escape,
    check,
    listed,
    note,
    observation,
    patient,
    said,
)

_OLD = patient(birthDate="1930-02-03")


def _old(words: str, text: str, *planted: str, exact: tuple[str, ...] = ()) -> Escape:
    return Escape(
        row=36,
        words=words,
        planted=planted,
        exact=exact,
        first=_OLD,
        resources=(note(text),),
        kept=("edema",),
    )


ROW_36 = listed(
    _old("in digits", "A 96 yo woman with edema, 96-year-old", exact=(r"\b96\b",)),
    _old("in words", "ninety-six years old, in her 97th year, edema", "ninety-six", "97th year"),
    _old("by the year of birth", "born in 1930, edema since 2024", exact=(r"\b1930\b",)),
    _old(
        "a centenarian",
        "nearly a centenarian, a nonagenarian: edema",
        "centenarian",
        "nonagenarian",
    ),
    _old("a birthday card", "got her letter for the 100th birthday early, edema", "100th birthday"),
    _old("a mother of great age", "mother died at 103, edema", exact=(r"\b103\b",)),
    Escape(
        row=36,
        words="an age of 97 in a quantity, a component and a condition",
        exact=(r"\b97\b", r"1930"),
        first=_OLD,
        resources=(
            observation(
                code={"coding": [{"system": "http://loinc.org", "code": "30525-0"}]},
                valueQuantity={
                    "value": 97,
                    "unit": "years",
                    "system": "http://unitsofmeasure.org",
                    "code": "a",
                },
            ),
            {
                "resourceType": "Condition",
                "id": "c-36",
                "subject": SUBJECT,
                "code": {"text": "Gout"},
                "onsetAge": {
                    "value": 97,
                    "unit": "years",
                    "system": "http://unitsofmeasure.org",
                    "code": "a",
                },
            },
        ),
        kept=("Gout",),
    ),
)

ROW_38 = listed(
    *(
        Escape(
            row=38,
            words=words,
            planted=planted,
            resources=(resource,),
            kept=(kept,),
            outcome="either",
        )
        for words, resource, planted, kept in (
            (
                "the time zone of a date",
                observation(effectiveDateTime="2026-11-20T08:00:00+12:45"),
                ("+12:45",),
                "718-7",
            ),
            (
                "a small place in a note",
                note("Lives in Nether Wallop near Stockbridge with edema"),
                ("Nether Wallop", "Stockbridge"),
                "edema",
            ),
            (
                "a landmark and a road",
                note("farm by the Cheddleton flint mill, off the A520. edema"),
                ("Cheddleton", "A520"),
                "edema",
            ),
            (
                "grid, coordinates and three words",
                note("picked up at 51.0632, -1.3080 (SU 485 293), ///filled.count.soap: edema"),
                ("51.0632", "485 293", "filled.count.soap"),
                "edema",
            ),
            (
                "ward, bed and bay",
                note("moved to Nightingale Ward, bay 4 bed 12. edema"),
                ("Nightingale",),
                "edema",
            ),
            (
                "a country code and an area code alone",
                note("call after 5 on ext 4471 or area code 01452, edema"),
                ("4471", "01452"),
                "edema",
            ),
            (
                "a time zone and a census tract",
                said("lives 2 h behind clinic time, tract 41.0021.3, edema"),
                ("41.0021.3",),
                "edema",
            ),
        )
    )
)

ROW_41 = listed(
    Escape(
        row=41,
        words="answers, the text of the questions and an address of the form",
        planted=("Hermione Dunmore", "5550172", "forms.caldervale", "Okonkwo"),
        resources=(
            {
                "resourceType": "QuestionnaireResponse",
                "id": "qr-1",
                "status": "completed",
                "questionnaire": "https://forms.caldervale.example/Questionnaire/okonkwo",
                "subject": SUBJECT,
                "author": {"display": "Hermione Dunmore"},
                "item": [
                    {
                        "linkId": "1",
                        "text": "Who helps Mrs Okonkwo-Hale at home?",
                        "answer": [{"valueString": "Hermione Dunmore, 503 555 0172, helps daily"}],
                    },
                    {
                        "linkId": "2",
                        "text": "Swelling?",
                        "answer": [
                            {
                                "valueString": "edema",
                                "item": [
                                    {
                                        "linkId": "2.1",
                                        "text": "Hermione Dunmore says?",
                                        "answer": [
                                            {"valueUri": "https://forms.caldervale.example/h"},
                                            {"valueDate": "2026-11-14"},
                                        ],
                                    }
                                ],
                            }
                        ],
                    },
                ],
            },
        ),
        kept=("edema", "Swelling?"),
    ),
    *(
        Escape(
            row=41,
            words=words,
            planted=("Hermione Dunmore", "2026-11-14"),
            resources=(
                {
                    "resourceType": "QuestionnaireResponse",
                    "id": "qr-2",
                    "status": "completed",
                    "subject": SUBJECT,
                    "item": [
                        {"linkId": "1", "text": "Swelling?", "answer": [{"valueString": "edema"}]},
                        {"linkId": "2", "answer": [answer]},
                    ],
                },
            ),
            kept=("edema",),
        )
        for words, answer in (
            ("a typed coding", {"valueCoding": {"display": "Hermione Dunmore"}}),
            ("a reference", {"valueReference": {"display": "Hermione Dunmore"}}),
            (
                "a file",
                {
                    "valueAttachment": {
                        "title": "Hermione Dunmore",
                        "data": "SGVybWlvbmUgRHVubW9yZQ==",
                    }
                },
            ),
            ("a moment", {"valueDateTime": "2026-11-14T08:00:00-05:00"}),
        )
    ),
)

ROW_42 = listed(
    *(
        Escape(
            row=42,
            words=words,
            planted=planted,
            resources=(resource,),
            outcome="either",
            kept=(kept,),
        )
        for words, resource, planted, kept in (
            (
                "a phone number in a quantity",
                observation(valueQuantity={"value": 5035550187, "unit": "{phone}"}),
                ("5035550187",),
                "718-7",
            ),
            (
                "the record number as an integer",
                observation(valueQuantity=None, valueInteger=93187),
                (),
                "718-7",
            ),
            (
                "a name as a unit",
                observation(valueQuantity={"value": 11, "unit": "Okonkwo/day", "code": "Okonkwo"}),
                ("Okonkwo",),
                "718-7",
            ),
            (
                "an unknown name as an annotated unit",
                observation(
                    valueQuantity={
                        "value": 11,
                        "unit": "{Cordelia.Wraxall}",
                        "system": "http://unitsofmeasure.org",
                        "code": "{Cordelia.Wraxall}",
                    }
                ),
                ("Cordelia", "Wraxall"),
                "718-7",
            ),
            (
                "digits of a phone in samples",
                observation(
                    valueQuantity=None,
                    valueSampledData={
                        "origin": {"value": 0},
                        "period": 10,
                        "dimensions": 1,
                        "data": "5035550187 987654329",
                    },
                ),
                ("5035550187", "987654329"),
                "718-7",
            ),
            (
                "a name in a ratio and in a range",
                observation(
                    valueQuantity=None,
                    valueRatio={
                        "numerator": {"value": 1, "unit": "Cordelia Wraxall"},
                        "denominator": {"value": 5035550187},
                    },
                ),
                ("Cordelia Wraxall", "5035550187"),
                "718-7",
            ),
            (
                "a social security number with decimals",
                observation(valueQuantity={"value": 987654329.0, "unit": "g/dL"}),
                ("987654329",),
                "718-7",
            ),
            (
                "an unknown phone as a number",
                observation(valueQuantity={"value": 4155550133, "unit": "1"}),
                ("4155550133",),
                "718-7",
            ),
            (
                "a reference range that is a name",
                observation(referenceRange=[{"text": "as told by Cordelia Wraxall"}]),
                ("Cordelia Wraxall",),
                "718-7",
            ),
        )
    )
)


@pytest.mark.parametrize("escape", [*ROW_36, *ROW_38, *ROW_41, *ROW_42])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
