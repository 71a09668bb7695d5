"""Whose chart a resource is in, and whom it names."""

from typing import Any

import pytest

from sandbox import compartment

BASE = "http://localhost:8400/fhir"


@pytest.mark.parametrize(
    ("resource", "home"),
    [
        ({"resourceType": "Patient", "id": "p1"}, "p1"),
        ({"resourceType": "Observation", "subject": {"reference": "Patient/p1"}}, "p1"),
        ({"resourceType": "Observation", "subject": {"reference": f"{BASE}/Patient/p1"}}, "p1"),
        ({"resourceType": "Condition", "subject": {"reference": "Patient/p1/_history/3"}}, "p1"),
        ({"resourceType": "Immunization", "patient": {"reference": "Patient/p1"}}, "p1"),
        ({"resourceType": "Task", "for": {"reference": "Patient/p1"}}, "p1"),
        ({"resourceType": "Provenance", "target": [{"reference": "Patient/p1"}]}, "p1"),
        ({"resourceType": "Binary", "securityContext": {"reference": "Patient/p1"}}, "p1"),
        ({"resourceType": "Practitioner"}, compartment.SHARED),
        ({"resourceType": "Patient"}, compartment.NOBODY),
        ({"resourceType": "Observation"}, compartment.NOBODY),
        ({"resourceType": "Observation", "subject": {"display": "x"}}, compartment.NOBODY),
        ({"resourceType": "Observation", "subject": {"reference": "Group/g"}}, compartment.NOBODY),
        ({"resourceType": "Observation", "subject": {"reference": "Patient/"}}, compartment.NOBODY),
        (
            {
                "resourceType": "Observation",
                "subject": {"reference": "https://o.example/Patient/p1"},
            },
            compartment.NOBODY,
        ),
        ({"resourceType": "Binary"}, compartment.NOBODY),
    ],
)
def test_a_resource_is_in_one_chart_or_in_none(resource: dict[str, Any], home: str) -> None:
    assert compartment.compartment_of(resource, BASE) == home


def test_every_patient_that_is_pointed_at_is_found_however_deep() -> None:
    resource = {
        "resourceType": "DocumentReference",
        "subject": {"reference": "Patient/a"},
        "author": [{"reference": f"{BASE}/Patient/b"}],
        "contained": [{"resourceType": "List", "entry": [{"item": {"reference": "Patient/c"}}]}],
        "extension": [{"url": "x", "valueReference": {"reference": "Patient/d/_history/1"}}],
    }

    assert compartment.patients_named(resource, BASE) == {"a", "b", "c", "d"}


def test_references_into_this_server_are_told_from_others() -> None:
    resource = {
        "context": {"encounter": [{"reference": "Encounter/e"}, {"reference": "#inside"}]},
        "author": [{"reference": "https://o.example/Practitioner/x"}, {"reference": "urn:uuid:1"}],
    }

    assert compartment.local_references(resource, BASE) == {("Encounter", "e")}
