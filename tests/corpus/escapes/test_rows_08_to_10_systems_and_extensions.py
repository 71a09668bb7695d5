"""Rows 8 to 10 of spec deid.md 5: identifier systems, unknown and well-known extensions."""

import pytest

from tests.support.escapes import (
    SUBJECT,
    Escape,
    check,
    extension,
    listed,
    note,
    observation,
    patient,
)

ROW_8 = listed(
    Escape(
        row=8,
        words="the system of an identifier names the site",
        planted=("stgunthelmina", "8841-20-7731"),
        resources=(
            observation(
                identifier=[
                    {"system": "https://lis.stgunthelmina.example/acc", "value": "8841-20-7731"}
                ]
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=8,
        words="the assigner names the site and the period the first visit",
        planted=("Larkspur Heights Surgery", "2011-05-17"),
        first=patient(
            identifier=[
                {
                    "system": "urn:oid:2.16.840.1.113883.3.99.7",
                    "value": "0093187",
                    "period": {"start": "2011-05-17"},
                    "assigner": {"display": "Larkspur Heights Surgery"},
                }
            ]
        ),
        resources=(note("Referred by Larkspur Heights Surgery for hyperkalemia."),),
        kept=("hyperkalemia",),
    ),
    Escape(
        row=8,
        words="a code system belongs to a site",
        planted=("winterbourne-trust", "WBT-HB-KOJO"),
        resources=(
            observation(
                code={
                    "coding": [
                        {"system": "http://loinc.org", "code": "718-7"},
                        {
                            "system": "https://winterbourne-trust.example/tests",
                            "code": "WBT-HB-KOJO",
                            "display": "Hemoglobin",
                        },
                    ]
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=8,
        words="a urn:oid root of one hospital in a category and a unit",
        planted=("1.2.840.114350.1.13.297", "Unit of Sr Margherita"),
        resources=(
            observation(
                category=[
                    {"coding": [{"system": "urn:oid:1.2.840.114350.1.13.297.3.7.2", "code": "1"}]}
                ],
                valueQuantity={
                    "value": 11,
                    "unit": "g/dL",
                    "system": "urn:oid:1.2.840.114350.1.13.297.3.7.9",
                    "code": "Unit of Sr Margherita",
                },
            ),
        ),
        kept=("718-7", "g/dL"),
    ),
)

UNKNOWN = "https://ehr.example/fhir/StructureDefinition/"
ROW_9 = listed(
    Escape(
        row=9,
        words="an unknown extension with a name, two deep",
        planted=("Cornelius Abernathy",),
        resources=(
            observation(
                extension=[
                    {
                        "url": f"{UNKNOWN}sampling",
                        "extension": [
                            extension("by", valueString="Cornelius Abernathy"),
                            {
                                "url": "at",
                                "extension": [extension("x", valueString="Cornelius Abernathy")],
                            },
                        ],
                    }
                ]
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=9,
        words="on the primitive birthDate, with the time of birth",
        planted=("1961-07-29T04:12", "04:12:33"),
        first=patient(
            _birthDate={
                "extension": [
                    extension(
                        "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                        valueDateTime="1961-07-29T04:12:33-08:00",
                    )
                ]
            }
        ),
    ),
    Escape(
        row=9,
        words="on a primitive that is a list, beside a null",
        planted=("Eustace Bellweather",),
        first=patient(
            address=[
                {
                    "state": "OR",
                    "_state": {
                        "extension": [extension(UNKNOWN, valueString="Eustace Bellweather")]
                    },
                    "_line": [
                        None,
                        {"extension": [extension(UNKNOWN, valueString="Eustace Bellweather")]},
                    ],
                }
            ]
        ),
    ),
    Escape(
        row=9,
        words="a known extension beside a value that is absent carries one more",
        planted=("Philippa Cottesmore",),
        resources=(
            observation(
                _status={
                    "id": "Philippa.Cottesmore",
                    "extension": [
                        extension(
                            "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                            valueCode="unknown",
                            _valueCode={
                                "extension": [extension(UNKNOWN, valueString="Philippa Cottesmore")]
                            },
                        ),
                        extension(UNKNOWN, valueString="Philippa Cottesmore"),
                    ],
                }
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=9,
        words="an extension on a reference, a coding and a quantity",
        planted=("Hephzibah",),
        resources=(
            observation(
                subject={**SUBJECT, "extension": [extension(UNKNOWN, valueString="Hephzibah")]},
                valueQuantity={
                    "value": 11,
                    "unit": "g/dL",
                    "_unit": {"extension": [extension(UNKNOWN, valueString="Hephzibah")]},
                    "extension": [extension(UNKNOWN, valueString="Hephzibah")],
                },
                code={
                    "coding": [
                        {
                            "system": "http://loinc.org",
                            "code": "718-7",
                            "extension": [extension(UNKNOWN, valueString="Hephzibah")],
                        }
                    ],
                    "_text": {"extension": [extension(UNKNOWN, valueString="Hephzibah")]},
                },
            ),
        ),
        kept=("718-7",),
    ),
)

STANDARD = "http://hl7.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
ROW_10 = listed(
    Escape(
        row=10,
        words="birth place, mother's maiden name, religion, nationality, citizenship",
        planted=("Tintagel-on-Wold", "Penhaligon", "Zoroastrian", "Liechtenstein"),
        first=patient(
            extension=[
                extension(
                    f"{STANDARD}patient-birthPlace",
                    valueAddress={"city": "Tintagel-on-Wold", "country": "GB"},
                ),
                extension(f"{STANDARD}patient-mothersMaidenName", valueString="Penhaligon"),
                extension(
                    f"{STANDARD}patient-religion",
                    valueCodeableConcept={"text": "Zoroastrian"},
                ),
                {
                    "url": f"{STANDARD}patient-nationality",
                    "extension": [
                        extension("code", valueCodeableConcept={"text": "Liechtenstein"})
                    ],
                },
            ]
        ),
        resources=(note("Mother nee Penhaligon. Ate bananas for days."),),
        kept=("bananas",),
    ),
    Escape(
        row=10,
        words="race with a free text and a detailed code, next to the category",
        planted=("Mosquito Coast Miskito", "1004-1"),
        first=patient(
            extension=[
                {
                    "url": f"{US_CORE}us-core-race",
                    "extension": [
                        extension(
                            "ombCategory",
                            valueCoding={
                                "system": "urn:oid:2.16.840.1.113883.6.238",
                                "code": "1002-5",
                                "display": "Mosquito Coast Miskito",
                            },
                        ),
                        extension(
                            "detailed",
                            valueCoding={
                                "system": "urn:oid:2.16.840.1.113883.6.238",
                                "code": "1004-1",
                            },
                        ),
                        extension("text", valueString="Mosquito Coast Miskito"),
                    ],
                }
            ]
        ),
        kept=("1002-5",),
    ),
    Escape(
        row=10,
        words="the position of an address to the meter",
        planted=("44.942898", "123.035096"),
        first=patient(
            address=[
                {
                    "state": "OR",
                    "extension": [
                        {
                            "url": f"{STANDARD}geolocation",
                            "extension": [
                                extension("latitude", valueDecimal="44.942898"),
                                extension("longitude", valueDecimal="-123.035096"),
                            ],
                        }
                    ],
                }
            ]
        ),
        kept=("OR",),
    ),
    Escape(
        row=10,
        words="congregation, tribal affiliation and an employer of the patient",
        planted=("Our Lady of the Marshes", "Siletz", "Brightwater Canning"),
        first=patient(
            extension=[
                extension(f"{STANDARD}patient-congregation", valueString="Our Lady of the Marshes"),
                {
                    "url": f"{US_CORE}us-core-tribal-affiliation",
                    "extension": [
                        extension(
                            "tribalAffiliation",
                            valueCodeableConcept={"text": "Confederated Tribes of Siletz"},
                        )
                    ],
                },
                extension("https://ehr.example/employer", valueString="Brightwater Canning"),
            ]
        ),
        resources=(note("Works nights at Brightwater Canning, sings at Our Lady of the Marshes."),),
        kept=("nights",),
    ),
)


@pytest.mark.parametrize("escape", [*ROW_8, *ROW_9, *ROW_10])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
