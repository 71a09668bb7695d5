"""What is not FHIR R4 is refused with its FHIRPath, and without its value."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.errors import ResourceInvalid
from fhir_server.structure.check import check

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


def _refusal(resource: Any, resource_type: str = "Task") -> list[tuple[str, str | None]]:
    with pytest.raises(ResourceInvalid) as caught:
        check(resource, resource_type=resource_type)
    return [(issue.code, issue.expression) for issue in caught.value.issues]


def test_a_valid_resource_passes_with_its_decimals_and_extensions() -> None:
    check(
        TASK
        | {
            "input": [{"type": {"text": "a"}, "valueDecimal": Decimal("1.50")}],
            "_description": {"extension": [{"url": "http://x.test/e", "valueCode": "y"}]},
        },
        resource_type="Task",
    )
    check(
        {
            "resourceType": "Patient",
            "name": [{"given": ["a", None], "_given": [None, {"id": "1"}]}],
        },
        resource_type="Patient",
    )


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"foo": 1}, "structure", "Task.foo"),
        (
            {"restriction": {"period": {"ende": "2026"}}},
            "structure",
            "Task.restriction.period.ende",
        ),
        ({"status": 77}, "value", "Task.status"),
        ({"status": "asked"}, "code-invalid", "Task.status"),
        ({"identifier": [{"use": "mine"}]}, "code-invalid", "Task.identifier[0].use"),
        ({"input": []}, "structure", "Task.input"),
        ({"input": {}}, "structure", "Task.input"),
        ({"description": None}, "value", "Task.description"),
        ({"description": ""}, "value", "Task.description"),
        ({"description": "a\x00b"}, "value", "Task.description"),
        ({"focus": {}}, "structure", "Task.focus"),
        ({"authoredOn": "2026-13-01"}, "value", "Task.authoredOn"),
        ({"restriction": {"repetitions": "3"}}, "value", "Task.restriction.repetitions"),
        ({"restriction": {"repetitions": True}}, "value", "Task.restriction.repetitions"),
        (
            {"input": [{"type": {"text": "a"}, "valueBoolean": "true"}]},
            "value",
            "Task.input[0].valueBoolean",
        ),
        (
            {"input": [{"type": {"text": "a"}, "valueDecimal": "1.5"}]},
            "value",
            "Task.input[0].valueDecimal",
        ),
        ({"input": [{"type": {"text": "a"}}]}, "required", "Task.input[0]"),
        ({"input": [{"valueString": "a"}]}, "required", "Task.input[0].type"),
        (
            {"contained": [{"resourceType": "Patient", "gender": "x"}]},
            "code-invalid",
            "Task.contained[0].gender",
        ),
        ({"contained": [{"resourceType": "Nonsense"}]}, "structure", "Task.contained[0]"),
    ],
)
def test_each_fault_is_named_by_its_path(change: dict[str, Any], code: str, path: str) -> None:
    assert _refusal(TASK | change) == [(code, path)]


def test_a_missing_required_element_is_named() -> None:
    assert _refusal({"resourceType": "Task", "status": "requested"}) == [
        ("required", "Task.intent")
    ]


def test_codes_are_checked_inside_a_nested_bundle() -> None:
    nested = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Patient", "gender": "x"}}],
    }
    assert _refusal(nested, "Bundle") == [("code-invalid", "Bundle.entry[0].resource.gender")]


def test_another_type_than_expected_is_refused() -> None:
    assert _refusal({"resourceType": "Patient"}) == [("structure", "resourceType")]


def test_deep_nesting_is_refused_and_does_not_crash() -> None:
    extension: dict[str, Any] = {"url": "http://x.test/e"}
    for _ in range(400):
        extension = {"url": "http://x.test/e", "extension": [extension]}
    assert [code for code, _ in _refusal(TASK | {"extension": [extension]})] == ["too-long"]


def test_neither_a_value_nor_a_strange_name_is_repeated() -> None:
    with pytest.raises(ResourceInvalid) as caught:
        check(
            TASK | {"status": "Quillfeather", "Zoe Quillfeather!": 1, "authoredOn": "Quillfeather"},
            resource_type="Task",
        )
    assert "Quillfeather" not in repr(caught.value.issues) + str(caught.value)
