"""What leaves of a resource, element by element."""

from decimal import Decimal

import pytest

from deid.errors import ResourceRefused
from tests.support.deid_cases import condition, observation, patient
from tests.support.structured_cases import (
    BASE,
    Resource,
    beside,
    prepared,
    refused,
    sent,
)


def test_an_observation_leaves_with_year_distance_and_exact_number() -> None:
    (left,) = sent(observation(issued="2026-11-21T23:40:00-05:00"))

    assert left == {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                        "display": "Laboratory",
                    }
                ]
            }
        ],
        "code": {
            "coding": [
                {
                    "system": "http://loinc.org",
                    "code": "2823-3",
                    "display": "Potassium [Moles/volume] in Serum or Plasma",
                }
            ]
        },
        "subject": {"reference": f"{BASE}/Patient/1"},
        "effectiveDateTime": "2026",
        "_effectiveDateTime": beside(-180, "min", "minutes"),
        "_issued": beside(-152, "min", "minutes"),
        "valueQuantity": {
            "value": Decimal("6.10"),
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }


def test_decimals_leave_as_they_were_written() -> None:
    entries = prepared(observation()).sealed.entries
    body = next(each.body for each in entries if b"2823-3" in each.body)
    assert b'"value":6.10' in body


def test_unknown_elements_and_extensions_stay_and_are_counted() -> None:
    result = prepared(
        observation(
            zorblax="Marrowby",
            extension=[{"url": "http://zorblax.example/e", "valueString": "Marrowby"}],
            valueQuantity={"value": 1, "zorblax": "x", "extension": [{"url": "u"}]},
            _status={"extension": [{"url": "u", "valueString": "Marrowby"}]},
        )
    )
    receipt = result.sealed.receipt
    assert receipt.removed["unknown_element"] == 2
    assert receipt.removed["extension"] == 3
    assert all(b"orblax" not in each.body for each in result.sealed.entries)
    assert all("zorblax" not in each.element for each in result.preview.dropped)


@pytest.mark.parametrize(
    "changes",
    [
        {"modifierExtension": [{"url": "http://x.example", "valueBoolean": True}]},
        {"component": [{"code": {"text": "a"}, "modifierExtension": [{"url": "u"}]}]},
        {"implicitRules": "http://x.example/rules"},
        {"status": "entered-in-error"},
        {"status": "finalish"},
        {"status": None},
        {"code": None},
        {"status": ["final"] * 0},
        {"code": {"coding": [{"system": "http://local.example", "code": "K6"}]}},
        {"code": "potassium"},
        {"focus": [{"reference": "Patient/donor"}]},
        {"valueQuantity": {"value": 5, "comparator": "ad"}},
        {"subject": {"reference": "Patient/somebody-else"}},
        {"subject": {"reference": "Group/g1"}},
        {"subject": {"display": "Adela Marrowby"}},
        {"subject": {"reference": "#pat"}, "contained": [patient(id="pat")]},
        {"subject": "Patient/pt-9c27e1"},
    ],
)
def test_a_resource_that_could_be_misread_is_refused_and_listed(changes: Resource) -> None:
    made = observation(**changes)
    assert sent(made) == []
    assert len(refused(made)) == 1
    assert "Marrowby" not in refused(made)[0]


def test_a_resource_that_names_no_patient_is_refused() -> None:
    nobody = observation()
    del nobody["subject"]
    assert refused(nobody) == ("Observation.subject: does not name the patient",)


def test_a_diagnosis_marked_as_an_error_is_refused() -> None:
    wrong = condition(
        verificationStatus={
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                    "code": "entered-in-error",
                }
            ]
        }
    )
    assert refused(wrong) == ("Condition: entered in error",)


@pytest.mark.parametrize("kind", ["Zorblax", "observation", None, 7, ["Observation"]])
def test_a_missing_or_misspelled_type_is_refused(kind: object) -> None:
    made = observation(resourceType=kind)
    assert refused(made) == ("resourceType: unknown resource type",)


def test_types_that_nobody_needs_stay_and_are_counted() -> None:
    result = prepared({"resourceType": "Claim", "id": "c"}, {"resourceType": "Practitioner"})
    assert result.sealed.receipt.removed["not_needed"] == 1
    assert result.sealed.receipt.removed["identifies"] == 1
    assert result.sealed.receipt.refused == ()


def test_a_refused_patient_refuses_the_case() -> None:
    with pytest.raises(ResourceRefused):
        prepared(first=patient(modifierExtension=[{"url": "u"}]))


def test_codes_of_local_systems_stay_and_their_label_becomes_text() -> None:
    local = {"system": "urn:oid:1.2.3", "code": "MARROWBY7", "display": "Potassium, bedside"}
    (left,) = sent(observation(code={"coding": [local]}))
    assert left["code"] == {"text": "Potassium, bedside"}


def test_a_local_code_beside_a_public_one_adds_nothing() -> None:
    public = {"system": "http://snomed.info/sct", "code": "84114007", "display": "Heart failure"}
    local = {"system": "urn:oid:1.2.3", "code": "40417731", "display": "Heart failure, local"}
    (left,) = sent(condition(code={"coding": [local, public], "text": "Heart failure"}))
    assert left["code"] == {"coding": [public]}


def test_a_text_that_says_more_than_its_code_leaves_cleaned() -> None:
    code = condition()["code"] | {"text": "heart failure of Adela Marrowby"}
    (left,) = sent(condition(code=code))
    assert left["code"]["text"] == "heart failure of [patient]"


@pytest.mark.parametrize(
    "coding",
    [
        {"system": "http://snomed.info/sct", "code": "MARROWBY"},
        {"system": "http://snomed.info/sct", "code": 84114007},
        {"system": "http://loinc.org", "code": "Marrowby"},
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "MARROWBY"},
        {"system": "http\n://snomed.info/sct", "code": "84114007"},
        {"system": ["http://snomed.info/sct"], "code": "84114007"},
        "84114007",
        {"display": 7},
        {},
    ],
)
def test_what_is_not_a_code_of_its_system_stays(coding: object) -> None:
    code = condition()["code"]
    (left,) = sent(condition(code=code, severity={"coding": [coding]}, category=["x"]))
    assert "severity" not in left
    assert "category" not in left


def test_our_own_name_replaces_the_label_and_a_drug_name_must_match() -> None:
    loinc = {"system": "http://loinc.org", "code": "718-7", "display": "Hb of Adela"}
    rxnorm = {
        "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "code": "749762",
        "display": "seasonique 91 day pack",
        "userSelected": True,
        "version": "local-7",
    }
    (left,) = sent(observation(code={"coding": [loinc, rxnorm]}))
    assert left["code"]["coding"][0]["display"] == "Hemoglobin [Mass/volume] in Blood"
    assert left["code"]["coding"][1]["display"] == "Seasonique 91 Day Pack"
    other = {**rxnorm, "display": "for Marrowby"}
    (left,) = sent(observation(code={"coding": [other]}))
    assert "Marrowby" not in left["code"]["coding"][0]["display"]
    assert left["code"]["coding"][0]["userSelected"] is True
    assert "version" not in left["code"]["coding"][0]


def test_units_are_cleaned_and_their_codes_checked() -> None:
    (left,) = sent(
        observation(
            valueQuantity={
                "value": 5,
                "unit": "mg for Marrowby",
                "system": "http://u",
                "code": "{M}",
            }
        )
    )
    assert left["valueQuantity"] == {"value": 5, "unit": "mg for [patient]"}
