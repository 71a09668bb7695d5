"""What leaves of a resource, element by element."""

from decimal import Decimal
from typing import Any

import pytest

from deid import policy
from deid.errors import ResourceRefused
from deid.pipeline import Prepared, deidentify
from tests.support.deid_cases import CASE_ID, case, condition, observation, patient

BASE = f"https://confer.example/fhir/case/{CASE_ID}"
FROM_QUESTION = "https://confer.example/fhir/StructureDefinition/time-from-question"
Resource = dict[str, Any]


def prepared(*resources: Resource, **changes: Any) -> Prepared:
    return deidentify(case(*resources, **changes), policy.load())


def sent(*resources: Resource, **changes: Any) -> list[Resource]:
    """What left, without the Patient and the age."""
    entries = prepared(*resources, **changes).sealed.entries
    return [
        each.resource
        for each in entries
        if each.resource_type != "Patient" and b"30525-0" not in each.body
    ]


def refused(*resources: Resource, **changes: Any) -> tuple[str, ...]:
    return prepared(*resources, **changes).sealed.receipt.refused


def beside(value: int, code: str, unit: str) -> Resource:
    duration = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": code}
    return {"extension": [{"url": FROM_QUESTION, "valueDuration": duration}]}


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


def number_of(*resources: Resource) -> int:
    entries = prepared(*resources).sealed.entries
    return next(each.n for each in entries if b"2823-3" in each.body)


def test_a_link_to_a_refused_resource_says_so() -> None:
    wrong = observation(id="wrong", status="entered-in-error")
    made = observation(hasMember=[{"reference": "Observation/wrong"}])
    (left,) = sent(made, wrong)
    assert left["hasMember"] == [{"display": "[not sent]"}]


PELL: Resource = {
    "resourceType": "Practitioner",
    "id": "pell",
    "name": [{"family": "Pellwright", "given": ["Orin"]}],
}
WARD: Resource = {"resourceType": "Organization", "id": "org", "name": "Gullhaven Infirmary"}


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
        "reasonReference": [{"reference": "#lost"}, {"reference": "#con"}],
        "supportingInformation": [{"reference": "#doc"}, "text"],
        "contained": [
            drug,
            {**PELL, "id": "doc"},
            {**drug, "id": "unused", "code": {"text": "unused"}},
            condition(id="con"),
            "text",
            {"resourceType": "Medication"},
            {"resourceType": "Zorblax", "id": "z"},
        ],
    }
    (left,) = sent(order, identity_resources=(PELL,))
    assert left["contained"] == [
        {"resourceType": "Medication", "id": "part1", "code": {"text": "Potassium chloride"}}
    ]
    assert left["medicationReference"] == {"reference": "#part1"}
    assert left["requester"] == {"display": "[clinician 1]"}
    assert "reasonReference" not in left
    assert left["supportingInformation"] == [{"display": "[clinician 1]"}]


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


def test_a_huge_number_stays() -> None:
    (left,) = sent(observation(valueQuantity={"value": 10**40, "unit": "x"}))
    assert left["valueQuantity"] == {"unit": "x"}


def test_long_texts_of_concepts_are_read_as_texts() -> None:
    words = "weak and dizzy since the new tablets. " * 40 + "Adela Marrowby"
    (left,) = sent(observation(code={"text": words}))
    assert left["code"]["text"].endswith("[patient]")


def test_a_list_of_bare_years_has_no_extensions() -> None:
    order: Resource = {
        "resourceType": "ServiceRequest",
        "id": "sr",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "occurrenceTiming": {"event": ["2026"]},
    }
    (left,) = sent(order)
    assert left["occurrenceTiming"] == {"event": ["2026"]}


def test_a_date_that_tells_an_age_over_89_stays() -> None:
    (left,) = sent(condition(onsetDateTime="1930-05-01", recordedDate="1936-01-01"))
    assert set(left) == {"resourceType", "clinicalStatus", "code", "subject"}


def test_a_bare_year_leaves_without_a_distance() -> None:
    (left,) = sent(condition(onsetDateTime="2026"))
    assert left["onsetDateTime"] == "2026"
    assert "_onsetDateTime" not in left


