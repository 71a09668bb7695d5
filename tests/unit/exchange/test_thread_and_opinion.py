"""Question back, reply, opinion: built, read, verified, and refused when tampered with."""

import base64
import copy
from datetime import timedelta
from typing import Any

import pytest

from exchange import (
    cancel,
    case_bundle,
    checks,
    clarification,
    decision,
    names,
    opinion,
    opinion_bundle,
    opinion_render,
    parts,
    sealing,
    task_states,
)
from exchange.canonical import resolver_of
from exchange.errors import MessageUnreadable, OrderInvalid, TransitionRefused
from exchange.opinion_bundle import OpinionOrder
from exchange.sealing import ReceiptExpectation
from exchange.task_states import Event
from runtime import json_text
from tests.support import wire

Json = dict[str, Any]
SIGNED = wire.ASKED + timedelta(hours=2)


def task_in(*events: Event) -> Json:
    built = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    task = wire.stored_task(built.bundle)
    for n, event in enumerate((Event.SCREEN, Event.ROUTE, Event.OFFER, *events)):
        task = task_states.apply(task, event, wire.ASKED + timedelta(minutes=n))
    return task


@pytest.fixture
def on_hold() -> Json:
    return task_in(Event.CLAIM, Event.START, Event.ASK)


@pytest.fixture
def reviewing() -> Json:
    return task_in(Event.CLAIM, Event.START)


def reply_bundle(task: Json, *, with_data: bool = False) -> Json:
    sealed = wire.sealed(texts={"reply": "eGFR 41, stable."}, with_data=with_data)
    built = clarification.build_reply(
        sealed, wire.place(task, 3), wire.reply_order(), wire.PlainSigner()
    )
    bundle: Json = json_text.loads(built.body)
    return bundle


def signed(task: Json, content: opinion.Opinion | None = None) -> Json:
    return opinion_bundle.build_opinion(
        wire.record(SIGNED, content),
        wire.place(task, 4),
        OpinionOrder(
            signature_id="sig-1",
            issuer="https://consult.example",
            snapshot_sha256="c" * 64,
            authentication="password+totp",
            signed_at=SIGNED,
        ),
        wire.PlainSigner(),
    )


def test_asking_back_stops_the_clock(reviewing: Json) -> None:
    now = wire.ASKED + timedelta(minutes=30)
    bundle = clarification.build_request(
        wire.place(reviewing), sender=wire.SPECIALIST, text="What is the eGFR?", now=now
    )
    task = parts.the_only(bundle, "Task")
    assert task_states.state_of(task) == task_states.ASKED
    assert task_states.paused_since(task) == now
    message = clarification.read_message(parts.the_only(bundle, "Communication"))
    assert (message.kind, message.texts) == ("clarification-request", ("What is the eGFR?",))


@pytest.mark.parametrize("with_data", [False, True])
def test_a_reply_keeps_the_contract_and_its_receipt_fits(on_hold: Json, with_data: bool) -> None:
    bundle = reply_bundle(on_hold, with_data=with_data)
    assert checks.check_reply(bundle, on_hold) == ()
    reply = clarification.read_reply(bundle)
    assert reply.expected_version == "3"
    assert reply.receipt_token is not None
    issues = sealing.check_receipt(
        wire.PlainVerifier().verify(reply.receipt_token, names.RECEIPT_TYP),
        ReceiptExpectation(
            issuer=wire.CLIENT,
            case_id=wire.CASE,
            submission=f"{wire.CASE}.reply.1",
            prepared_by=wire.DOCTOR,
            covers=clarification.reply_covers(reply, wire.place(on_hold).resolver()),
            policies={("safe-harbor", "1")},
            now=wire.reply_order().prepared_at,
        ),
        at="Provenance",
    )
    assert issues == []


