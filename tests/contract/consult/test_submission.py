"""A hospital's question over HTTP: accepted once, or refused with the failing point."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from consult.store.rows import CaseRow, SubmissionRow
from exchange import names, parts, task_states
from runtime import audit, clock, jose, json_text, tokens
from tests.support import wire
from tests.support.consult_world import World, call, task_id_of


def rows(world: World, table: Any) -> int:
    with world.services.reading() as unit:
        return unit.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_question_is_stored_screened_and_offered(world: World) -> None:
    built = world.a.build()
    answer = world.a.submit(built.body)
    assert answer.status == 200
    task = world.a.task(task_id_of(answer.json))
    assert task_states.state_of(task) == task_states.OFFERED
    assert task["requester"]["reference"] == f"PractitionerRole/{world.a.member_id}"
    with world.services.reading() as unit:
        events = [
            entry.event
            for entry in audit.entries(
                unit.session, subject=f"case:{task['groupIdentifier']['value']}"
            )
        ]
        assert audit.verify(unit.session).ok
    assert sorted(events) == [
        "case.offer",
        "case.received",
        "case.route",
        "case.screen",
        "offer.made",
    ]


def test_the_stored_snapshot_has_the_hash_that_the_hospital_signed(world: World) -> None:
    from exchange.canonical import canonical_sha256  # noqa: PLC0415

    built = world.a.build()
    task = world.a.task(task_id_of(world.a.submit(built.body).json))
    reference = parts.task_entry(task, kind="valueReference", code="snapshot", place="input")
    snapshot = world.a.ask("GET", f"/fhir/{reference}").json
    assert canonical_sha256(snapshot) == built.snapshot_sha256


def test_the_same_submission_again_gives_the_same_answer(world: World) -> None:
    body = world.a.build().body
    first, before = world.a.submit(body), rows(world, CaseRow)
    again = world.a.submit(body)
    assert (again.status, again.body) == (first.status, first.body)
    assert rows(world, CaseRow) == before


def test_the_same_key_with_other_bytes_is_a_conflict(world: World) -> None:
    case_id = tokens.new_case_id()
    assert world.a.submit(world.a.build(case_id=case_id).body).status == 200
    other = world.a.build(case_id=case_id, texts={"question": "Another question?"})
    answer = world.a.submit(other.body)
    assert answer.status == 409
    assert answer.json["issue"][0]["details"]["coding"][0]["code"] == ("consult.submission_differs")


def test_another_hospital_may_use_the_same_key_without_meeting_ours(world: World) -> None:
    case_id = tokens.new_case_id()
    first = world.a.submit(world.a.build(case_id=case_id).body)
    second = world.b.submit(world.b.build(case_id=case_id).body)
    assert (first.status, second.status) == (200, 200)
    assert task_id_of(first.json) != task_id_of(second.json)


def test_eight_at_once_make_one_case(world: World) -> None:
    body, before = world.a.build().body, rows(world, CaseRow)
    answers: list[tuple[int, bytes]] = []

    def send() -> None:
        answer = world.a.submit(body)
        answers.append((answer.status, answer.body))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {200}
    assert len({body for _, body in answers}) == 1
    assert rows(world, CaseRow) == before + 1


def refused(world: World, body: bytes) -> list[str]:
    """Submit, expect 422, see that nothing was stored, and return the broken rules."""
    before = (rows(world, CaseRow), rows(world, SubmissionRow))
    answer = world.a.submit(body)
    assert answer.status == 422, answer.body
    assert (rows(world, CaseRow), rows(world, SubmissionRow)) == before
    return answer.rules


def test_a_missing_receipt_is_refused(world: World) -> None:
    bundle = world.a.build().bundle
    del parts.the_only(bundle, "Provenance")["signature"]
    assert refused(world, json_text.dumps(bundle)) == ["receipt-missing"]


def test_a_receipt_signed_by_a_stranger_is_refused(world: World) -> None:
    forged = world.a.build(signer=jose.new_signing_key("ES384"))
    assert refused(world, forged.body) == ["receipt-signature"]


def test_a_receipt_of_another_hospital_is_refused(world: World) -> None:
    theirs = world.a.build(signer=world.b.key, issuer=world.b.client_id)
    assert refused(world, theirs.body) == ["receipt-signature"]


def test_a_receipt_that_names_another_hospital_is_refused(world: World) -> None:
    assert refused(world, world.a.build(issuer=world.b.client_id).body) == ["receipt-issuer"]


def test_a_receipt_for_other_content_is_refused(world: World) -> None:
    bundle = world.a.build().bundle
    payload = parts.the_only(bundle, "Communication")["payload"]
    payload[0]["contentString"] = "A question that was never de-identified?"
    assert refused(world, json_text.dumps(bundle)) == ["receipt-content"]


def test_a_receipt_of_another_purpose_is_refused(world: World) -> None:
    class WrongType:
        kid, alg = world.a.key.kid, world.a.key.alg

        def sign(self, claims: Any, _typ: str) -> str:
            return jose.sign(world.a.key, claims, typ=names.ATTESTATION_TYP)

    assert refused(world, world.a.build(signer=WrongType()).body) == ["receipt-signature"]


def test_a_receipt_under_a_policy_that_is_not_admitted_is_refused(world: World) -> None:
    assert refused(world, world.a.build(policy_version="9").body) == ["receipt-policy"]


def test_a_receipt_older_than_a_week_is_refused(world: World) -> None:
    old = clock.now() - timedelta(days=7, minutes=1)
    assert refused(world, world.a.build(prepared_at=old).body) == ["receipt-age"]


def test_a_receipt_without_a_passed_gate_is_refused(world: World) -> None:
    class GateFailed:
        kid, alg = world.a.key.kid, world.a.key.alg

        def sign(self, claims: Any, typ: str) -> str:
            return jose.sign(world.a.key, {**claims, "gate": {"result": "fail"}}, typ=typ)

    assert refused(world, world.a.build(signer=GateFailed()).body) == ["receipt-gate"]


def test_a_receipt_is_good_for_one_submission(world: World) -> None:
    receipt_id = tokens.new_uuid()
    world.a.send_case(receipt_id=receipt_id)
    assert refused(world, world.a.build(receipt_id=receipt_id).body) == ["receipt-used"]


def test_a_doctor_whom_the_hospital_never_attested_is_refused(world: World) -> None:
    stranger = world.a.build(requester_member="nobody", prepared_by="nobody")
    assert refused(world, stranger.body) == ["member-not-attested"]


def test_a_doctor_of_another_hospital_is_refused(world: World) -> None:
    theirs = world.a.build(requester_member=world.b.member_id, prepared_by=world.b.member_id)
    assert refused(world, theirs.body) == ["member-not-attested"]


def test_a_question_whose_promise_has_passed_is_refused(world: World) -> None:
    asked = clock.now() - timedelta(hours=5)
    late = world.a.build(authored_on=asked, due=asked + timedelta(hours=4))
    assert refused(world, late.body) == ["promise-passed"]


def test_a_name_outside_the_contract_is_refused_and_not_repeated(world: World) -> None:
    bundle = world.a.build().bundle
    parts.the_only(bundle, "Patient")["name"] = [{"family": "Canaryname"}]
    answer = world.a.submit(json_text.dumps(bundle))
    assert answer.status == 422
    assert answer.json["issue"][0]["expression"] == ["Bundle.entry[0].resource.name[0].family"]
    assert b"Canaryname" not in answer.body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b'"x"', 422),
        (b"\xff\xfe", 400),
        (b'{"resourceType":"Bundle","resourceType":"Bundle"}', 400),
        (b'{"resourceType":"Bundle","type":"transaction"}', 422),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 400),
        (b'{"resourceType":"Patient"}', 422),
    ],
)
def test_malformed_bodies_are_answered_with_an_outcome(
    world: World, body: bytes, status: int
) -> None:
    answer = world.a.submit(body)
    assert answer.status == status
    assert answer.json["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json"


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    answer = world.a.submit(b" " * (world.services.max_body_bytes + 1))
    assert answer.status == 413
    assert answer.json["resourceType"] == "OperationOutcome"


def test_a_body_that_its_digest_does_not_describe_is_refused(world: World) -> None:
    body = world.a.build().body
    assert world.a.submit(body, digest_of=b"something else").status == 400
    assert world.a.ask("POST", "/fhir", body=body).status == 400


def test_without_a_token_nothing_is_told(world: World) -> None:
    body = world.a.build().body
    answer = call(world.base_url, "POST", "/fhir", body=body)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert call(world.base_url, "GET", "/fhir/Task").status == 401
    assert call(world.base_url, "GET", "/fhir/metadata").status == 200


def test_the_capability_statement_says_only_what_is_there(world: World) -> None:
    statement = call(world.base_url, "GET", "/fhir/metadata").json
    types = {item["type"] for item in statement["rest"][0]["resource"]}
    assert "Task" in types
    assert "Observation" not in types


def test_a_question_in_no_open_specialty_waits_in_routing(world: World) -> None:
    task = world.a.task(world.a.send_case(specialty="394591006"))
    assert task_states.state_of(task) == task_states.ROUTING


def test_test_data_keeps_its_label(world: World) -> None:
    task = world.a.task(world.a.send_case())
    assert {"system": names.CS_ACT_REASON, "code": "HTEST"} in task["meta"]["security"]
    assert wire.CASE not in str(task)
