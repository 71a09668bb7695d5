"""Odd shapes and odd types in a structured walk."""

from tests.support.deid_cases import condition, observation
from tests.support.structured_cases import PELL, Resource, refused, sent


def test_a_huge_number_stays() -> None:
    (left,) = sent(observation(valueQuantity={"value": 10**40, "unit": "x"}))
    assert "valueQuantity" not in left


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