@pytest.mark.parametrize(
    ("part", "element", "value"),
    [
        ("Communication", "note", [{"text": "Canary"}]),
        ("Task", "description", "Canary"),
        ("Task", "owner", {"display": "Canary"}),
        ("Task", "output", [{"valueString": "Canary"}]),
        ("Provenance", "reason", [{"text": "Canary"}]),
    ],
)
def test_a_reply_has_no_other_room_for_words(
    on_hold: Json, part: str, element: str, value: object
) -> None:
    bundle = reply_bundle(on_hold)
    parts.the_only(bundle, part)[element] = value
    issues = checks.check_reply(bundle, on_hold)
    assert issues
    assert all("Canary" not in issue.message for issue in issues)


def test_a_reply_when_nothing_was_asked_is_refused(reviewing: Json) -> None:
    with pytest.raises(TransitionRefused):
        reply_bundle(reviewing)


def test_a_reply_to_another_case_is_refused(on_hold: Json) -> None:
    bundle = reply_bundle(on_hold)
    other = {**on_hold, "groupIdentifier": {"system": names.SID_CASE, "value": "b" * 26}}
    assert [issue.rule for issue in checks.check_reply(bundle, other)] == ["submission-key"]


def opinion_of(bundle: Json) -> tuple[Json, Json, dict[str, tuple[str, str]]]:
    document = parts.the_only(bundle, "DocumentReference")
    provenance = parts.the_only(bundle, "Provenance")
    return document, provenance, wire.place(task_in()).resolver() | resolver_of(bundle)


def test_a_signed_opinion_verifies(reviewing: Json) -> None:
    document, provenance, resolve = opinion_of(signed(reviewing))
    view = opinion_bundle.read_opinion(document, resolve=resolve)
    assert view.record == wire.record(SIGNED)
    assert (
        opinion_bundle.verify_opinion(
            view, provenance, wire.PlainVerifier(), snapshot_sha256="c" * 64
        )
        == ()
    )


def test_an_opinion_still_verifies_after_a_server_stored_it(reviewing: Json) -> None:
    document, provenance, resolve = opinion_of(signed(reviewing))
    stored = copy.deepcopy(document)
    stored["id"] = "77"
    stored["text"] = {"status": "generated", "div": "<div>x</div>"}
    stored["meta"] |= {"versionId": "1", "lastUpdated": "2026-03-02T12:15:00Z"}
    stored["author"][0]["reference"] = "PractitionerRole/cr-903"
    stored["subject"] = {"reference": "https://consult.example/fhir/Patient/p1"}
    resolve = resolve | {
        "https://consult.example/fhir/Patient/p1": (
            names.SID_SUBJECT,
            f"{wire.CASE}.subject.1",
        )
    }
    view = opinion_bundle.read_opinion(stored, resolve=resolve)
    assert (
        opinion_bundle.verify_opinion(
            view, provenance, wire.PlainVerifier(), snapshot_sha256="c" * 64
        )
        == ()
    )


