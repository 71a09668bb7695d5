"""Rows 1 to 4 of spec deid.md 5: typed names of codes, ids, conditional and versioned links."""

import pytest

from tests.support.escapes import (
    SUBJECT,
    Escape,
    check,
    listed,
    observation,
)

OTHER_HOST = "https://fhir.caldervale.example/r4"

ROW_1 = listed(
    Escape(
        row=1,
        words="the name of a test is typed with the patient in it",
        planted=("Okonkwo",),
        resources=(observation(code={"text": "Hemoglobin for Mrs Okonkwo-Hale, bed 12"}),),
        kept=("Hemoglobin",),
    ),
    Escape(
        row=1,
        words="a diagnosis is typed with an unknown relative and a phone",
        planted=("Magdalena Wyszynska", "5550166"),
        resources=(
            {
                "resourceType": "Condition",
                "id": "c-2",
                "subject": SUBJECT,
                "code": {
                    "text": "Gastroenteritis, exposed to sister Magdalena Wyszynska (503-555-0166)"
                },
            },
        ),
        kept=("Gastroenteritis",),
    ),
    Escape(
        row=1,
        words="a body site and a method are typed with a record number",
        planted=("CV0093187",),
        resources=(
            observation(
                bodySite={"text": "left arm, label CV 0093187"},
                method={"text": "CV-0093187 manual"},
            ),
        ),
        kept=("left arm", "manual"),
    ),
    Escape(
        row=1,
        words="a drug is typed with the prescriber and a date",
        planted=("Achterberg", "14 March 2026", "2026-03-14"),
        resources=(
            {
                "resourceType": "MedicationRequest",
                "id": "m-1",
                "status": "active",
                "intent": "order",
                "subject": SUBJECT,
                "medicationCodeableConcept": {
                    "text": "Bumetanide 1 mg as per Dr Achterberg letter of 14 March 2026"
                },
            },
        ),
        kept=("Bumetanide 1 mg",),
    ),
)

ROW_2 = listed(
    Escape(
        row=2,
        words="the record number is the id of a result and the host stands in its links",
        resources=(
            observation(
                id="CV-0093187",
                subject={"reference": f"{OTHER_HOST}/Patient/hv-0093187"},
                hasMember=[{"reference": f"{OTHER_HOST}/Observation/obs-b-0093187"}],
            ),
            observation(id="obs-b-0093187", subject={"reference": "Patient/hv-0093187"}),
        ),
        planted=("CV-0093187", "obs-b-0093187", "fhir.caldervale"),
    ),
    Escape(
        row=2,
        words="the name of the patient is the id of an encounter",
        resources=(
            {
                "resourceType": "Encounter",
                "id": "Okonkwo-Hale.Rosalind.1961",
                "status": "in-progress",
                "class": {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "IMP",
                },
                "subject": SUBJECT,
            },
            observation(encounter={"reference": "Encounter/Okonkwo-Hale.Rosalind.1961"}),
        ),
        kept=("IMP",),
    ),
    Escape(
        row=2,
        words="an accession number with initials is the id of a report",
        planted=("RO-61-CT-448213",),
        resources=(
            {
                "resourceType": "DiagnosticReport",
                "id": "RO-61-CT-448213",
                "status": "final",
                "code": {"text": "CT abdomen"},
                "subject": SUBJECT,
                "result": [{"reference": "Observation/obs-hb"}],
                "conclusion": "No obstruction.",
            },
            observation(),
        ),
        kept=("No obstruction", "CT abdomen"),
    ),
)

ROW_3 = listed(
    Escape(
        row=3,
        words="a performer is found by a conditional reference with a licence number",
        planted=("GMC4412907", "gmc-number"),
        resources=(
            observation(
                performer=[
                    {
                        "reference": "Practitioner?identifier=https://gmc.example/gmc-number|GMC4412907"
                    }
                ]
            ),
        ),
    ),
    Escape(
        row=3,
        words="the subject is found by a conditional reference with the record number",
        planted=("CV-0093187", "caldervale"),
        resources=(
            observation(
                subject={
                    "reference": "Patient?identifier=https://caldervale.example/mrn|CV-0093187"
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=3,
        words="the condition of an encounter is a search with name and birth date",
        planted=("family=Okonkwo", "1961-07-29"),
        resources=(
            observation(
                encounter={
                    "reference": "Encounter?patient.family=Okonkwo-Hale&birthdate=1961-07-29"
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=3,
        words="ifNoneExist of a bundle inside a bundle",
        planted=("44-019-2277",),
        resources=(
            {
                "resourceType": "Bundle",
                "id": "b",
                "type": "transaction",
                "entry": [
                    {
                        "resource": observation(),
                        "request": {
                            "method": "POST",
                            "url": "Observation?identifier=44-019-2277",
                            "ifNoneExist": "identifier=https://caldervale.example/lab|44-019-2277",
                        },
                    }
                ],
            },
        ),
        kept=("6.10",),
    ),
)

ROW_4 = listed(
    *(
        Escape(
            row=4,
            words=f"a link with a version: {how}",
            planted=("W-2-0093187", "MTY0MDA5OTIwMDAwMA", "20260314T0815", "Patient/hv"),
            resources=(
                {
                    "resourceType": "DiagnosticReport",
                    "id": "rep",
                    "status": "final",
                    "code": {"text": "Blood count"},
                    "subject": {"reference": subject},
                    "result": [{"reference": "Observation/obs-hb/_history/W-2-0093187"}],
                },
                observation(
                    meta={"versionId": "W-2-0093187", "lastUpdated": "2026-11-20T09:00:00Z"}
                ),
            ),
            kept=("Blood count", "718-7"),
        )
        for how, subject in (
            ("relative", "Patient/hv-0093187/_history/0093187"),
            ("absolute", f"{OTHER_HOST}/Patient/hv-0093187/_history/MTY0MDA5OTIwMDAwMA"),
            ("with a fragment of an instant", "Patient/hv-0093187/_history/20260314T0815"),
        )
    )
)


@pytest.mark.parametrize("escape", [*ROW_1, *ROW_2, *ROW_3, *ROW_4])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
