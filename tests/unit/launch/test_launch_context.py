"""The context of a launch: exact where it counts, forgiving where it does not."""

from typing import Any

import pytest

from launch import launch_context


def _read(**answer: Any) -> launch_context.LaunchContext:
    return launch_context.from_token_answer(answer)


@pytest.mark.parametrize(
    "value", ["p-1", "eSbGv.AnZ3", "a" * 70, "9c9bb5c1-2ed1-4a41-b0a8-a7e4d9a0c1f0", "A_b~c"]
)
def test_real_ids_are_taken(value: str) -> None:
    assert _read(patient=value, encounter=value).patient == value


@pytest.mark.parametrize(
    "value",
    [None, "", " ", 7, [], "a/b", "../x", "..", ".", "a?b", "a#b", "a%2Fb", "a b", "é", "x" * 256],
)
def test_what_cannot_be_one_path_segment_is_no_id(value: Any) -> None:
    assert _read(patient=value).patient is None


@pytest.mark.parametrize(
    ("value", "shown"), [(True, True), (False, False), (None, True), ("false", True), (0, True)]
)
def test_only_a_clear_no_hides_the_banner(value: Any, shown: bool) -> None:
    assert _read(need_patient_banner=value).need_patient_banner is shown


@pytest.mark.parametrize(
    ("value", "intent"),
    [("new-consult", "new_consult"), ("inbox", "inbox"), ("junk", "default"), (7, "default")],
)
def test_an_unknown_intent_is_the_default_view(value: Any, intent: str) -> None:
    assert _read(intent=value).intent == intent


def test_both_shapes_of_fhir_context_are_read() -> None:
    found = _read(
        fhirContext=[
            "ImagingStudy/123",
            {"reference": "DiagnosticReport/9", "role": "https://example.org/role"},
            {"canonical": "https://example.org/Questionnaire/1|2"},
            {"identifier": {"system": "urn:x", "value": "7"}, "type": "ServiceRequest"},
            {"type": "Patient"},
            {"reference": 7, "identifier": "x"},
            " ",
            7,
        ]
    ).fhir_context
    assert [item.reference for item in found] == [
        "ImagingStudy/123",
        "DiagnosticReport/9",
        None,
        None,
    ]
    assert [item.role for item in found] == [
        "launch",
        "https://example.org/role",
        "launch",
        "launch",
    ]
    assert found[2].canonical == "https://example.org/Questionnaire/1|2"
    assert found[3].resource_type == "ServiceRequest"


def test_a_fhir_context_that_is_no_list_is_empty_and_a_long_one_is_cut() -> None:
    assert _read(fhirContext="x").fhir_context == ()
    assert len(_read(fhirContext=["A/1"] * 1000).fhir_context) == 50


def test_ids_are_not_printed() -> None:
    context = _read(patient="p-1", encounter="e-1", fhirContext=["Patient/p-1"])
    assert "p-1" not in repr(context)
    assert "e-1" not in repr(context)


@pytest.mark.parametrize(
    ("value", "kept"), [("opaque", "opaque"), ("x" * 2049, None), (7, None), ("", None)]
)
def test_what_a_card_sent_along_is_short_text_or_nothing(value: Any, kept: str | None) -> None:
    assert _read(appContext=value).app_context == kept


def test_the_messaging_address_is_a_plain_origin_or_there_is_none() -> None:
    both = {"smart_web_messaging_handle": "h", "smart_web_messaging_origin": "https://ehr.example"}
    assert _read(**both).messaging_origin == "https://ehr.example"
    for origin in ("*", "javascript:alert(1)", "https://a@ehr.example", None):
        found = _read(**{**both, "smart_web_messaging_origin": origin})
        assert (found.messaging_handle, found.messaging_origin) == (None, None)


def test_what_smart_adds_later_is_passed_over() -> None:
    assert _read(patient="p-1", authorization_details=[{"type": "x"}]).patient == "p-1"