def test_an_opinion_on_another_snapshot_or_patient_does_not_verify(reviewing: Json) -> None:
    document, provenance, resolve = opinion_of(signed(reviewing))
    view = opinion_bundle.read_opinion(document, resolve=resolve)
    other_snapshot = opinion_bundle.verify_opinion(
        view, provenance, wire.PlainVerifier(), snapshot_sha256="d" * 64
    )
    assert [issue.rule for issue in other_snapshot] == ["opinion-snapshot"]
    resolve["Patient/p1"] = (names.SID_SUBJECT, f"{'b' * 26}.subject.1")
    view = opinion_bundle.read_opinion(document, resolve=resolve)
    other_patient = opinion_bundle.verify_opinion(
        view, provenance, wire.PlainVerifier(), snapshot_sha256="c" * 64
    )
    assert [issue.rule for issue in other_patient] == ["opinion-content"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_an_attachment_that_says_something_else_is_refused(reviewing: Json, n: int) -> None:
    document, _, resolve = opinion_of(signed(reviewing))
    attachment = document["content"][n]["attachment"]
    body = base64.b64decode(attachment["data"]).replace(b"Halve", b"Stop!")
    attachment["data"] = base64.b64encode(body).decode()
    with pytest.raises(MessageUnreadable):
        opinion_bundle.read_opinion(document, resolve=resolve)


def test_an_opinion_without_a_signature_is_an_issue(reviewing: Json) -> None:
    document, provenance, resolve = opinion_of(signed(reviewing))
    del provenance["signature"]
    view = opinion_bundle.read_opinion(document, resolve=resolve)
    issues = opinion_bundle.verify_opinion(
        view, provenance, wire.PlainVerifier(), snapshot_sha256="c" * 64
    )
    assert [issue.rule for issue in issues] == ["opinion-signature"]


def test_an_answer_that_escalates_says_so_in_the_task(reviewing: Json) -> None:
    bundle = signed(reviewing, wire.advice(outcome="escalate-now"))
    task = parts.the_only(bundle, "Task")
    assert task_states.state_of(task) == task_states.ESCALATED


@pytest.mark.parametrize(
    "changes",
    [
        {"bottom_line": " "},
        {"rationale": ""},
        {"change_my_mind": ""},
        {"recommendations": ()},
        {"outcome": "maybe"},
        {"confidence": ""},
        {"rationale": "x" * 8_001},
        {"rationale": "bell \x07"},
    ],
)
def test_an_incomplete_opinion_is_not_signed(reviewing: Json, changes: Json) -> None:
    with pytest.raises(OrderInvalid):
        signed(reviewing, wire.advice(**changes))


def test_an_opinion_is_not_signed_while_the_clock_stands(on_hold: Json) -> None:
    with pytest.raises(TransitionRefused):
        signed(on_hold)


def test_text_and_xhtml_say_the_same_and_escape_what_they_must() -> None:
    record = wire.record(SIGNED)
    text, xhtml = opinion_render.to_text(record), opinion_render.to_xhtml(record)
    assert "PO; stop at 6.0 & above" in text
    assert "PO; stop at 6.0 &amp; above" in xhtml
    assert "Potassium &gt; 6.0" in xhtml
    assert text.index("BOTTOM LINE") < text.index("RECOMMENDATIONS") < text.index("RATIONALE")


def test_a_record_with_an_unknown_field_is_refused() -> None:
    value = json_text.loads(opinion.to_json(wire.record(SIGNED)))
    value["opinion"]["secret"] = "x"
    with pytest.raises(MessageUnreadable):
        opinion.from_json(json_text.dumps(value))


def test_relinking_changes_words_and_nothing_else() -> None:
    record = wire.record(SIGNED)
    relinked = record.with_texts(lambda text: text.replace("[patient]", "Mrs. Vale"))
    assert "Mrs. Vale tolerated" in relinked.opinion.rationale
    assert (relinked.author, relinked.basis, relinked.signed_at) == (
        record.author,
        record.basis,
        record.signed_at,
    )


def test_the_loop_is_closed_and_decided_by_the_hospital(reviewing: Json) -> None:
    answered = parts.the_only(signed(reviewing), "Task")
    closed = decision.closed(answered, SIGNED)
    decided = decision.decided(closed, "adapted", SIGNED)
    again = decision.decided(decided, "followed", SIGNED)
    assert task_states.state_of(closed) == task_states.CLOSED
    assert decision.decision_of(closed) is None
    assert decision.decision_of(again) == "followed"
    assert len(again["output"]) == len(answered["output"]) + 1
    with pytest.raises(OrderInvalid):
        decision.decided(closed, "ignored", SIGNED)


def test_an_abort_carries_a_code_and_no_words(reviewing: Json) -> None:
    abort = cancel.build_abort(reviewing, requester=wire.DOCTOR, reason="patient-moved", now=SIGNED)
    assert "text" not in abort["reasonCode"]
    assert abort["focus"] == {"reference": "Task/t1"}
    with pytest.raises(OrderInvalid):
        cancel.build_abort(reviewing, requester=wire.DOCTOR, reason="Mrs. Vale died", now=SIGNED)
