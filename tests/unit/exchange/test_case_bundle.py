"""The case bundle: what is built, what is refused, and that nothing else fits in."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from exchange import case_bundle, checks, names, sealing
from exchange.errors import NotSealed, OrderInvalid
from exchange.sealing import ReceiptExpectation
from runtime import json_text
from tests.support import wire

Bundle = dict[str, Any]


@pytest.fixture
def bundle() -> Bundle:
    built = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    parsed: Bundle = json_text.loads(built.body)
    return parsed


def expectation(bundle: Bundle, **changes: Any) -> ReceiptExpectation:
    case = case_bundle.read_case(bundle)
    facts: dict[str, Any] = {
        "issuer": wire.CLIENT,
        "case_id": case.case_id,
        "submission": case.submission,
        "prepared_by": case.requester_member,
        "covers": case_bundle.covered(bundle, case),
        "policies": {("safe-harbor", "1")},
        "now": wire.ASKED + timedelta(minutes=1),
        **changes,
    }
    return ReceiptExpectation(**facts)


def receipt_rules(bundle: Bundle, **changes: Any) -> list[str]:
    token = case_bundle.read_case(bundle).receipt_token
    assert token is not None
    claims = wire.PlainVerifier().verify(token, names.RECEIPT_TYP)
    issues = sealing.check_receipt(claims, expectation(bundle, **changes), at="Provenance")
    return [issue.rule for issue in issues]


def test_a_built_case_keeps_the_contract(bundle: Bundle) -> None:
    assert checks.check_case(bundle) == ()
    assert [e["resource"]["resourceType"] for e in bundle["entry"]] == list(case_bundle.ENTRY_TYPES)


def test_the_same_case_gives_the_same_bytes() -> None:
    first = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    again = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    assert first.body == again.body
    assert first.sha256 == again.sha256


def test_decimals_leave_as_they_were_written(bundle: Bundle) -> None:
    assert b'"value":5.90,' in json_text.dumps(bundle)


def test_anything_but_a_sealed_case_is_refused() -> None:
    look_alike: Any = type("Look", (), {"case_id": wire.CASE, "texts": {"question": "?"}})()
    with pytest.raises(NotSealed):
        case_bundle.build_case(look_alike, wire.order(), wire.PlainSigner())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("specialty", "123"),
        ("question_type", "gossip"),
        ("urgency", "stat"),
        ("requester_member", "Jane Doe"),
        ("case_id", "case-1"),
        ("submission_n", 0),
        ("due", wire.ASKED),
    ],
)
def test_an_order_outside_the_code_lists_is_refused(field: str, value: object) -> None:
    with pytest.raises(OrderInvalid):
        case_bundle.build_case(wire.sealed(), wire.order(**{field: value}), wire.PlainSigner())


def test_a_case_is_read_back_as_it_was_asked(bundle: Bundle) -> None:
    case = case_bundle.read_case(bundle)
    assert (case.case_id, case.specialty, case.urgency) == (wire.CASE, "394579002", "urgent")
    assert case.question.startswith("Would you stop")
    assert "[patient] is stable" in case.thinking
    assert case.submission == f"{wire.CASE}.submit.1"


def entry(bundle: Bundle, kind: str) -> Bundle:
    found: Bundle = next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind
    )
    return found


def _name(bundle: Bundle) -> None:
    entry(bundle, "Patient")["name"] = [{"family": "Canary"}]


def _reason_text(bundle: Bundle) -> None:
    entry(bundle, "ServiceRequest")["reasonCode"] = [{"text": "Canary"}]


def _code_text(bundle: Bundle) -> None:
    entry(bundle, "ServiceRequest")["code"]["text"] = "Canary"


def _display(bundle: Bundle) -> None:
    entry(bundle, "ServiceRequest")["performerType"]["coding"][0]["display"] = "Canary"


def _sender_name(bundle: Bundle) -> None:
    entry(bundle, "Communication")["sender"]["display"] = "Canary"


def _exact_birth_date(bundle: Bundle) -> None:
    entry(bundle, "Patient")["birthDate"] = "1958-03-04"


def _nested_name(bundle: Bundle) -> None:
    entry(bundle, "Bundle")["entry"][1]["resource"]["name"] = [{"text": "Canary"}]


def _nested_identifier(bundle: Bundle) -> None:
    entry(bundle, "Bundle")["entry"][2]["resource"]["identifier"] = [{"value": "Canary"}]


def _nested_city(bundle: Bundle) -> None:
    entry(bundle, "Bundle")["entry"][1]["resource"]["address"][0]["city"] = "Canary"


def _nested_practitioner(bundle: Bundle) -> None:
    entry(bundle, "Bundle")["entry"][2]["resource"]["resourceType"] = "Practitioner"


def _foreign_reference(bundle: Bundle) -> None:
    subject = entry(bundle, "Bundle")["entry"][2]["resource"]["subject"]
    subject["reference"] = "https://ehr.example/Patient/Canary"


def _changed_result(bundle: Bundle) -> None:
    entry(bundle, "Bundle")["entry"][3]["resource"]["valueQuantity"]["value"] = 9


def _other_priority(bundle: Bundle) -> None:
    entry(bundle, "Task")["priority"] = "asap"


def _other_requester(bundle: Bundle) -> None:
    entry(bundle, "Task")["requester"]["identifier"]["value"] = "cr-999"


def _extra_element(bundle: Bundle) -> None:
    bundle["meta"] = {"tag": [{"display": "Canary"}]}


def _extension(bundle: Bundle) -> None:
    entry(bundle, "Task")["extension"] = [{"url": "http://x", "valueString": "Canary"}]


def _description(bundle: Bundle) -> None:
    entry(bundle, "Task")["description"] = "Canary"


def _no_condition(bundle: Bundle) -> None:
    del bundle["entry"][3]["request"]["ifNoneExist"]


def _two_tasks(bundle: Bundle) -> None:
    bundle["entry"][0] = copy.deepcopy(bundle["entry"][3])


def _other_case(bundle: Bundle) -> None:
    bundle["identifier"]["value"] = f"{'b' * 26}.submit.1"


@pytest.mark.parametrize(
    "tamper",
    [
        _name,
        _reason_text,
        _code_text,
        _display,
        _sender_name,
        _exact_birth_date,
        _nested_name,
        _nested_identifier,
        _nested_city,
        _nested_practitioner,
        _foreign_reference,
        _changed_result,
        _other_priority,
        _other_requester,
        _extra_element,
        _extension,
        _description,
        _no_condition,
        _two_tasks,
        _other_case,
    ],
)
def test_what_is_not_in_the_contract_is_found_and_never_repeated(
    bundle: Bundle, tamper: Callable[[Bundle], None]
) -> None:
    tamper(bundle)
    issues = checks.check_case(bundle)
    assert issues
    assert all("Canary" not in issue.message for issue in issues)


def test_issues_name_the_place(bundle: Bundle) -> None:
    _name(bundle)
    assert checks.check_case(bundle)[0].expression == ("Bundle.entry[0].resource.name[0].family")


@pytest.mark.parametrize("broken", [None, [], "x", {}, [None], [{"resource": None}]])
def test_malformed_entries_are_issues_not_crashes(bundle: Bundle, broken: object) -> None:
    bundle["entry"] = broken
    assert checks.check_case(bundle)


def test_a_valid_receipt_admits_its_own_content(bundle: Bundle) -> None:
    assert receipt_rules(bundle) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"issuer": "hospital-b"}, "receipt-issuer"),
        ({"case_id": "b" * 26}, "receipt-case"),
        ({"submission": "other"}, "receipt-submission"),
        ({"prepared_by": "cr-999"}, "receipt-member"),
        ({"policies": {("safe-harbor", "2")}}, "receipt-policy"),
        ({"now": wire.ASKED + timedelta(days=7, seconds=1)}, "receipt-age"),
        ({"now": wire.ASKED - timedelta(minutes=6)}, "receipt-age"),
        ({"covers": []}, "receipt-content"),
    ],
)
def test_a_receipt_that_does_not_fit_names_the_failing_point(
    bundle: Bundle, changes: dict[str, Any], rule: str
) -> None:
    assert receipt_rules(bundle, **changes) == [rule]


def test_a_receipt_for_another_question_does_not_fit(bundle: Bundle) -> None:
    entry(bundle, "Communication")["payload"][0]["contentString"] = "Something else?"
    assert receipt_rules(bundle) == ["receipt-content"]


def test_a_receipt_with_a_failed_gate_does_not_fit(bundle: Bundle) -> None:
    claims = dict(
        wire.PlainVerifier().verify(
            str(case_bundle.read_case(bundle).receipt_token), names.RECEIPT_TYP
        )
    )
    claims["gate"] = {"result": "fail"}
    issues = sealing.check_receipt(claims, expectation(bundle), at="Provenance")
    assert [issue.rule for issue in issues] == ["receipt-gate"]


def test_claims_of_the_wrong_types_are_issues_not_crashes(bundle: Bundle) -> None:
    claims = {"gate": 1, "policy": [], "covers": "x", "iat": "now", "jti": 3}
    issues = sealing.check_receipt(claims, expectation(bundle), at="Provenance")
    assert len(issues) == 11
