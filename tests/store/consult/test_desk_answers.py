"""Signing, expiry and the inbox, on both databases."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event

from consult.domain.specialist import SignedIn
from consult.errors import (
    AlreadyAnswered,
    CaseMovedOn,
    CaseUnknown,
    OpinionIncomplete,
    StatementNotAccepted,
    StepUpNeeded,
)
from consult.service import (
    answer_case,
    ask_back,
    expire_cases,
    list_inbox,
    open_case,
    publish_keys,
)
from exchange import decision, opinion_bundle, parts, task_states
from exchange.canonical import identifier_of
from runtime import clock
from runtime.jose import KeySetVerifier
from tests.support import wire
from tests.support.consult_world import (
    CARDIOLOGIST,
    World,
    signed_in_earlier,
)
from tests.support.desk_world import (
    STATEMENT,
    claimed,
    events_of,
    sign,
)


def test_an_opinion_is_signed_published_verified_and_closed(world: World) -> None:
    me, task_id = claimed(world)
    answer_case.save_draft(world.services, me, task_id, wire.advice(rationale=""))
    assert task_states.state_of(world.a.task(task_id)) == task_states.REVIEWING
    view = open_case.open_case(world.services, me, task_id)
    assert view.draft == wire.advice(rationale="")
    identifier = sign(world, me, task_id)
    task = world.a.task(task_id)
    assert task_states.state_of(task) == task_states.ANSWERED
    document_reference = parts.task_entry(task, kind="valueReference", code="opinion-document")
    document = world.a.ask("GET", f"/fhir/{document_reference}").json
    provenance = world.a.ask("GET", f"/fhir/Provenance?target={document_reference}").json
    resolve = {}
    for name in ("focus", "for"):
        reference = task[name]["reference"]
        key = identifier_of(world.a.ask("GET", f"/fhir/{reference}").json)
        assert key is not None
        resolve[reference] = key
    opened = opinion_bundle.read_opinion(document, resolve=resolve)
    keys = world.a.ask("GET", f"/keys/{CARDIOLOGIST}").json["keys"]
    snapshot_sha256 = parts.task_entry(
        task, kind="valueString", code="snapshot-sha256", place="input"
    )
    issues = opinion_bundle.verify_opinion(
        opened,
        provenance["entry"][0]["resource"],
        KeySetVerifier(keys=tuple(keys), issuer=world.base_url),
        snapshot_sha256=str(snapshot_sha256),
    )
    assert issues == ()
    assert opened.identifier == identifier
    assert {fact.kind for fact in opened.record.author.credentials} == {
        "license",
        "board",
        "indemnity",
    }
    assert world.a.put(decision.closed(task, clock.now())).status == 200
    closed = world.a.task(task_id)
    request = world.a.ask("GET", f"/fhir/{task['focus']['reference']}").json
    assert world.a.put(decision.request_completed(request)).status == 200
    assert world.a.put(decision.decided(closed, "adapted", clock.now())).status == 200
    assert decision.decision_of(world.a.task(task_id)) == "adapted"
    assert events_of(world, task_id)[-5:] == [
        "case.start",
        "case.answer",
        "case.close",
        "request.changed",
        "case.decide",
    ]
    inbox = list_inbox.list_inbox(world.services, me)
    assert [case.task_id for case in inbox.answered] == [task_id]


def test_a_case_is_answered_once(world: World) -> None:
    me, task_id = claimed(world)
    sign(world, me, task_id)
    with pytest.raises(AlreadyAnswered):
        sign(world, me, task_id)
    with pytest.raises(AlreadyAnswered):
        answer_case.save_draft(world.services, me, task_id, wire.advice())
    documents = world.a.ask("GET", "/fhir/DocumentReference").json
    assert len(documents["entry"]) == 1


def test_two_signatures_at_once_make_one_answer(world: World) -> None:
    me, task_id = claimed(world)
    outcomes: list[str] = []

    def answer() -> None:
        try:
            sign(world, me, task_id)
            outcomes.append("signed")
        except Exception as error:  # noqa: BLE001 - any refusal is fine, two answers are not
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=answer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("signed") == 1, outcomes
    assert set(outcomes) <= {"signed", "AlreadyAnswered", "VersionStale"}
    assert len(world.a.ask("GET", "/fhir/DocumentReference").json["entry"]) == 1


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda w, me, t: sign(w, me, t, bottom_line=""), OpinionIncomplete),
        (
            lambda w, me, t: answer_case.sign_opinion(
                w.services, me, t, wire.advice(), statement_version="0"
            ),
            StatementNotAccepted,
        ),
        (lambda w, me, t: sign(w, signed_in_earlier(me, 16), t), StepUpNeeded),
    ],
)
def test_what_cannot_be_signed_changes_nothing(
    world: World, attempt: Callable[[World, SignedIn, str], str], error: type[Exception]
) -> None:
    me, task_id = claimed(world)
    before = world.a.task(task_id)
    with pytest.raises(error):
        attempt(world, me, task_id)
    assert world.a.task(task_id) == before


def test_a_step_up_takes_a_fresh_code(world: World) -> None:
    me, task_id = claimed(world)
    code = world.code("okafor")
    answer_case.sign_opinion(
        world.services,
        signed_in_earlier(me, 60),
        task_id,
        wire.advice(),
        statement_version=STATEMENT,
        code=code,
    )
    assert task_states.state_of(world.a.task(task_id)) == task_states.ANSWERED


def test_a_case_that_nobody_answers_expires_one_window_after_the_promise(
    world: World,
) -> None:
    task_id, paused = world.a.send_case(), claimed(world)[1]
    ask_back.ask_back(world.services, world.specialist(), paused, text="What is the eGFR?")
    assert expire_cases.expire_cases(world.services) == 0
    later = task_states.expires_at(world.a.task(task_id)) + timedelta(seconds=1)
    with time_machine.travel(later, tick=False):
        assert expire_cases.expire_cases(world.services) == 1
        assert expire_cases.expire_cases(world.services) == 0
        world.a.sign_in()
        assert task_states.state_of(world.a.task(task_id)) == task_states.EXPIRED
        assert task_states.state_of(world.a.task(paused)) == task_states.ASKED
        assert list_inbox.list_inbox(world.services, world.specialist()).pool == ()


def test_the_inbox_takes_three_statements_whatever_is_in_it(world: World) -> None:
    me = world.specialist()
    for _ in range(3):
        claimed(world)
        world.a.send_case()
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    engine = world.services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        inbox = list_inbox.list_inbox(world.services, me)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert (len(inbox.mine), len(inbox.pool)) == (3, 3)
    assert len(statements) == 3


def test_a_case_is_new_until_it_was_opened(world: World) -> None:
    me, task_id = world.specialist(), world.a.send_case()
    assert list_inbox.list_inbox(world.services, me).pool[0].is_new
    open_case.open_case(world.services, me, task_id)
    assert not list_inbox.list_inbox(world.services, me).pool[0].is_new


def test_a_late_stop_ends_the_case_as_withdrawn(world: World) -> None:
    from exchange import cancel  # noqa: PLC0415
    from runtime import json_text  # noqa: PLC0415

    me, task_id = claimed(world)
    answer_case.save_draft(world.services, me, task_id, wire.advice())
    task = world.a.task(task_id)
    abort = cancel.build_abort(
        task, requester=world.a.member_id, reason="patient-moved", now=clock.now()
    )
    wordy = {**abort, "description": "Canary"}
    assert world.a.ask("POST", "/fhir/Task", body=json_text.dumps(wordy)).status == 422
    assert world.a.ask("POST", "/fhir/Task", body=json_text.dumps(abort)).status == 201
    assert task_states.state_of(world.a.task(task_id)) == task_states.WITHDRAWN_LATE
    with pytest.raises(CaseMovedOn):
        sign(world, me, task_id)


def test_keys_stay_published_with_their_validity(world: World) -> None:
    me, task_id = claimed(world)
    sign(world, me, task_id)
    (key,) = publish_keys.member_keys(world.services, CARDIOLOGIST)
    assert (key["member"], key["valid_until"]) == (CARDIOLOGIST, None)
    assert "d" not in key
    assert publish_keys.all_keys(world.services) == [key]
    with pytest.raises(CaseUnknown):
        publish_keys.member_keys(world.services, "nobody")
