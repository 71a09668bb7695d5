"""A snapshot in words: lists, series, timeline; whatever shape the chart was in."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.domain.codes_in_words import quantity_words
from consult.domain.relative_time import from_duration, when_of
from consult.domain.snapshot_reading import read_clinical
from exchange import names
from tests.support import wire


def snapshot(*resources: dict[str, Any]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    entries = []
    for resource in resources:
        kind = resource["resourceType"]
        counts[kind] = counts.get(kind, 0) + 1
        entries.append({"fullUrl": wire.url(kind, counts[kind]), "resource": resource})
    return {"resourceType": "Bundle", "type": "document", "entry": entries}


def observation(value: str, minutes: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "code": {"text": "Potassium", "coding": [{"system": names.LOINC, "code": "2823-3"}]},
        "_effectiveDateTime": wire.ago(minutes, "minute"),
        "valueQuantity": {"value": Decimal(value), "unit": "mmol/L"},
        **more,
    }


def test_values_of_one_measurement_become_a_series_oldest_first() -> None:
    ranged = {
        "referenceRange": [{"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("5.1")}}]
    }
    clinical = read_clinical(
        [snapshot(observation("6.10", "-84", **ranged), observation("4.8", "-72000"))]
    )
    (series,) = clinical.results
    assert [point.text for point in series.points] == ["4.8", "6.10"]
    assert (series.latest.text, series.flag) == ("6.10", "High")
    assert series.reference == "3.5\N{EN DASH}5.1"
    assert series.latest.when.words == "84 min before"
    assert (clinical.result_count, clinical.newest_result) == (2, "84 min before")


def test_units_are_never_mixed_in_one_series() -> None:
    other = observation("43", "-60", valueQuantity={"value": 43, "unit": "mg/dL"})
    clinical = read_clinical([snapshot(observation("4.8", "-10"), other)])
    assert {series.unit for series in clinical.results} == {"mmol/L", "mg/dL"}


def test_a_value_with_a_comparator_stays_words() -> None:
    below = observation(
        "0", "-10", valueQuantity={"value": Decimal("0.03"), "comparator": "<", "unit": "ng/mL"}
    )
    clinical = read_clinical([snapshot(below)])
    assert clinical.results == ()
    assert clinical.other_results[0].text == "Potassium: < 0.03 ng/mL"


def test_the_laboratory_flag_wins_over_our_arithmetic() -> None:
    flagged = observation("6.9", "-10", interpretation=[{"coding": [{"code": "HH"}]}])
    assert read_clinical([snapshot(flagged)]).results[0].flag == "Critical high"


def test_blood_pressure_becomes_two_vital_series() -> None:
    pressure = {
        "resourceType": "Observation",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"text": "Blood pressure"},
        "_effectiveDateTime": wire.ago("-12", "minute"),
        "component": [
            {"code": {"text": "Systolic"}, "valueQuantity": {"value": 118, "unit": "mmHg"}},
            {"code": {"text": "Diastolic"}, "valueQuantity": {"value": 66, "unit": "mmHg"}},
        ],
    }
    clinical = read_clinical([snapshot(pressure)])
    assert [series.name for series in clinical.vitals] == ["Diastolic", "Systolic"]
    assert clinical.results == ()


def test_the_subject_is_a_person_of_an_age_from_a_state() -> None:
    age = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": names.LOINC, "code": names.LOINC_AGE}]},
        "valueQuantity": {"value": 90, "comparator": ">=", "unit": "years", "code": "a"},
    }
    patient = {"resourceType": "Patient", "gender": "female", "address": [{"state": "OR"}]}
    assert read_clinical([snapshot(patient, age)]).subject == "Woman, 90 or older, OR"
    assert read_clinical([snapshot(patient, age)]).result_count == 0


def test_a_child_is_called_one() -> None:
    age = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": names.LOINC, "code": names.LOINC_AGE}]},
        "valueQuantity": {"value": 14, "unit": "months", "code": "mo"},
    }
    boy = {"resourceType": "Patient", "gender": "male"}
    assert read_clinical([snapshot(boy, age)]).subject == "Boy, 14 months"


def test_what_was_stopped_or_resolved_is_struck_and_last() -> None:
    def medication(name: str, status: str) -> dict[str, Any]:
        return {
            "resourceType": "MedicationRequest",
            "status": status,
            "medicationCodeableConcept": {"text": name},
            "dosageInstruction": [{"text": "25 mg daily"}],
        }

    clinical = read_clinical(
        [snapshot(medication("Spironolactone", "stopped"), medication("Furosemide", "active"))]
    )
    assert [(line.text, line.struck, line.ended) for line in clinical.medications] == [
        ("Furosemide 25 mg daily", False, ""),
        ("Spironolactone 25 mg daily", True, "stopped"),
    ]


def test_a_dose_that_was_given_once_does_not_look_stopped() -> None:
    once = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": {"text": "Furosemide"},
        "dosage": {"dose": {"value": Decimal(80), "unit": "mg"}},
    }
    never = {**once, "status": "not-done"}
    lines = read_clinical([snapshot(once, never)]).medications
    assert [(line.text, line.done, line.ended) for line in lines] == [
        ("Furosemide 80 mg", "given", ""),
        ("Furosemide 80 mg", "", "not given"),
    ]


@pytest.mark.parametrize(
    ("status", "told"),
    [("on-hold", "on hold"), ("draft", "draft"), ("intended", "planned"),
     ("unknown", "status not known")],
)  # fmt: skip
def test_a_drug_that_is_not_surely_in_force_says_so(status: str, told: str) -> None:
    drug = {
        "resourceType": "MedicationStatement",
        "status": status,
        "medicationCodeableConcept": {"text": "Furosemide"},
    }
    (line,) = read_clinical([snapshot(drug)]).medications
    assert (line.text, line.done, line.struck) == ("Furosemide", told, False)


def test_an_order_not_to_give_a_drug_never_looks_like_the_drug() -> None:
    order = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "doNotPerform": True,
        "medicationCodeableConcept": {"text": "Warfarin"},
    }
    (line,) = read_clinical([snapshot(order)]).medications
    assert (line.text, line.struck) == ("Warfarin (not to be given)", True)


def test_a_refuted_allergy_is_never_shown_as_one_the_patient_has() -> None:
    refuted = {
        "resourceType": "AllergyIntolerance",
        "code": {"text": "Penicillin"},
        "verificationStatus": {"coding": [{"code": "refuted"}]},
    }
    (line,) = read_clinical([snapshot(refuted)]).allergies
    assert (line.text, line.ended) == ("Penicillin (refuted)", "refuted")


def test_a_problem_that_abated_is_over_where_no_status_says_otherwise() -> None:
    gone = {
        "resourceType": "Condition",
        "code": {"text": "Pneumonia"},
        "abatementString": "2 years before",
    }
    active = {**gone, "clinicalStatus": {"coding": [{"code": "active"}]}}
    lines = read_clinical([snapshot(gone, active)]).problems
    assert [(line.ended, line.struck) for line in lines] == [("", False), ("resolved", True)]


@pytest.mark.parametrize(
    ("unit", "printed"), [("Cel", "36.7 °C"), ("ug", "36.7 mcg"), ("mmol/L", "36.7 mmol/L")]
)
def test_units_are_written_as_on_a_ward(unit: str, printed: str) -> None:
    assert quantity_words({"value": Decimal("36.7"), "code": unit}) == printed


def test_a_refuted_problem_is_never_shown_as_one_the_patient_has() -> None:
    refuted = {
        "resourceType": "Condition",
        "code": {"text": "Pulmonary embolism"},
        "verificationStatus": {"coding": [{"code": "refuted"}]},
    }
    (line,) = read_clinical([snapshot(refuted)]).problems
    assert (line.text, line.struck) == ("Pulmonary embolism (refuted)", True)


def test_notes_and_reports_are_read_and_other_files_are_not() -> None:
    def attached(kind: str, text: str) -> dict[str, Any]:
        return {"contentType": kind, "data": base64.b64encode(text.encode()).decode()}

    note = {
        "resourceType": "DocumentReference",
        "type": {"text": "ED note"},
        "content": [{"attachment": attached("text/plain", "Seen in the ED.")}],
    }
    picture = {
        "resourceType": "DocumentReference",
        "content": [{"attachment": attached("image/png", "x")}],
    }
    report = {
        "resourceType": "DiagnosticReport",
        "code": {"text": "ECG"},
        "conclusion": "Peaked T waves",
    }
    clinical = read_clinical([snapshot(note, picture, report)])
    assert [(document.title, document.text) for document in clinical.documents] == [
        ("ED note", "Seen in the ED."),
        ("ECG", "Peaked T waves"),
    ]
    assert (clinical.note_count, clinical.document_count) == (1, 1)


def test_the_timeline_runs_towards_the_question() -> None:
    def seen(name: str, minutes: str) -> dict[str, Any]:
        return {
            "resourceType": "Procedure",
            "code": {"text": name},
            "_performedDateTime": wire.ago(minutes, "minute"),
        }

    undated = {"resourceType": "Procedure", "code": {"text": "Some time"}}
    clinical = read_clinical([snapshot(seen("ECG", "-190"), seen("Intubation", "-900"), undated)])
    assert [line.text for line in clinical.timeline] == ["Intubation", "ECG"]


@pytest.mark.parametrize(
    ("value", "unit", "words", "short"),
    [
        (0, "min", "at the question", "0 min"),
        (-45, "min", "45 min before", "45 min"),
        (45, "min", "45 min after", "+45 min"),
        (-89, "min", "89 min before", "89 min"),
        (-90, "min", "90 min before", "1.5 h"),
        (-210, "min", "3.5 h before", "3.5 h"),
        (-1, "d", "1 day before", "1 d"),
        (-50, "d", "50 days before", "50 d"),
        (0, "d", "same day", "0 d"),
        (-28, "a", "28 years before", "28 y"),
    ],
)
def test_distances_in_words(value: int, unit: str, words: str, short: str) -> None:
    when = from_duration(value, unit)
    assert when is not None
    assert (when.words, when.short) == (words, short)


def test_a_distance_that_cannot_be_read_is_none() -> None:
    assert from_duration("3", "min") is None
    assert from_duration(True, "min") is None
    assert from_duration(3, "fortnight") is None
    assert not when_of({"_onsetDateTime": {"extension": [{"url": "x"}]}}, "onsetDateTime").is_known


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "coding",
                    "text",
                    "valueQuantity",
                    "value",
                    "component",
                    "content",
                    "attachment",
                    "status",
                    "dosageInstruction",
                    "reaction",
                    "manifestation",
                    "period",
                    "_start",
                    "extension",
                    "category",
                    "referenceRange",
                    "interpretation",
                    "address",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "Observation",
                    "Condition",
                    "MedicationRequest",
                    "AllergyIntolerance",
                    "DocumentReference",
                    "DiagnosticReport",
                    "Encounter",
                    "FamilyMemberHistory",
                    "Patient",
                ]
            ),
            st.dictionaries(
                st.sampled_from(
                    [
                        "code",
                        "valueQuantity",
                        "component",
                        "content",
                        "presentedForm",
                        "reaction",
                        "dosageInstruction",
                        "address",
                        "type",
                        "class",
                        "category",
                        "condition",
                        "clinicalStatus",
                        "referenceRange",
                        "interpretation",
                    ]
                ),
                _json,
                max_size=5,
            ),
        ),
        max_size=4,
    )
)
def test_no_shape_of_an_element_breaks_the_page(
    resources: list[tuple[str, dict[str, Any]]],
) -> None:
    read_clinical([snapshot(*({**body, "resourceType": kind} for kind, body in resources))])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("2024-09-17T14:30:00-05:00", "2024-09-17 14:30"),
        ("2024-09-17", "2024-09-17"),
        ("2024-09", "2024-09"),
        ("2024", ""),
        ("2024-02-31", ""),
        ("soon", ""),
        (7, ""),
    ],
)
def test_a_shifted_date_reads_as_it_is(told: object, words: str) -> None:
    assert when_of({"effectiveDateTime": told}, "effectiveDateTime").words == words


def test_shifted_dates_sort_oldest_first() -> None:
    told = ["2024-09-17T14:30:00Z", "2024-09-17T02:30:00Z", "2024-09", "2023-12-31"]
    orders = [
        when_of({"effectivePeriod": {"start": each}}, "effectivePeriod.start") for each in told
    ]
    assert [each.order for each in orders] == sorted((each.order for each in orders), reverse=True)
