"""The state table: what spec/wire.md 2.4 promises, and that no case can get stuck."""

from datetime import timedelta
from typing import Any

import pytest

from exchange import case_bundle, names, task_states
from exchange.errors import MessageUnreadable, TransitionRefused
from exchange.task_states import TERMINAL, TRANSITIONS, Event
from tests.support import wire


@pytest.fixture
def task() -> dict[str, Any]:
    built = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    return wire.stored_task(built.bundle)


def walk(task: dict[str, Any], *events: Event) -> dict[str, Any]:
    for event in events:
        task = task_states.apply(task, event, wire.ASKED + timedelta(minutes=1))
    return task


TO_OFFER = (Event.SCREEN, Event.ROUTE, Event.OFFER)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (TO_OFFER, ("received", "offered")),
        ((*TO_OFFER, Event.DECLINE), ("received", "routing")),
        ((*TO_OFFER, Event.ASK, Event.REPLY), ("received", "offered")),
        ((*TO_OFFER, Event.CLAIM), ("accepted", "claimed")),
        ((*TO_OFFER, Event.CLAIM, Event.ASK), ("on-hold", "awaiting-information")),
        ((*TO_OFFER, Event.CLAIM, Event.ASK, Event.REPLY), ("in-progress", "reviewing")),
        ((*TO_OFFER, Event.CLAIM, Event.RELEASE), ("received", "routing")),
        ((*TO_OFFER, Event.CLAIM, Event.REASSIGN), ("received", "routing")),
        ((*TO_OFFER, Event.REDIRECT), ("received", "redirected")),
        ((*TO_OFFER, Event.CLAIM, Event.START, Event.ANSWER), ("completed", "answered")),
        ((*TO_OFFER, Event.CLAIM, Event.START, Event.ESCALATE), ("completed", "escalated")),
        (
            (*TO_OFFER, Event.CLAIM, Event.START, Event.ANSWER, Event.CLOSE),
            ("completed", "closed"),
        ),
        (
            (*TO_OFFER, Event.CLAIM, Event.START, Event.ANSWER, Event.CORRECT),
            ("completed", "answered"),
        ),
        (
            (*TO_OFFER, Event.CLAIM, Event.START, Event.REQUEST_CANCEL, Event.CANCEL),
            ("failed", "withdrawn"),
        ),
        ((*TO_OFFER, Event.WITHDRAW), ("cancelled", "withdrawn")),
        ((*TO_OFFER, Event.EXPIRE), ("failed", "expired")),
        ((*TO_OFFER, Event.CLAIM, Event.LEAK), ("entered-in-error", "privacy-withdrawn")),
    ],
)
def test_events_lead_where_the_contract_says(
    task: dict[str, Any], events: tuple[Event, ...], state: tuple[str, str]
) -> None:
    assert task_states.state_of(walk(task, *events)) == state


@pytest.mark.parametrize(
    ("events", "event"),
    [
        ((), Event.CLAIM),
        ((), Event.ANSWER),
        ((*TO_OFFER, Event.CLAIM), Event.CLAIM),
        ((*TO_OFFER, Event.CLAIM, Event.START), Event.WITHDRAW),
        ((*TO_OFFER, Event.CLAIM, Event.START, Event.ANSWER), Event.ANSWER),
        ((*TO_OFFER, Event.CLAIM, Event.ASK), Event.EXPIRE),
        ((*TO_OFFER, Event.CLAIM, Event.ASK), Event.ANSWER),
        ((*TO_OFFER, Event.WITHDRAW), Event.CLAIM),
    ],
)
def test_what_the_table_does_not_hold_is_refused(
    task: dict[str, Any], events: tuple[Event, ...], event: Event
) -> None:
    with pytest.raises(TransitionRefused):
        walk(task, *events, event)


