# ruff: noqa: E501 - one case a line, as somebody wrote it
"""Rows 31 to 33 of spec deid.md 5: odd dates, the birth date counted back, one true anchor."""

import pytest

from tests.support.escapes import (
    Escape,
    attached,
    check,
    document,
    listed,
    note,
    observation,
    patient,
    said,
)


def _noted(row: int, words: str, text: str, *planted: str, kept: str) -> Escape:
    return Escape(
        row=row,
        words=words,
        planted=planted,
        resources=(note(text),),
        kept=(kept,),
    )


ROW_31 = listed(
    *(
        _noted(31, words, text, *planted, kept="edema")
        for words, text, planted in (
            ("Boxing Day", "Edema since Boxing Day, worse at Epiphany. edema", ("Boxing", "Epiphany")),
            ("a feast of the year", "fell on Thanksgiving and again on Diwali: edema",
             ("Thanksgiving", "Diwali")),
            ("in words", "on the fourteenth of March two thousand and twenty-six, edema",
             ("fourteenth of March", "twenty-six")),
            ("a compact stamp", "IMG 20261114T0815Z edema", ("20261114",)),
            ("Roman month", "seen 14.XI.2026, edema", ("14.XI.2026",)),
            ("a week and a day of the year", "2026-W46-6 and day 318/2026: edema", ("2026W466", "318/2026")),
            ("no year", "seen on 14/11 and on Nov 3rd, edema", ("14/11", "Nov 3rd")),
            ("an apostrophe year", "CABG Jan '19, stent 3/'21: edema", ("Jan '19", "3/'21")),
            ("a range", "inpatient 3-9 Nov 2026, edema", ("9 Nov",)),
            ("US military", "seen 14NOV26 0815, edema", ("14NOV26",)),
            ("in another language", "vu le 14 novembre 2026, am 3. März 2026: edema",
             ("14 novembre", "3. März")),
            ("underscores and dots", "scan 2026_11_14 / 14.11.26 edema", ("20261114", "14.11.26")),
        )
    )
)  # fmt: skip

ROW_32 = listed(
    _noted(
        32, "the age in exact days", "She is 23859 days old today. edema", "23859", kept="edema"
    ),
    _noted(
        32,
        "years, months and days",
        "Aged 65 years, 3 months and 24 days on admission. edema",
        "3 months and 24 days",
        kept="edema",
    ),
    _noted(32, "the birthday is tomorrow", "Turns 66 tomorrow. edema", "66 tomorrow", kept="edema"),
    _noted(
        32,
        "born on a weekday of a year",
        "Born Saturday, July 29th 1961 at 04:12. edema",
        "July 29th",
        "04:12",
        kept="edema",
    ),
    _noted(32, "date of birth without a label", "29/07/61 F edema", "29/07/61", kept="edema"),
    Escape(
        row=32,
        words="an age of a diagnosis in days beside its date",
        planted=("23500",),
        resources=(
            {
                "resourceType": "Condition",
                "id": "c-32",
                "subject": {"reference": "Patient/hv-0093187"},
                "code": {"text": "Gout"},
                "onsetAge": {
                    "value": 23500,
                    "unit": "d",
                    "system": "http://unitsofmeasure.org",
                    "code": "d",
                },
                "recordedDate": "2026-10-01",
            },
        ),
        kept=("Gout",),
    ),
    Escape(
        row=32,
        words="an observation that is the birth date",
        planted=("1961-07-29", "29 July 1961"),
        resources=(
            observation(
                code={"coding": [{"system": "http://loinc.org", "code": "21112-8"}]},
                valueQuantity=None,
                valueDateTime="1961-07-29",
            ),
            said("born 29 July 1961, edema", id="s-32"),
        ),
        kept=("edema",),
        outcome="either",
    ),
    Escape(
        row=32,
        words="a newborn with the hour of birth",
        planted=("2026-11-20", "03:51", "20 November"),
        first=patient(birthDate="2026-11-20"),
        resources=(note("Born 20 November at 03:51, day 2 of life, 3.1 kg, jaundice."),),
        kept=("3.1 kg", "jaundice"),
    ),
)

ROW_33 = listed(
    Escape(
        row=33,
        words="the creation of a file beside the date of the note",
        planted=("2026-11-14",),
        resources=(
            document(
                attached("edema of both legs", creation="2026-11-14T08:15:00-05:00"),
                date="2026-11-14T13:15:00Z",
                context={"period": {"start": "2026-11-14", "end": "2026-11-14"}},
            ),
        ),
        kept=("edema",),
    ),
    Escape(
        row=33,
        words="instants of all kinds",
        planted=("2026-11-14", "13:15:22"),
        resources=(
            observation(
                effectiveDateTime=None,
                effectiveInstant="2026-11-14T13:15:22.113Z",
                issued="2026-11-14T13:15:22Z",
                meta={"lastUpdated": "2026-11-14T13:15:22Z"},
                note=[{"text": "edema", "time": "2026-11-14T13:15:22Z"}],
            ),
        ),
        kept=("edema",),
        outcome="either",
    ),
    Escape(
        row=33,
        words="a timing with events and a bound",
        planted=("2026-11-14", "2026-12-24"),
        resources=(
            {
                "resourceType": "MedicationRequest",
                "id": "m-33",
                "status": "active",
                "intent": "order",
                "subject": {"reference": "Patient/hv-0093187"},
                "medicationCodeableConcept": {"text": "Furosemide 40 mg"},
                "authoredOn": "2026-11-14",
                "dosageInstruction": [
                    {
                        "text": "from 14 Nov 2026 until Christmas Eve",
                        "timing": {
                            "event": ["2026-11-14T08:00:00-05:00", "2026-12-24"],
                            "repeat": {
                                "boundsPeriod": {"start": "2026-11-14", "end": "2026-12-24"},
                                "timeOfDay": ["08:00:00"],
                            },
                        },
                    }
                ],
            },
        ),
        kept=("Furosemide 40 mg", "08:00:00"),
    ),
    _noted(
        33,
        "a public event of that day beside the text",
        "The night of the Ashcombe rail crash, 14 Nov: edema",
        "14 Nov",
        kept="edema",
    ),
)


@pytest.mark.parametrize("escape", [*ROW_31, *ROW_32, *ROW_33])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
