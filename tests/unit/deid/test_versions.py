"""Content of another FHIR version is refused by name before a rule is misapplied to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from deid.errors import ContentUnusable
from deid.structured.version import require_r4
from tests.support import deid_cases

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "versions"


def resources(name: str) -> list[dict[str, Any]]:
    value = json.loads((FIXTURES / name).read_text(encoding="utf-8-sig"))
    return [entry["resource"] for entry in value["entry"]] if "entry" in value else [value]


@pytest.mark.parametrize(
    ("file", "version"), [("dstu2.json", "DSTU2"), ("stu3.json", "STU3"), ("r5.json", "R5")]
)
def test_a_chart_of_another_version_is_refused_by_name(file: str, version: str) -> None:
    with pytest.raises(ContentUnusable) as refused:
        require_r4(resources(file))
    assert version in str(refused.value)
    assert refused.value.kind == "invalid"


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "MedicationOrder"}, "DSTU2"),
        ({"resourceType": "DeviceUsage"}, "R5"),
        ({"resourceType": "Patient", "name": [{"family": ["Bili"]}]}, "DSTU2"),
        ({"resourceType": "Observation", "category": {"text": "lab"}}, "DSTU2"),
        ({"resourceType": "Condition", "clinicalStatus": "active"}, "DSTU2"),
        ({"resourceType": "Condition", "verificationStatus": "confirmed"}, "DSTU2"),
        ({"resourceType": "Encounter", "class": "inpatient"}, "DSTU2"),
        ({"resourceType": "Encounter", "reason": [{"text": "fall"}]}, "STU3"),
        ({"resourceType": "Encounter", "reason": [{"value": [], "use": []}]}, "R5"),
        ({"resourceType": "Encounter", "class": [{"text": "inpatient"}]}, "R5"),
        ({"resourceType": "Procedure", "reason": [{"concept": {"text": "x"}}]}, "R5"),
        ({"resourceType": "CarePlan", "addresses": [{"reference": {"reference": "C/1"}}]}, "R5"),
    ],
)
def test_a_telling_type_element_or_shape_is_enough(resource: dict[str, Any], version: str) -> None:
    with pytest.raises(ContentUnusable) as refused:
        require_r4([{"resourceType": "Patient"}, resource])
    assert version in str(refused.value)
    assert refused.value.position == 1


def test_no_chart_of_ours_is_taken_for_another_version() -> None:
    plan = {"resourceType": "CarePlan", "activity": [{"reference": {"reference": "Task/1"}}]}
    for _, chart in deid_cases.charts():
        require_r4([*chart, plan])
