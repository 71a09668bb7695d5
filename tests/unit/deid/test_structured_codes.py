"""Codes, links and people of a structured walk."""

from typing import Any

from tests.support.deid_cases import condition, observation
from tests.support.structured_cases import (
    BASE,
    PELL,
    WARD,
    Resource,
    beside,
    number_of,
    refused,
    sent,
)


def test_values_of_the_wrong_type_stay() -> None:
    (left,) = sent(
        observation(
            valueQuantity=None,
            effectiveDateTime={"value": "2026"},
            issued="yesterday",
            note=["a", {"text": 7, "authorString": "Dr. Marrowby"}],
            bodySite={"text": ""},
            performer=["Practitioner/1", {"display": 7}],
            referenceRange=[{"low": {"value": "5 (Marrowby)", "unit": ""}}],
            hasMember="Observation/2",
            valueBoolean="true",
        )
    )
    assert set(left) == {"resourceType", "status", "category", "code", "subject"}


def test_lists_of_dates_keep_values_and_extensions_side_by_side() -> None:
    order: Resource = {
        "resourceType": "ServiceRequest",
        "id": "sr",
        "status": "active",
        "intent": "order",
        "code": {"text": "Dialysis"},
        "subject": {"reference": "Patient/pt-9c27e1"},
        "occurrenceTiming": {"event": ["2026-11-20", "2026", "1920-01-01", "soon"]},
    }
    (left,) = sent(order)
    assert left["occurrenceTiming"] == {
        "event": ["2026", "2026"],
        "_event": [beside(-2, "d", "days"), None],
    }


def test_an_absent_value_may_say_why_it_is_absent() -> None:
    reason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    made = observation(
        _valueString={"extension": [{"url": reason, "valueCode": "masked"}, {"url": "http://x"}]},
        _valueTime={"extension": [{"url": reason, "valueCode": "Marrowby"}]},
        _bodySite=[None],
        _valueBoolean={"extension": "x"},
    )
    (left,) = sent(made)
    assert left["_valueString"] == {"extension": [{"url": reason, "valueCode": "masked"}]}
    assert "_valueTime" not in left
    assert "_bodySite" not in left


def test_links_follow_the_resource_however_they_are_written() -> None:
    panel = observation(
        id="panel",
        code={"text": "panel"},
        hasMember=[
            {"reference": "Observation/obs-1"},
            {"reference": "https://ehr.example/fhir/Observation/obs-1"},
            {"reference": "Observation/obs-1/_history/3"},
            {"reference": "urn:uuid:obs-1"},
            {"reference": "Observation/not-ticked"},
            {"reference": "Observation?identifier=40417731"},
            {"reference": "obs-1"},
            {"identifier": {"value": "40417731"}},
        ],
    )
    left = {each["code"].get("text"): each for each in sent(panel, observation())}["panel"]
    target = {"reference": f"{BASE}/Observation/{number_of(panel, observation())}"}
    assert left["hasMember"] == [target] * 4


def test_a_link_to_a_refused_resource_says_so() -> None:
    wrong = observation(id="wrong", status="entered-in-error")
    made = observation(hasMember=[{"reference": "Observation/wrong"}])
    (left,) = sent(made, wrong)
    assert left["hasMember"] == [{"display": "[not sent]"}]


def test_a_person_has_one_token_in_links_and_in_texts() -> None:
    made = observation(
        performer=[{"reference": "Practitioner/pell", "display": "Orin Pellwright MD"}],
        note=[
            {
                "text": "Called Dr. Pellwright.",
                "authorReference": {"reference": "Practitioner/pell"},
            }
        ],
    )
    (left,) = sent(made, identity_resources=(PELL,))
    assert left["performer"] == [{"display": "[clinician 1]"}]
    assert left["note"][0]["authorReference"] == {"display": "[clinician 1]"}
    assert "[clinician 1]" in left["note"][0]["text"]


def test_people_the_chart_does_not_hold_get_a_token_too() -> None:
    made = observation(
        performer=[
            {"reference": "Practitioner/unknown-1"},
            {"reference": "Practitioner/unknown-2"},
            {"reference": "Practitioner/unknown-1"},
            {"type": "Organization", "display": "Zorbin Labs"},
            {"reference": "Organization/org"},
            {"type": "Practitioner"},
            {"reference": "Device/7"},
        ]
    )
    (left,) = sent(made, identity_resources=(WARD,))
    tokens = [each["display"] for each in left["performer"]]
    assert tokens[0] == tokens[2] == "[clinician 1]"
    assert tokens[1] == "[clinician 2]"
    assert len(tokens) == 5
    assert "orbin" not in str(tokens)


