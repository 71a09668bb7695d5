"""What a hook call and its feedback are read into, and what a card may say."""

from typing import Any

import pytest

from launch.cds_hooks import prefetch
from launch.cds_hooks.cards import Card, SmartLink
from launch.cds_hooks.errors import CardInvalid, HookRequestInvalid
from launch.cds_hooks.request_schema import read_call, read_feedback
from runtime import json_text
from tests.support.cds_caller import hook_call

PATIENT = {"resourceType": "Patient", "id": "p-1"}


def _read(**changes: Any) -> Any:
    return read_call(json_text.dumps(hook_call(PATIENT, **changes)), hook="patient-view")


def test_a_call_without_token_and_prefetch_is_a_call() -> None:
    asked = _read(fhirServer=None, prefetch=None)
    assert (asked.fhir_server, asked.authorization, asked.prefetch) == (None, None, {})
    assert asked.context.patient_id == "p-1"


def test_members_of_later_versions_and_of_vendors_are_passed_over() -> None:
    asked = _read(
        extension={"com.vendor": {"a": 1}},
        hookVersion="2.0",
        fhirAuthorization={
            "access_token": "t",
            "token_type": "Bearer",
            "expires_in": "300",
            "scope": "patient/Patient.rs?x=y",
            "subject": "client",
            "patient": "p-1",
        },
    )
    assert asked.authorization.access_token == "t"
    assert "access_token='t'" not in repr(asked)
    assert "p-1" not in repr(asked)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("p-1", "p-1"),
        ("Patient/p-1", "p-1"),
        ("https://ehr.example/fhir/Patient/p-1", "p-1"),
        ("e" * 70 + ".A-1~x", "e" * 70 + ".A-1~x"),
    ],
)
def test_a_patient_is_named_in_the_ways_ehrs_write_it(written: str, read: str) -> None:
    assert _read(context={"patientId": written}).context.patient_id == read


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hook": "order-sign"}, "hook"),
        ({"hookInstance": "not-a-uuid"}, "hookInstance"),
        ({"hookInstance": None}, "hookInstance"),
        ({"context": []}, "context"),
        ({"context": {}}, "context.patientId"),
        ({"context": {"patientId": "../Patient"}}, "context.patientId"),
        ({"context": {"patientId": ".."}}, "context.patientId"),
        ({"context": {"patientId": "Group/p-1"}}, "context.patientId"),
        ({"context": {"patientId": "p-1?x=y"}}, "context.patientId"),
        ({"fhirServer": None, "fhirAuthorization": {"access_token": "t"}}, "fhirServer"),
        ({"fhirAuthorization": {"token_type": "Bearer"}}, "fhirAuthorization"),
        ({"prefetch": []}, "prefetch"),
    ],
)
def test_what_is_no_call_is_refused_by_the_name_of_a_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(HookRequestInvalid) as refused:
        _read(**changes)
    assert refused.value.reason == field


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"[" * 99 + b"]" * 99])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(HookRequestInvalid):
        read_call(body, hook="patient-view")


def test_a_token_of_another_type_is_not_used() -> None:
    granted = {"access_token": "t", "token_type": "DPoP"}
    assert _read(fhirAuthorization=granted).authorization is None


BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}]}


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        ({"patient": PATIENT}, True),
        ({"patient": BUNDLE}, True),
        ({}, False),
        ({"patient": None}, False),
        ({"patient": "Patient/p-1"}, False),
        ({"patient": {"resourceType": "OperationOutcome"}}, False),
        ({"patient": {**PATIENT, "id": "p-2"}}, False),
        ({"patient": {**BUNDLE, "link": [{"relation": "next", "url": "x"}]}}, False),
        ({"patient": {"resourceType": "Bundle", "entry": BUNDLE["entry"] * 2}}, False),
        ({"patient": {"resourceType": "Bundle"}}, False),
        ({"patient": {"resourceType": "Bundle", "entry": [None]}}, False),
    ],
)
def test_only_a_whole_resource_of_this_patient_counts_as_sent(sent: Any, counts: bool) -> None:
    found = prefetch.resource_of(sent, "patient", resource_type="Patient", logical_id="p-1")
    assert (found == PATIENT) is counts
    assert (found is None) is not counts


def test_feedback_is_read_without_what_a_person_typed() -> None:
    said = {
        "card": "4e0a3a1e-3ebd-4575-ae68-028d2d84d505",
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": "later"}, "userComment": "Mrs. Quibblethorn"},
        "outcomeTimestamp": "2026-11-24T10:00:00Z",
    }
    taken = {**said, "outcome": "accepted", "acceptedSuggestions": [{"id": "s"}]}
    del taken["overrideReason"]
    body = json_text.dumps({"feedback": [said, taken]})
    assert [(v.outcome, v.reason) for v in read_feedback(body)] == [
        ("overridden", "later"),
        ("accepted", ""),
    ]
    assert "Quibblethorn" not in repr(read_feedback(body))
    for wrong in ({"outcome": "liked"}, {"card": "x"}, {"outcomeTimestamp": "yesterday"}):
        with pytest.raises(HookRequestInvalid):
            read_feedback(json_text.dumps({"feedback": [{**said, **wrong}]}))
    for many in ([], [said] * 101):
        with pytest.raises(HookRequestInvalid):
            read_feedback(json_text.dumps({"feedback": many}))


def test_a_card_has_no_empty_member_and_a_short_summary() -> None:
    plain = Card(summary="Short", indicator="info").to_json(source="Confer", source_url="https://g")
    assert sorted(plain) == ["indicator", "source", "summary", "uuid"]
    link = SmartLink(label="Open", url="https://g/launch")
    assert link.to_json() == {"label": "Open", "url": "https://g/launch", "type": "smart"}
    Card(summary="x" * 139, indicator="info")
    for wrong in ("", "x" * 140, "two\nlines"):
        with pytest.raises(CardInvalid):
            Card(summary=wrong, indicator="info")
