"""One piece of news that cannot be read stops its own case, visibly, and nobody else's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from runtime import clock, jose
from runtime.outbound import OutboundAnswer
from runtime.tables import AuditRow
from smartapp.errors import ConsultRefused, ConsultUnreachable
from smartapp.gateway import sweep
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.send_case import send_case
from smartapp.store import parked
from smartapp.store.case_rows import OutboxRow
from tests.store.smartapp.conftest import Walk
from tests.support.fake_network import opinion


def _reasons(walk: Walk) -> list[str]:
    with walk.here.database.read() as session:
        return [item.reason for item in parked.waiting(session)]


def _two(walk: Walk) -> tuple[str, str]:
    """A case and, on the network behind it in the poll, a second one of the same hospital."""
    first = walk.send()
    _, launch = walk.here.launch()
    second = replace(walk, launch=launch).send()
    return first.case_id, second.case_id


def _task(walk: Walk, case_id: str) -> dict[str, Any]:
    return next(
        r
        for r in walk.here.network.stored.values()
        if r["resourceType"] == "Task" and r["groupIdentifier"]["value"] == case_id
    )


def _next_version(walk: Walk, case_id: str, **changes: Any) -> None:
    task = _task(walk, case_id)
    walk.here.network._keep(f"Task/{task['id']}", {**task, **changes})


@pytest.mark.parametrize("changes", [{"businessStatus": "no"}, {"restriction": {}}, {"id": None}])
def test_a_poison_task_parks_its_case_and_the_poll_goes_on(
    walk: Walk, changes: dict[str, Any]
) -> None:
    first, second = _two(walk)
    _next_version(walk, first)
    _task(walk, first).update(changes)
    walk.here.network.ask_back("What does [patient] weigh?")
    collect_answers(walk.here.services)
    assert walk.case(second).stage == "question"
    assert _reasons(walk) == ["news_unreadable"]
    assert walk.case(first).stage == "parked"
    with walk.here.database.read() as session:
        events = session.scalars(select(AuditRow.event)).all()
    assert "news.unreadable" in events
    assert collect_answers(walk.here.services) == 0


def test_a_version_that_is_no_number_parks_once(walk: Walk) -> None:
    case = walk.send()
    _task(walk, case.case_id)["meta"]["versionId"] = "seven"
    assert collect_answers(walk.here.services) == 1
    assert collect_answers(walk.here.services) == 0
    assert _reasons(walk) == ["news_unreadable"]


def test_an_unreadable_message_does_not_hide_the_answer(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion())
    where, _ = walk.here.network.task()
    walk.here.network.stored["Communication/bad"] = {
        "resourceType": "Communication",
        "id": "bad",
        "partOf": [{"reference": where}],
        "meta": {},
    }
    collect_answers(walk.here.services)
    assert walk.answer(case.case_id).number == 1
    assert walk.case(case.case_id).stage == "answered"
    assert _reasons(walk) == ["news_unreadable"]


def test_a_day_that_no_calendar_holds_stays_a_token(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion(rationale="Since [9999999 days before]."))
    collect_answers(walk.here.services)
    view = walk.answer(case.case_id).view
    assert "[9999999 days before]" in view["note"]


def test_a_referenced_resource_that_stays_refused_parks_the_case(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion())
    del walk.here.network.stored[walk.here.network.task()[1]["focus"]["reference"]]
    assert collect_answers(walk.here.services) == 0
    assert _reasons(walk) == []
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        collect_answers(walk.here.services)
    assert _reasons(walk) == ["news_unreadable"]
    assert walk.case(case.case_id).stage == "parked"


def test_a_referenced_resource_that_was_refused_for_a_while_is_read_later(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion())
    reference = walk.here.network.task()[1]["focus"]["reference"]
    missing = walk.here.network.stored.pop(reference)
    assert collect_answers(walk.here.services) == 0
    walk.here.network.stored[reference] = missing
    with time_machine.travel(clock.now() + timedelta(minutes=30)):
        assert collect_answers(walk.here.services) == 1
    assert walk.answer(case.case_id).number == 1
    assert _reasons(walk) == []


def test_an_opinion_from_a_clock_eight_minutes_ahead_verifies(walk: Walk) -> None:
    case = walk.send()
    with time_machine.travel(clock.now() + timedelta(minutes=8)):
        walk.here.network.answer(opinion())
    collect_answers(walk.here.services)
    assert walk.answer(case.case_id).number == 1


def test_an_opinion_that_is_early_waits_and_verifies_later(walk: Walk) -> None:
    case = walk.send()
    with time_machine.travel(clock.now() + timedelta(minutes=20)):
        walk.here.network.answer(opinion())
    assert collect_answers(walk.here.services) == 0
    assert _reasons(walk) == []
    with time_machine.travel(clock.now() + timedelta(minutes=15)):
        assert collect_answers(walk.here.services) == 1
    assert walk.answer(case.case_id).number == 1


def test_a_verified_answer_settles_what_was_parked_before(walk: Walk) -> None:
    case = walk.send()
    right, walk.here.network.key = walk.here.network.key, jose.new_signing_key("ES384")
    walk.here.network.answer(opinion(), key=right)
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        collect_answers(walk.here.services)
        assert _reasons(walk) == ["answer_unverified"]
        walk.here.network.key = right
        _next_version(walk, case.case_id)
        collect_answers(walk.here.services)
    assert _reasons(walk) == []
    assert walk.case(case.case_id).stage == "answered"


def test_a_stored_opinion_is_not_verified_again_and_a_filed_case_stays_filed(walk: Walk) -> None:
    answer = walk.answered()
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    walk.here.network.key = jose.new_signing_key("ES384")
    _next_version(walk, answer.case_id)
    assert collect_answers(walk.here.services) == 1
    assert _reasons(walk) == []
    _next_version(walk, answer.case_id, businessStatus="no")
    collect_answers(walk.here.services)
    assert _reasons(walk) == ["news_unreadable"]
    assert walk.case(answer.case_id).stage == "filed"


@pytest.mark.parametrize("body", [b"<html>", b'{"access_tok', b"[]", b"{}", b'{"access_token": 7}'])
def test_a_broken_token_answer_is_asked_for_again(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    def broken(*_: object) -> OutboundAnswer:
        return OutboundAnswer(status=200, headers={}, body=body)

    monkeypatch.setattr(walk.here.network, "_token", broken)
    with pytest.raises(ConsultUnreachable):
        walk.here.services.consult.read("Task/1")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"entry": [{}]}', b'{"entry": [7]}'])
def test_a_broken_page_is_asked_for_again(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    def broken(*_: object) -> OutboundAnswer:
        return OutboundAnswer(status=200, headers={}, body=body)

    monkeypatch.setattr(walk.here.network, "_search", broken)
    with pytest.raises(ConsultUnreachable):
        list(walk.here.services.consult.search("Task", []))
    assert collect_answers(walk.here.services) == 0


@pytest.mark.parametrize(
    ("problem", "reasons"),
    [(ConsultRefused(status=403), ["refused_403"]), (ValueError("bad row"), [])],
)
def test_one_bad_item_does_not_stop_the_timer(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, problem: Exception, reasons: list[str]
) -> None:
    first = walk.approve().case_id
    _, launch = walk.here.launch()
    second = replace(walk, launch=launch).approve().case_id
    with walk.here.database.transaction() as session:
        for row in session.scalars(select(OutboxRow)):
            row.stale_after = clock.now() - timedelta(seconds=1)
    real = send_case

    def send(services: Any, submission: str) -> str:
        if submission.startswith(first):
            raise problem
        return real(services, submission)

    monkeypatch.setattr(sweep, "send_case", send)
    assert sweep.park_overdue(walk.here.services) == 2
    assert sorted(_reasons(walk)) == sorted([*reasons, "unsent_at_due"])
    assert walk.case(second).stage == "parked"
