"""Rows 11 to 14 of spec deid.md 5: modifiers, envelopes, local codes, facts of files."""

import pytest

from deid import policy
from deid.pipeline import deidentify
from tests.support.escapes import (
    SUBJECT,
    Escape,
    attached,
    case_of,
    check,
    document,
    extension,
    listed,
    observation,
    patient,
)

UNKNOWN = "https://ehr.example/fhir/StructureDefinition/"

ROW_11 = listed(
    *(
        Escape(
            row=11,
            words=f"an unknown modifier {where}",
            planted=("Archibald Winterbottom",),
            resources=(resource,),
            outcome="refused",
        )
        for where, resource in (
            (
                "of a result",
                observation(
                    modifierExtension=[
                        extension(UNKNOWN, valueString="Archibald Winterbottom refused")
                    ]
                ),
            ),
            (
                "inside a component",
                observation(
                    component=[
                        {
                            "code": {"text": "part"},
                            "modifierExtension": [
                                extension(UNKNOWN, valueString="Archibald Winterbottom")
                            ],
                        }
                    ]
                ),
            ),
            (
                "inside a dose",
                {
                    "resourceType": "MedicationRequest",
                    "id": "m",
                    "status": "active",
                    "intent": "order",
                    "subject": SUBJECT,
                    "medicationCodeableConcept": {"text": "Digoxin 125 mcg"},
                    "dosageInstruction": [
                        {
                            "text": "daily",
                            "modifierExtension": [
                                extension(
                                    "http://example.org/as-told-by-Archibald-Winterbottom",
                                    valueBoolean=True,
                                )
                            ],
                        }
                    ],
                },
            ),
            (
                "inside a contained drug",
                {
                    "resourceType": "MedicationRequest",
                    "id": "m",
                    "status": "active",
                    "intent": "order",
                    "subject": SUBJECT,
                    "medicationReference": {"reference": "#d"},
                    "contained": [
                        {
                            "resourceType": "Medication",
                            "id": "d",
                            "code": {"text": "Digoxin"},
                            "modifierExtension": [
                                extension(UNKNOWN, valueString="Archibald Winterbottom")
                            ],
                        }
                    ],
                },
            ),
        )
    ),
    Escape(
        row=11,
        words="an unknown modifier of the patient stops the case",
        planted=("Archibald Winterbottom",),
        first=patient(modifierExtension=[extension(UNKNOWN, valueString="Archibald Winterbottom")]),
        outcome="stopped",
    ),
)

