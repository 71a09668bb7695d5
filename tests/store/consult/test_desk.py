"""The desk's use cases on a real database: one specialist wins, one answer is signed."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from consult.errors import (
    CaseMovedOn,
    CaseTaken,
    CaseUnknown,
    CredentialLapsed,
    InputInvalid,
    NotYourCase,
)
from consult.service import (
    answer_case,
    ask_back,
    claim_case,
    decline_case,
    list_inbox,
    offer_case,
    open_case,
)
from consult.store.rows import EvidenceRow
from exchange import names, parts, task_states
from runtime import clock
from tests.support import wire
from tests.support.consult_world import (
    CARDIOLOGIST,
    NEPHROLOGIST,
    World,
)
from tests.support.desk_world import claim_together, claimed, events_of, second_cardiologist, sign


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
