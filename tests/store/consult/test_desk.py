"""The desk's use cases on a real database: one specialist wins, one answer is signed."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, update

from consult.domain import governance
from consult.domain.credential import Credential
from consult.domain.specialist import SignedIn, Specialist
from consult.errors import (
    AlreadyAnswered,
    CaseMovedOn,
    CaseTaken,
    CaseUnknown,
    CredentialLapsed,
    InputInvalid,
    NotYourCase,
    OpinionIncomplete,
    StatementNotAccepted,
    StepUpNeeded,
)
from consult.service import (
    answer_case,
    ask_back,
    claim_case,
    decline_case,
    expire_cases,
    list_inbox,
    offer_case,
    open_case,
    publish_keys,
    sign_in,
)
from consult.store import specialists
from consult.store.rows import EvidenceRow
from exchange import decision, names, opinion_bundle, parts, task_states
from exchange.canonical import identifier_of
from runtime import audit, clock
from runtime.jose import KeySetVerifier
from tests.support import wire
from tests.support.consult_world import (
    CARDIOLOGIST,
    NEPHROLOGIST,
    World,
    signed_in_earlier,
)

STATEMENT = governance.STATEMENT_VERSION


def second_cardiologist(world: World) -> SignedIn:
    """Enrol a colleague of the same specialty."""
    today = clock.now().date()
    colleague = Specialist(
        member_id="sp-two", name="Dr. Two", specialties=("394579002",), active=True
    )
    with world.services.writing() as unit:
        specialists.add(
            unit,
            colleague,
            login="two",
            password_hash=sign_in.hash_password("x"),
            totp_secret=sign_in.seal_secret(world.services, "sp-two", "JBSWY3DPEHPK3PXP"),
            credentials=tuple(
                credential(kind, today) for kind in ("license", "board", "indemnity")
            ),
            now=clock.now(),
        )
    return SignedIn(specialist=colleague, proved_at=clock.now())


def credential(kind: str, today: date) -> Credential:
    return Credential(
        credential_id=f"two-{kind}",
        kind=kind,
        title=kind,
        source="source",
        verified_on=today,
        valid_until=today + timedelta(days=100),
        next_check=today + timedelta(days=100),
    )


def claimed(world: World) -> tuple[SignedIn, str]:
    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    return me, task_id


def sign(world: World, me: SignedIn, task_id: str, **changes: Any) -> str:
    return answer_case.sign_opinion(
        world.services, me, task_id, wire.advice(**changes), statement_version=STATEMENT
    )


def events_of(world: World, task_id: str) -> list[str]:
    case_id = world.a.task(task_id)["groupIdentifier"]["value"]
    with world.services.reading() as unit:
        assert audit.verify(unit.session).ok
        found = audit.entries(unit.session, subject=f"case:{case_id}")
        return [entry.event for entry in reversed(found)]


def claim_together(world: World, both: list[SignedIn], task_id: str) -> list[str]:
    """Let both claim at the same moment; return who won and "taken" for who did not."""
    outcomes: list[str] = []
    gate = threading.Barrier(len(both))

    def claim(me: SignedIn) -> None:
        gate.wait()
        try:
            claim_case.claim_case(world.services, me, task_id)
            outcomes.append(me.specialist.member_id)
        except CaseTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=claim, args=(me,)) for me in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_specialists_who_claim_at_once_one_wins(world: World) -> None:
    both = [world.specialist(), second_cardiologist(world)]
    for _ in range(3):
        task_id = world.a.send_case()
        outcomes = claim_together(world, both, task_id)
        winner = next(outcome for outcome in outcomes if outcome != "taken")
        assert sorted(outcomes) == sorted([winner, "taken"])
        assert parts.member_of(world.a.task(task_id)["owner"]) == winner
        assert events_of(world, task_id).count("case.claim") == 1


def test_the_loser_no_longer_sees_the_case_and_the_winner_may_claim_again(
    world: World,
) -> None:
    colleague = second_cardiologist(world)
    me, task_id = claimed(world)
    claim_case.claim_case(world.services, me, task_id)
    with pytest.raises(CaseTaken):
        claim_case.claim_case(world.services, colleague, task_id)
    with pytest.raises(CaseUnknown):
        open_case.open_case(world.services, colleague, task_id)
    assert list_inbox.list_inbox(world.services, colleague).open_count == 0
    with pytest.raises(NotYourCase):
        sign(world, colleague, task_id)


def test_a_specialist_of_another_specialty_does_not_know_the_case(world: World) -> None:
    task_id = world.a.send_case()
    nephrologist = world.specialist(NEPHROLOGIST)
    for act in (open_case.open_case, claim_case.claim_case):
        with pytest.raises(CaseUnknown):
            act(world.services, nephrologist, task_id)
    with pytest.raises(CaseUnknown):
        open_case.open_case(world.services, nephrologist, "no-such-task")


def test_a_lapsed_credential_stops_the_claim_and_the_signature(world: World) -> None:
    me, task_id = claimed(world)
    waiting = world.a.send_case()
    with world.services.writing() as unit:
        unit.session.execute(
            update(EvidenceRow)
            .where(EvidenceRow.member_id == CARDIOLOGIST, EvidenceRow.kind == "license")
            .values(valid_until=clock.now().date() - timedelta(days=1))
        )
    with pytest.raises(CredentialLapsed) as caught:
        sign(world, me, task_id)
    assert caught.value.kinds == ("license",)
    with pytest.raises(CredentialLapsed):
        claim_case.claim_case(world.services, me, waiting)
    not_offered = world.a.task(world.a.send_case())
    assert task_states.state_of(not_offered) == task_states.ROUTING


def test_declining_sends_the_case_back_and_asks_the_next_one(world: World) -> None:
    task_id = world.a.send_case()
    with pytest.raises(InputInvalid):
        decline_case.decline_case(world.services, world.specialist(), task_id, reason="tired")
    decline_case.decline_case(world.services, world.specialist(), task_id, reason="no-capacity")
    task = world.a.task(task_id)
    assert task_states.state_of(task) == task_states.ROUTING
    assert parts.code_of(task["statusReason"], names.CS_STATUS_REASON) == "no-capacity"
    assert list_inbox.list_inbox(world.services, world.specialist()).open_count == 0
    colleague = second_cardiologist(world)
    assert offer_case.offer_waiting_cases(world.services) == 1
    assert [c.task_id for c in list_inbox.list_inbox(world.services, colleague).pool] == [task_id]
    assert offer_case.offer_waiting_cases(world.services) == 0


def test_a_claimed_case_can_be_given_back(world: World) -> None:
    colleague = second_cardiologist(world)
    me, task_id = claimed(world)
    answer_case.save_draft(world.services, me, task_id, wire.advice())
    decline_case.decline_case(world.services, me, task_id, reason="conflict-of-interest")
    task = world.a.task(task_id)
    assert "owner" not in task
    # The colleague's offer was cancelled by the claim; nobody is asked twice.
    assert task_states.state_of(task) == task_states.ROUTING
    assert list_inbox.list_inbox(world.services, me).open_count == 0
    assert list_inbox.list_inbox(world.services, colleague).open_count == 0


def test_asking_back_stops_the_clock_and_the_reply_moves_the_promise(world: World) -> None:
    me, task_id = claimed(world)
    due = task_states.due_at(world.a.task(task_id))
    ask_back.ask_back(world.services, me, task_id, text=" What is the eGFR trend? ")
    asked = world.a.task(task_id)
    assert task_states.state_of(asked) == task_states.ASKED
    inbox = list_inbox.list_inbox(world.services, me)
    assert [case.task_id for case in inbox.waiting] == [task_id]
    reply = world.a.reply(task_id, with_data=True)
    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=True):
        assert world.a.submit(reply).status == 200
    task = world.a.task(task_id)
    assert task_states.state_of(task) == task_states.REVIEWING
    moved = task_states.due_at(task) - due
    assert timedelta(minutes=3) < moved < timedelta(minutes=6)
    view = open_case.open_case(world.services, me, task_id)
    assert [message.kind for message in view.thread] == [
        "clarification-request",
        "clarification-reply",
    ]
    assert view.thread[0].texts == ("What is the eGFR trend?",)
    assert view.clinical.result_count == 4
    with pytest.raises(InputInvalid):
        ask_back.ask_back(world.services, me, task_id, text="  ")


def test_a_reply_is_accepted_once_and_not_when_nothing_was_asked(world: World) -> None:
    me, task_id = claimed(world)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    reply = world.a.reply(task_id)
    first, again = world.a.submit(reply), world.a.submit(reply)
    assert (first.status, first.body) == (again.status, again.body)
    late = world.a.submit(reply.replace(b".reply.1", b".reply.2"))
    assert late.status == 412


def test_one_question_at_a_time(world: World) -> None:
    me, task_id = claimed(world)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    with pytest.raises(CaseMovedOn):
        ask_back.ask_back(world.services, me, task_id, text="And the ECG?")


def test_a_reply_of_another_hospital_meets_no_case(world: World) -> None:
    me, task_id = claimed(world)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    assert world.b.submit(world.a.reply(task_id)).status == 404


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