ROW_12 = listed(
    Escape(
        row=12,
        words="meta: source, tag, profile, lastUpdated",
        planted=("epic-prod-7", "VIP-mayor", "caldervale", "2026-11-20T09:41:07"),
        resources=(
            observation(
                meta={
                    "source": "urn:epic-prod-7#caldervale",
                    "lastUpdated": "2026-11-20T09:41:07.113Z",
                    "versionId": "9",
                    "profile": ["https://caldervale.example/StructureDefinition/hb-of-mayor"],
                    "tag": [
                        {
                            "system": "https://caldervale.example/tags",
                            "code": "VIP-mayor",
                            "display": "VIP-mayor",
                        }
                    ],
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=12,
        words="a whole searchset is handed in as one resource",
        planted=("name=okonkwo",),
        resources=(
            {
                "resourceType": "Bundle",
                "id": "s",
                "type": "searchset",
                "link": [
                    {"relation": "self", "url": "https://x.example/Patient?name=okonkwo-hale"}
                ],
                "entry": [
                    {
                        "fullUrl": "https://x.example/Patient?name=okonkwo-hale",
                        "resource": observation(),
                    }
                ],
            },
        ),
        outcome="either",
    ),
    Escape(
        row=12,
        words="implicit rules and a language with a region",
        planted=("rules-of-dr-thistlewood", "gd-GB-highland"),
        resources=(
            observation(implicitRules="https://x.example/rules-of-dr-thistlewood"),
            observation(id="o2", language="gd-GB-highland"),
        ),
        outcome="refused",
    ),
    Escape(
        row=12,
        words="the narrative of a resource",
        planted=("Fitzwilliam Drummond", "1961-07-29"),
        resources=(
            observation(
                text={
                    "status": "generated",
                    "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Hb of Fitzwilliam Drummond, "
                    "born 1961-07-29</div>",
                }
            ),
        ),
        kept=("718-7",),
    ),
)

LOCAL = "urn:oid:1.2.840.114350.1.13.0.1.7.5.737384"
ROW_13 = listed(
    Escape(
        row=13,
        words="a local code that was typed by hand",
        planted=("Ring Mr Hale 555 0113", "Lysander Quayle"),
        resources=(
            observation(
                code={
                    "coding": [
                        {"system": "http://loinc.org", "code": "718-7"},
                        {"system": LOCAL, "code": "ring Mr Hale 555 0113", "display": "Hb"},
                        {"system": LOCAL, "code": "0", "display": "Lysander Quayle's Hb"},
                    ]
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=13,
        words="only a local code with a typed display",
        planted=("Sunniva Oddsdottir", "ZZ-SUNNIVA"),
        resources=(
            observation(
                code={
                    "coding": [
                        {
                            "system": LOCAL,
                            "code": "ZZ-SUNNIVA",
                            "display": "Ferritin for Sunniva Oddsdottir",
                        }
                    ]
                }
            ),
        ),
        kept=("Ferritin",),
    ),
    Escape(
        row=13,
        words="a public system with a typed code and a typed display",
        planted=("OKONKWO-HALE", "Jocasta Merriweather"),
        resources=(
            observation(
                code={
                    "coding": [
                        {
                            "system": "http://loinc.org",
                            "code": "OKONKWO-HALE-1",
                            "display": "Hemoglobin, Jocasta Merriweather",
                        }
                    ],
                    "text": "Hemoglobin",
                }
            ),
        ),
        kept=("Hemoglobin",),
    ),
    Escape(
        row=13,
        words="a right public code under a display of somebody",
        planted=("Jocasta Merriweather",),
        resources=(
            {
                "resourceType": "Condition",
                "id": "c-9",
                "subject": SUBJECT,
                "code": {
                    "coding": [
                        {
                            "system": "http://snomed.info/sct",
                            "code": "44054006",
                            "display": "Jocasta Merriweather's sugar",
                        },
                        {
                            "system": "http://hl7.org/fhir/sid/icd-10-cm",
                            "code": "E11.9",
                            "display": "told by Jocasta Merriweather on the phone",
                        },
                    ]
                },
            },
        ),
        kept=("44054006", "E11.9"),
    ),
    Escape(
        row=13,
        words="an interpretation and an encounter class of the house",
        planted=("per Sister Bronagh",),
        resources=(
            observation(
                interpretation=[
                    {
                        "coding": [
                            {"system": LOCAL, "code": "L", "display": "low per Sister Bronagh"}
                        ]
                    }
                ]
            ),
        ),
        kept=("718-7",),
    ),
)

ROW_14 = listed(
    Escape(
        row=14,
        words="title, url, creation of a file with the name in them",
        planted=("Okonkwo_R_CV0093187", "2026-11-19T22:15", "imageserver.caldervale"),
        resources=(
            document(
                attached(
                    "Comfortable overnight.",
                    title="Okonkwo_R_CV0093187_discharge.txt",
                    url="https://imageserver.caldervale.example/f?u=CV0093187",
                    creation="2026-11-19T22:15:00-05:00",
                    language="en-GB",
                )
            ),
        ),
        kept=("Comfortable overnight",),
    ),
    Escape(
        row=14,
        words="hash and size confirm the original",
        planted=("2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "48213"),
        resources=(
            document(
                attached("Potassium rechecked.", hash="2jmj7l5rSw0yVb/vlWAYkK/YBwk=", size=48213)
            ),
        ),
        kept=("Potassium rechecked",),
    ),
    Escape(
        row=14,
        words="a declared type with a file name as parameter",
        planted=("Okonkwo scan",),
        resources=(document(attached("Chest clear.", 'text/plain; name="Okonkwo scan 3.txt"')),),
        kept=("Chest clear",),
    ),
    Escape(
        row=14,
        words="a report whose file only lies elsewhere",
        planted=("9f31-okonkwo", "sharepoint"),
        resources=(
            {
                "resourceType": "DiagnosticReport",
                "id": "r-14",
                "status": "final",
                "code": {"text": "Echocardiogram"},
                "subject": SUBJECT,
                "conclusion": "EF 35 %.",
                "presentedForm": [
                    {
                        "contentType": "application/pdf",
                        "url": "https://sharepoint.example/9f31-okonkwo.pdf",
                        "title": "echo 9f31-okonkwo",
                    }
                ],
            },
        ),
        kept=("EF 35 %",),
        outcome="either",
    ),
)


@pytest.mark.parametrize("escape", [*ROW_11, *ROW_12, *ROW_13, *ROW_14])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)


def test_row_11_a_refused_resource_is_named_in_the_receipt_by_its_element() -> None:
    escape = Escape(
        row=11,
        words="modifier",
        resources=(observation(modifierExtension=[extension(UNKNOWN, valueBoolean=True)]),),
    )

    receipt = deidentify(case_of(escape), policy.load()).sealed.receipt

    assert any("modifierExtension" in line for line in receipt.refused)
    assert receipt.removed["refused"] == 1
