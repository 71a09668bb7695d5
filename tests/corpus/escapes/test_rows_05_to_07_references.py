"""Rows 5 to 7 of spec deid.md 5: urn:uuid, contained resources, links without a target."""

import re
from typing import Any

import pytest

from deid import policy
from deid.pipeline import deidentify
from tests.support.deid_cases import strings
from tests.support.escapes import (
    CLINICIAN,
    SUBJECT,
    Escape,
    Resource,
    case_of,
    check,
    document,
    listed,
    observation,
    readable,
    said,
)

OTHER_HOST = "https://fhir.caldervale.example/r4"
EHR_UUID = "5f0e2c1a-93b7-4d3e-8a61-0c7d9be0a412"
ROW_5 = listed(
    Escape(
        row=5,
        words="the subject is a urn:uuid of the record system",
        planted=(EHR_UUID, EHR_UUID.upper()),
        resources=(observation(subject={"reference": f"urn:uuid:{EHR_UUID}"}),),
        outcome="refused",
    ),
    Escape(
        row=5,
        words="an encounter is linked by urn:uuid and never sent",
        planted=(EHR_UUID,),
        resources=(observation(encounter={"reference": f"urn:uuid:{EHR_UUID}"}),),
        kept=("718-7",),
    ),
    Escape(
        row=5,
        words="a urn:oid of a clinician in capitals",
        planted=("2.16.840.1.113883.3.99.7.1932456780", EHR_UUID.upper()),
        resources=(
            observation(
                performer=[
                    {"reference": "urn:oid:2.16.840.1.113883.3.99.7.1932456780"},
                    {"reference": f"URN:UUID:{EHR_UUID.upper()}", "type": "Practitioner"},
                ]
            ),
        ),
        kept=("718-7",),
    ),
)


def _holding(contained: list[Resource], **changes: Any) -> Resource:
    return observation(contained=contained, **changes)