def test_a_pause_moves_the_promise_by_its_length(task: dict[str, Any]) -> None:
    claimed = walk(task, *TO_OFFER, Event.CLAIM)
    asked = task_states.apply(claimed, Event.ASK, wire.ASKED + timedelta(minutes=30))
    back = task_states.apply(asked, Event.REPLY, wire.ASKED + timedelta(minutes=100))
    assert task_states.due_at(asked) == task_states.due_at(claimed)
    assert task_states.due_at(back) == task_states.due_at(claimed) + timedelta(minutes=70)


def test_a_clock_that_runs_backwards_shortens_nothing(task: dict[str, Any]) -> None:
    asked = walk(task, *TO_OFFER, Event.CLAIM, Event.ASK)
    back = task_states.apply(asked, Event.REPLY, wire.ASKED - timedelta(hours=2))
    assert task_states.due_at(back) == task_states.due_at(asked)


def test_an_applied_event_leaves_the_given_task_alone(task: dict[str, Any]) -> None:
    before = repr(task)
    walk(task, *TO_OFFER, Event.CLAIM, Event.ASK, Event.REPLY)
    assert repr(task) == before


def test_a_reason_must_be_one_of_ours_and_goes_with_the_next_event(
    task: dict[str, Any],
) -> None:
    offered = walk(task, *TO_OFFER)
    with pytest.raises(MessageUnreadable):
        task_states.apply(offered, Event.DECLINE, wire.ASKED, reason="I am tired")
    declined = task_states.apply(offered, Event.DECLINE, wire.ASKED, reason="no-capacity")
    assert declined["statusReason"]["coding"][0]["code"] == "no-capacity"
    assert "statusReason" not in walk(declined, Event.OFFER)


def test_each_actor_has_only_its_own_events(task: dict[str, Any]) -> None:
    offered = walk(task, *TO_OFFER)
    assert task_states.allowed(offered, Event.CLAIM, by="specialist")
    assert not task_states.allowed(offered, Event.CLAIM, by="gateway")
    assert task_states.allowed(offered, Event.WITHDRAW, by="gateway")
    assert not task_states.allowed(offered, Event.ANSWER, by="specialist")


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    reached = {task_states.SUBMITTED}
    for _ in TRANSITIONS:
        reached |= {step.to for (_, state), step in TRANSITIONS.items() if state in reached}
    states = {state for _, state in TRANSITIONS} | {step.to for step in TRANSITIONS.values()}
    assert reached == states
    own = {Event.LEAK, Event.CORRECT, Event.RETRACT, Event.DECIDE}
    for state in states - TERMINAL:
        assert any(
            step.to != state
            for (event, start), step in TRANSITIONS.items()
            if start == state and event not in own
        )
    for state in TERMINAL - {task_states.CLOSED}:
        assert {event for event, start in TRANSITIONS if start == state} <= {Event.LEAK}


def test_every_status_is_one_that_fhir_r4_knows() -> None:
    r4 = {
        "draft",
        "requested",
        "received",
        "accepted",
        "rejected",
        "ready",
        "cancelled",
        "in-progress",
        "on-hold",
        "failed",
        "completed",
        "entered-in-error",
    }
    assert {step.to[0] for step in TRANSITIONS.values()} <= r4
    assert "stat" not in names.URGENCIES


def test_a_task_without_state_is_unreadable(task: dict[str, Any]) -> None:
    del task["businessStatus"]
    with pytest.raises(MessageUnreadable):
        task_states.state_of(task)


@pytest.mark.parametrize("missing", ["restriction", "priority"])
def test_a_task_without_a_clock_is_unreadable(task: dict[str, Any], missing: str) -> None:
    del task[missing]
    with pytest.raises(MessageUnreadable):
        task_states.due_at(task)


@pytest.mark.parametrize("text", ["2026-03-02T10:15:00", "yesterday", None, "2026"])
def test_a_time_without_zone_or_sense_is_refused_without_repeating_it(text: object) -> None:
    with pytest.raises(MessageUnreadable) as caught:
        task_states.read_instant(text)
    assert str(text) not in str(caught.value)
