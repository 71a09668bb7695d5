"""What a resource can be found by."""

from decimal import Decimal
from typing import Any

from fhir_server.search import index
from fhir_server.store.index_entry import IndexEntry

BASE = "http://fhir.test/fhir"


def _rows(resource: dict[str, Any], name: str) -> list[IndexEntry]:
    key = f"{resource['resourceType']}.{name}"
    return [entry for entry in index.entries_of(resource, BASE) if entry.param == key]


def test_codings_codes_booleans_and_identifiers_become_tokens() -> None:
    task = {
        "resourceType": "Task",
        "status": "requested",
        "identifier": [{"system": "s", "value": "1"}, {"value": "2"}],
        "businessStatus": {"coding": [{"system": "b", "code": "x"}, {"code": "y"}], "text": "z"},
    }
    assert _rows(task, "status") == [
        IndexEntry("Task.status", system="http://hl7.org/fhir/task-status", value="requested")
    ]
    assert _rows(task, "identifier") == [
        IndexEntry("Task.identifier", system="s", value="1"),
        IndexEntry("Task.identifier", value="2"),
    ]
    assert _rows(task, "business-status") == [
        IndexEntry("Task.business-status", system="b", value="x"),
        IndexEntry("Task.business-status", value="y"),
    ]
    patient = {"resourceType": "Patient", "active": True}
    assert _rows(patient, "active") == [IndexEntry("Patient.active", value="true")]


def test_contact_points_are_told_apart_by_their_system() -> None:
    patient = {
        "resourceType": "Patient",
        "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b.test"}],
    }
    assert [entry.value for entry in _rows(patient, "phone")] == ["1"]
    assert [entry.value for entry in _rows(patient, "email")] == ["a@b.test"]
    assert [entry.value for entry in _rows(patient, "telecom")] == ["1", "a@b.test"]


def test_names_are_compared_without_case_and_accents() -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "Müller-Åse", "given": ["JOSÉ"]}]}
    assert [entry.value for entry in _rows(patient, "name")] == ["muller-ase", "jose"]
    assert [entry.exact for entry in _rows(patient, "given")] == ["JOSÉ"]


def test_deceased_is_true_for_a_date_and_false_without_any() -> None:
    assert _rows({"resourceType": "Patient"}, "deceased")[0].value == "false"
    assert _rows({"resourceType": "Patient", "deceasedBoolean": False}, "deceased")[0].value == (
        "false"
    )
    assert _rows({"resourceType": "Patient", "deceasedDateTime": "2020"}, "deceased")[0].value == (
        "true"
    )


def test_references_give_type_and_id_and_the_identifier_a_row_of_its_own() -> None:
    task = {
        "resourceType": "Task",
        "requester": {"identifier": {"system": "m", "value": "7"}},
        "focus": {"reference": f"{BASE}/ServiceRequest/1"},
        "owner": {"reference": "https://o.test/fhir/Practitioner/2"},
    }
    assert _rows(task, "requester") == []
    assert _rows(task, "requester:identifier") == [
        IndexEntry("Task.requester:identifier", system="m", value="7")
    ]
    assert _rows(task, "focus") == [IndexEntry("Task.focus", system="ServiceRequest", value="1")]
    assert _rows(task, "owner") == [
        IndexEntry("Task.owner", system="", value="https://o.test/fhir/Practitioner/2")
    ]


def test_patient_is_filled_from_a_patient_subject_only() -> None:
    def of(reference: str) -> list[IndexEntry]:
        condition = {"resourceType": "Condition", "subject": {"reference": reference}}
        return _rows(condition, "patient")

    assert [entry.value for entry in of("Patient/1")] == ["1"]
    assert of("Group/1") == []
    assert of("urn:uuid:1") == []
    assert of("https://o.test/Group/1") == []
    assert len(of("https://o.test/Patient/1")) == 1


def test_periods_may_be_open_and_timings_count_each_event() -> None:
    encounter = {"resourceType": "Encounter", "period": {"start": "2026"}}
    (row,) = _rows(encounter, "date")
    assert row.low is not None
    assert row.high is not None
    assert row.high > row.low + 10**15
    request = {
        "resourceType": "MedicationRequest",
        "dosageInstruction": [{"timing": {"event": ["2026-01-01", "2026-01-02"]}}],
    }
    assert len(_rows(request, "date")) == 2


def test_quantities_keep_number_and_unit() -> None:
    observation = {
        "resourceType": "Observation",
        "valueQuantity": {"value": Decimal("1.50"), "unit": "mg", "system": "u", "code": "mg"},
    }
    assert _rows(observation, "value-quantity") == [
        IndexEntry("Observation.value-quantity", system="u", value="mg", exact="mg", number=1.5)
    ]


def test_what_no_index_can_hold_is_left_out_and_not_cut() -> None:
    task = {"resourceType": "Task", "identifier": [{"value": "x" * 600}, {"value": "a\x00b"}]}
    assert _rows(task, "identifier") == []


def test_an_unknown_type_has_no_rows() -> None:
    assert index.entries_of({"resourceType": "Nonsense"}, BASE) == []


def test_entries_never_show_a_value() -> None:
    assert "Quillfeather" not in repr(
        index.entries_of({"resourceType": "Patient", "name": [{"family": "Quillfeather"}]}, BASE)
    )