def test_an_absent_date_that_says_why_sorts_last() -> None:
    reason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    absent = {"extension": [{"url": reason, "valueCode": "unknown"}]}
    undated = observation(id="u", effectiveDateTime=None, _effectiveDateTime=absent)
    del undated["effectiveDateTime"]
    left = sent(undated, observation())
    assert left[1]["_effectiveDateTime"] == absent


def test_a_text_of_the_wrong_type_stays() -> None:
    (left,) = sent(condition(onsetString=7, abatementString=["a"], note=[{"text": ["a"]}]))
    assert "onsetString" not in left
    assert left["abatementString"] == ["a"]


def test_a_series_label_is_cleaned_and_one_of_the_wrong_type_stays() -> None:
    shot: Resource = {
        "resourceType": "Immunization",
        "id": "i",
        "status": "completed",
        "vaccineCode": {"text": "influenza"},
        "patient": {"reference": "Patient/pt-9c27e1"},
        "protocolApplied": [{"series": "yearly, Marrowby"}, {"series": 7}],
    }
    (left,) = sent(shot)
    assert left["protocolApplied"] == [{"series": "yearly, [patient]"}]


def test_a_resource_without_an_id_leaves_too() -> None:
    anonymous = observation()
    del anonymous["id"]
    assert len(sent(anonymous)) == 1


def test_people_named_in_one_text_or_not_at_all_are_recognized() -> None:
    one = {**PELL, "id": "one", "name": [{"text": "Orin Pellwright"}]}
    none = {**PELL, "id": "none", "name": [7]}
    made = observation(
        performer=[
            {"reference": "Practitioner/one"},
            {"reference": "Practitioner/none", "display": 7},
            {"reference": "#nobody"},
            "text",
        ],
        note=[{"text": "Dr. Pellwright agrees"}],
    )
    (left,) = sent(made, identity_resources=(one, none))
    tokens = [each["display"] for each in left["performer"]]
    assert len(set(tokens)) == 2
    assert tokens[0] in left["note"][0]["text"]


def test_a_person_named_only_in_a_contained_resource_is_known() -> None:
    made = observation(
        contained=[{**PELL, "id": "doc"}],
        performer=[{"reference": "#doc"}],
        valueBoolean=1,
        note=[{"text": "as Dr. Pellwright said; PELLWRIGHT agrees"}],
    )
    (left,) = sent(made)
    assert left["performer"] == [{"display": "[clinician 1]"}]
    assert left["note"] == [{"text": "as Dr. [clinician 1] said; [clinician 1] agrees"}]


def test_true_and_false_leave() -> None:
    (left,) = sent(observation(valueBoolean=False))
    assert left["valueBoolean"] is False


def test_a_text_that_repeats_a_cleaned_label_stays() -> None:
    coded = {"system": "http://snomed.info/sct", "code": "1912002", "display": "fall at Marrowby"}
    (left,) = sent(condition(code={"coding": [coded], "text": "fall at Marrowby"}))
    assert left["code"] == {"coding": [{**coded, "display": "fall at [patient]"}]}


def test_a_resource_that_fhir_would_not_know_is_refused() -> None:
    order: Resource = {
        "resourceType": "MedicationRequest",
        "id": "m",
        "status": "active",
        "medicationCodeableConcept": {"text": "potassium"},
        "subject": {"reference": "Patient/pt-9c27e1"},
    }
    assert refused(order) == ("MedicationRequest.intent: missing",)


def test_series_of_an_imaging_study_are_numbered_instead_of_identified() -> None:
    modality = {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}
    study: Resource = {
        "resourceType": "ImagingStudy",
        "id": "s",
        "status": "available",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "series": [
            {"uid": "1.2.840.40417731", "modality": modality, "instance": [{"uid": "1.2.3"}]},
            {"uid": "1.2.840.40417732"},
            {"uid": "1.2.840.40417733", "modality": modality},
        ],
    }
    (left,) = sent(study)
    assert [each["uid"] for each in left["series"]] == ["part1", "part3"]
    assert "instance" not in left["series"][0]
    (odd,) = sent({**study, "series": study["series"][0]})
    assert odd["series"]["uid"] == "part1"