def test_contained_resources_follow_their_own_rules_and_new_names() -> None:
    drug: Resource = {
        "resourceType": "Medication",
        "id": "MARROWBY",
        "code": {"text": "Potassium chloride"},
        "manufacturer": {"display": "Zorblax"},
    }
    order: Resource = {
        "resourceType": "MedicationRequest",
        "id": "mr",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "medicationReference": {"reference": "#MARROWBY"},
        "requester": {"reference": "#doc", "display": "Orin Pellwright"},
        "reasonReference": [
            {"reference": f"#{name}"} for name in ("lost", "con", "mother", "nested")
        ],
        "supportingInformation": [{"reference": "#doc"}, "text"],
        "contained": [
            drug,
            {**PELL, "id": "doc"},
            {**drug, "id": "unused", "code": {"text": "unused"}},
            condition(id="con"),
            condition(id="mother", subject={"reference": "Patient/mother"}),
            condition(id="nested", contained=[drug]),
            "text",
            {"resourceType": "Medication"},
            {"resourceType": "Zorblax", "id": "z"},
        ],
    }
    (left,) = sent(order, identity_resources=(PELL,))
    reason, medication = left["contained"]
    assert medication == {
        "resourceType": "Medication", "id": "part2", "code": {"text": "Potassium chloride"},
    }  # fmt: skip
    assert (reason["id"], reason["subject"]) == ("part1", {"reference": f"{BASE}/Patient/1"})
    assert left["medicationReference"] == {"reference": "#part2"}
    assert left["requester"] == {"display": "[clinician 1]"}
    assert left["reasonReference"] == [{"reference": "#part1"}]
    assert left["supportingInformation"] == [{"display": "[clinician 1]"}]


def test_a_contained_resource_that_names_no_patient_is_about_the_one_around_it() -> None:
    inner = observation(id="inner", valueQuantity={"value": 4, "unit": "mmol/L"})
    del inner["subject"]
    (left,) = sent(observation(contained=[inner], hasMember=[{"reference": "#inner"}]))
    assert left["hasMember"] == [{"reference": "#part1"}]
    assert left["contained"][0]["subject"] == {"reference": f"{BASE}/Patient/1"}


def test_contained_that_is_no_list_stays() -> None:
    (left,) = sent(observation(contained={"resourceType": "Medication"}))
    assert "contained" not in left


def test_a_modifier_inside_a_contained_resource_refuses_the_whole() -> None:
    drug = {"resourceType": "Medication", "id": "m", "modifierExtension": [{"url": "u"}]}
    made = observation(contained=[drug], specimen={"reference": "#m"})
    assert len(refused(made)) == 1


def test_ages_of_ninety_and_over_are_one_group() -> None:
    def onset(**age: Any) -> Any:
        (left,) = sent(condition(onsetAge=age))
        return left.get("onsetAge")

    assert onset(value=89, code="a")["value"] == 89
    assert onset(value=97, unit="years") == {
        "value": 90, "comparator": ">=", "unit": "years",
        "system": "http://unitsofmeasure.org", "code": "a",
    }  # fmt: skip
    assert onset(value=1100, code="mo")["comparator"] == ">="
    assert onset(value=3, code="wk", comparator="<")["comparator"] == "<"
    assert onset(value=97, unit="winters") is None
    assert onset(value="97", unit="a") is None


def test_an_age_whose_comparator_is_not_understood_refuses() -> None:
    assert refused(condition(onsetAge={"value": 3, "code": "a", "comparator": "~"})) == (
        "Condition.onsetAge.comparator: cannot be kept",
    )


def test_a_family_history_keeps_kin_and_ages_and_loses_the_name() -> None:
    history: Resource = {
        "resourceType": "FamilyMemberHistory",
        "id": "f",
        "status": "completed",
        "patient": {"reference": "Patient/pt-9c27e1"},
        "name": "Isolde Marrowby",
        "relationship": {"text": "twin sister"},
        "bornDate": "1959-03-04",
        "deceasedDate": "2001-05-05",
        "condition": [{"code": {"text": "kidney failure"}, "onsetAge": {"value": 40, "code": "a"}}],
    }
    (left,) = sent(history)
    assert left["deceasedBoolean"] is True
    assert left["condition"][0]["onsetAge"]["value"] == 40
    assert set(left) == {
        "resourceType", "status", "patient", "relationship", "deceasedBoolean", "condition",
    }  # fmt: skip
    (odd,) = sent({**history, "deceasedDate": 2001})
    assert "deceasedBoolean" not in odd


def test_a_form_keeps_numbers_of_questions_and_cleans_answers() -> None:
    form: Resource = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "item": [
            {"linkId": "1", "item": [{"linkId": "1.a2", "answer": [
                {"valueString": "ask Marrowby"}, {"valueTime": "08:00"}, {"valueTime": "Marrowby"},
            ]}]},
        ],
    }  # fmt: skip
    (left,) = sent(form)
    answers = left["item"][0]["item"][0]["answer"]
    assert answers == [{"valueString": "ask [patient]"}, {"valueTime": "08:00:00"[:5]}]
    assert len(refused({**form, "item": [{"linkId": "Marrowby"}]})) == 1


def test_device_samples_keep_numbers_only() -> None:
    sampled = {"origin": {"value": 0}, "period": 10, "dimensions": 1, "data": "1 2.5 -3 E U L"}
    (left,) = sent(observation(valueSampledData=sampled))
    assert left["valueSampledData"]["data"] == "1 2.5 -3 E U L"
    (left,) = sent(observation(valueSampledData={**sampled, "data": "1 Marrowby"}))
    assert "data" not in left["valueSampledData"]