ROW_6 = listed(
    Escape(
        row=6,
        words="a contained clinician with a phone is the performer",
        planted=("Wilhelmina Durrant", "5550144"),
        resources=(
            _holding(
                [
                    {
                        "resourceType": "Practitioner",
                        "id": "p",
                        "name": [{"text": "Wilhelmina Durrant"}],
                        "telecom": [{"system": "phone", "value": "503 555 0144"}],
                    }
                ],
                performer=[{"reference": "#p"}],
                note=[{"text": "Discussed with Wilhelmina Durrant, repeat tomorrow."}],
            ),
        ),
        kept=("repeat tomorrow",),
    ),
    Escape(
        row=6,
        words="a contained result names a relative in its note",
        planted=("Xanthe",),
        resources=(
            _holding(
                [
                    {
                        **said("Sample handed in by her niece Xanthe, clotted.", id="inner"),
                    }
                ],
                hasMember=[{"reference": "#inner"}],
            ),
        ),
        kept=("clotted",),
    ),
    Escape(
        row=6,
        words="contained inside contained hides a name",
        planted=("Bartholomew Quilligan",),
        resources=(
            _holding(
                [
                    {
                        **observation(id="inner"),
                        "contained": [
                            {
                                "resourceType": "Practitioner",
                                "id": "deep",
                                "name": [{"text": "Bartholomew Quilligan"}],
                            }
                        ],
                        "performer": [{"reference": "#deep"}],
                        "note": [{"text": "Bartholomew Quilligan asks for a smear."}],
                    }
                ],
                hasMember=[{"reference": "#inner"}],
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=6,
        words="a contained patient is somebody else",
        planted=("Leopold Vantongeren", "1934-02-11"),
        resources=(
            _holding(
                [
                    {
                        "resourceType": "Patient",
                        "id": "other",
                        "name": [{"family": "Vantongeren", "given": ["Leopold"]}],
                        "birthDate": "1934-02-11",
                    }
                ],
                subject={"reference": "#other"},
            ),
        ),
        outcome="refused",
    ),
    Escape(
        row=6,
        words="an extension on a primitive of a contained drug",
        planted=("Featherstonehaugh",),
        resources=(
            {
                "resourceType": "MedicationRequest",
                "id": "m-2",
                "status": "active",
                "intent": "order",
                "subject": SUBJECT,
                "medicationReference": {"reference": "#med"},
                "contained": [
                    {
                        "resourceType": "Medication",
                        "id": "med",
                        "status": "active",
                        "_status": {
                            "extension": [
                                {
                                    "url": "https://caldervale.example/checked-by",
                                    "valueString": "Featherstonehaugh",
                                }
                            ]
                        },
                        "code": {"text": "Torasemide 10 mg"},
                    }
                ],
            },
        ),
        kept=("Torasemide 10 mg",),
    ),
)

ROW_7 = listed(
    Escape(
        row=7,
        words="a performer who is only a display",
        planted=("Ghislaine Verhoeven",),
        resources=(observation(performer=[{"display": "Ghislaine Verhoeven, RN"}]),),
        kept=("718-7",),
    ),
    Escape(
        row=7,
        words="a performer who is only an identifier",
        planted=("1770512349",),
        resources=(
            observation(
                performer=[
                    {
                        "type": "Practitioner",
                        "identifier": {
                            "system": "http://hl7.org/fhir/sid/us-npi",
                            "value": "1770512349",
                        },
                    }
                ]
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=7,
        words="an encounter and a specimen that are only displays",
        planted=("Ward 7 Nightingale", "Sgt Pepperall", "tube 88-1120-4"),
        resources=(
            observation(
                encounter={"display": "Ward 7 Nightingale, admitted by Sgt Pepperall"},
                specimen={"display": "tube 88-1120-4"},
            ),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=7,
        words="the author of a document that is a display with the host",
        planted=("Ignatius Pomfret", "ipomfret"),
        resources=(
            document(
                {"contentType": "text/plain", "data": "U3RhYmxlIG92ZXJuaWdodC4="},
                author=[
                    {
                        "reference": "https://ehr.caldervale.example/Practitioner/ipomfret",
                        "display": "Ignatius Pomfret",
                    }
                ],
                custodian={"display": "Calder Vale Infirmary"},
            ),
        ),
        kept=("Stable overnight.",),
    ),
)


@pytest.mark.parametrize("escape", [*ROW_5, *ROW_6, *ROW_7])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)


def test_row_02_and_05_links_still_resolve_under_new_names() -> None:
    escape = Escape(
        row=2,
        words="links",
        resources=(
            {
                "resourceType": "DiagnosticReport",
                "id": "CV-0093187",
                "status": "final",
                "code": {"text": "Blood count"},
                "subject": SUBJECT,
                "result": [{"reference": f"{OTHER_HOST}/Observation/{EHR_UUID}"}],
            },
            observation(id=EHR_UUID),
        ),
    )

    prepared = deidentify(case_of(escape), policy.load())

    report = next(
        e.resource for e in prepared.sealed.entries if e.resource_type == "DiagnosticReport"
    )
    made = {
        f"https://confer.example/fhir/case/{prepared.sealed.case_id}/{e.resource_type}/{e.n}"
        for e in prepared.sealed.entries
    }
    assert report["result"][0]["reference"] in made
    for entry in prepared.sealed.entries:
        for string in strings(entry.resource):
            if re.match(r"https://confer\.example/fhir/case/", string):
                assert string in made


def test_row_06_what_is_contained_and_referenced_stays_with_its_holder() -> None:
    escape = Escape(
        row=6,
        words="contained",
        resources=(
            observation(
                contained=[said("clotted", id="inner"), said("never linked", id="loose")],
                hasMember=[{"reference": "#inner"}],
                performer=[{"reference": f"Practitioner/{CLINICIAN['id']}"}],
            ),
        ),
    )

    plain = readable(deidentify(case_of(escape), policy.load()))

    assert "clotted" in plain
    assert "never linked" not in plain
