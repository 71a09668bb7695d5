"""Receipts, replies, decisions and dead jobs: whatever stops is seen and can go on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from exchange.decision import decision_of
from fhir_adapters import reading
from fhir_adapters.ports import FhirSession
from runtime import audit, clock
from runtime.outbound import OutboundAnswer
from smartapp.errors import CaseMoved, TryLater
from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.acknowledge import acknowledge
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.egress import leave
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.park_dead_job import park_dead_job
from smartapp.gateway.record_decision import Decision, record_decision, send_decision
from smartapp.gateway.send_case import send_case
from smartapp.gateway.settle_parked import settle_parked
from smartapp.gateway.watch_sent import park_silent
from smartapp.store import answers, outbox, parked
from smartapp.store.answers import Answer
from smartapp.store.case_rows import CaseRow
from smartapp.store.parked import Parked
from smartapp.web.words import PARKED, parked_head
from tests.store.smartapp.conftest import Walk
from tests.support.fake_network import opinion


def _waiting(walk: Walk) -> list[Parked]:
    with walk.here.database.read() as session:
        return list(parked.waiting(session))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to the hospital's guest network</html>",
        b"[]",
        b'{"resourceType":"Bundle","type":"transaction-response"}',
        b'{"type":"transaction-response","entry":[{"response":{"location":"Patient/1"}}]}',
        b'{"entry":[{"response":{"location":"Task/1"}}]}',
    ],
)
def test_a_body_that_is_no_receipt_is_not_called_sent(
    walk: Walk, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = walk.approve()
    with monkeypatch.context() as patch:
        patch.setattr(
            walk.here.network,
            "_submit",
            lambda *_: OutboundAnswer(status=200, headers={}, body=body),
        )
        with pytest.raises(TryLater):
            send_case(walk.here.services, f"{case.case_id}.submit.1")
    assert walk.case(case.case_id).stage == "approved"
    assert send_case(walk.here.services, f"{case.case_id}.submit.1") == "sent"
    assert walk.case(case.case_id).task_ref is not None


@pytest.mark.parametrize("reason", ["receipt_missing", "no_news"])
def test_a_sent_case_without_word_goes_to_a_person(walk: Walk, reason: str) -> None:
    case = walk.send()
    assert park_silent(walk.here.services) == 0
    with walk.here.database.transaction() as session:
        row = session.get(CaseRow, case.case_id)
        assert row is not None
        if reason == "receipt_missing":
            row.task_ref = None
        else:
            row.due_at = clock.now() - timedelta(hours=1, minutes=2)
    assert park_silent(walk.here.services) == 1
    assert [item.reason for item in _waiting(walk)] == [reason]
    assert walk.case(case.case_id).stage == "parked"
    assert reason in PARKED
    assert park_silent(walk.here.services) == 0
    walk.here.network.answer(opinion())
    collect_answers(walk.here.services)
    assert _waiting(walk) == []
    assert walk.case(case.case_id).stage == "answered"


def _asked(walk: Walk) -> str:
    case_id = walk.send().case_id
    walk.here.network.ask_back("What does [patient] weigh?")
    collect_answers(walk.here.services)
    return case_id


def _reply(walk: Walk, case_id: str, text: str) -> None:
    services = walk.here.services
    replying.save_reply(services, walk.launch, case_id, text)
    revision = replying.prepare_reply(services, walk.launch, case_id)
    replying.approve_reply(
        services,
        walk.launch,
        case_id,
        revision_id=revision.revision_id,
        sha256=revision.sha256,
    )


@pytest.mark.parametrize("status", [412, 422])
def test_after_a_refused_reply_the_doctor_replies_again(walk: Walk, status: int) -> None:
    case_id = _asked(walk)
    services, network = walk.here.services, walk.here.network
    _reply(walk, case_id, "71 kg.")
    network.refuse_with = status
    assert send_case(services, f"{case_id}.reply.1") == "parked"
    network.refuse_with = 0
    _reply(walk, case_id, "71 kg, weighed today.")
    assert send_case(services, f"{case_id}.reply.2") == "sent"
    assert walk.case(case_id).stage == "sent"
    # The specialist's next question has the number of the refused reply plus one: it is shown.
    network.ask_back("And how tall?")
    collect_answers(services)
    with walk.here.database.read() as session:
        thread = answers.thread(session, services.keyring, case_id=case_id, site_id="north")
    assert thread[-1].text == "And how tall?"


def test_while_a_reply_is_on_its_way_no_second_is_approved(walk: Walk) -> None:
    case_id = _asked(walk)
    services = walk.here.services
    replying.save_reply(services, walk.launch, case_id, "71 kg.")
    both = [replying.prepare_reply(services, walk.launch, case_id) for _ in range(2)]
    first, second = reversed(both)
    replying.approve_reply(
        services, walk.launch, case_id, revision_id=first.revision_id, sha256=first.sha256
    )
    with pytest.raises(CaseMoved):
        replying.approve_reply(
            services, walk.launch, case_id, revision_id=second.revision_id, sha256=second.sha256
        )
    with pytest.raises(CaseMoved):
        replying.prepare_reply(services, walk.launch, case_id)
    with walk.here.database.read() as session:
        assert outbox.last_reply(session, case_id) == 1


def _decision(code: str) -> Decision:
    return Decision(
        decision=code,
        plan="new-advice",
        referral="avoided",
        patient_value="4",
        doctor_value="5",
    )


def _closed(walk: Walk) -> Answer:
    answer = walk.answered()
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    acknowledge(walk.here.services, answer.case_id, answer.opinion)
    return answer


def test_a_decision_changed_while_the_first_is_sent_reaches_the_network(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = walk.here.services
    case_id = _closed(walk).case_id
    record_decision(services, walk.launch, case_id, _decision("adapted"))

    def slow(*args: object) -> object:
        answer = leave(*args)  # type: ignore[arg-type]  # whatever the use case passes
        record_decision(services, walk.launch, case_id, _decision("followed"))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr("smartapp.gateway.record_decision.leave", slow)
        with pytest.raises(TryLater):
            send_decision(services, case_id)
    assert not walk.case(case_id).decision_sent
    assert send_decision(services, case_id) == "sent"
    assert decision_of(walk.here.network.task()[1]) == "followed"
    with walk.here.database.read() as session:
        assert audit.verify(session).ok
    assert send_decision(services, case_id) == "nothing"


def test_telling_the_network_again_restarts_the_dead_job(walk: Walk) -> None:
    answer = walk.answered()
    services, jobs = walk.here.services, walk.here.jobs
    file_answer(services, answer.case_id, answer.opinion)
    key = f"acknowledge:{answer.opinion}"
    jobs.dead[key] = jobs.queued.pop(key)
    with walk.here.database.transaction() as session:
        park_dead_job(
            session,
            kind="acknowledge",
            args={"case": answer.case_id, "opinion": answer.opinion},
        )
    (item,) = _waiting(walk)
    assert parked_head(item.reason, is_answer=True) == "The network does not know yet."
    with pytest.raises(CaseMoved):
        settle_parked(
            services, walk.launch, answer.case_id, parked_id=item.parked_id, action="by_hand"
        )
    settle_parked(services, walk.launch, answer.case_id, parked_id=item.parked_id, action="again")
    assert key in jobs.queued
    assert not [key for key in jobs.queued if key.endswith(item.parked_id)]
    assert walk.answer(answer.case_id).state == "written"


def test_telling_a_decision_again_makes_a_job_that_runs(walk: Walk) -> None:
    case_id = _closed(walk).case_id
    services, jobs = walk.here.services, walk.here.jobs
    record_decision(services, walk.launch, case_id, _decision("adapted"))
    jobs.take("decide")
    with walk.here.database.transaction() as session:
        park_dead_job(session, kind="decide", args={"case": case_id})
    (item,) = _waiting(walk)
    settle_parked(services, walk.launch, case_id, parked_id=item.parked_id, action="again")
    assert jobs.take("decide") == {"case": case_id}


def test_an_answer_that_is_not_parked_cannot_be_settled(walk: Walk) -> None:
    answer = walk.answered()
    services = walk.here.services
    with walk.here.database.transaction() as session:
        parked.park(
            session,
            Parked(
                parked_id="p1",
                case_id=answer.case_id,
                item=answer.opinion,
                reason="ehr_refused",
                since=clock.now(),
            ),
        )
    with pytest.raises(CaseMoved):
        settle_parked(services, walk.launch, answer.case_id, parked_id="p1", action="by_hand")
    assert walk.answer(answer.case_id).state == "received"
    assert len(_waiting(walk)) == 1


def test_an_answer_settled_meanwhile_is_not_written(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = walk.answered()
    before = len(walk.here.chart.resources)
    read = reading.read_capability

    def meanwhile(chart: FhirSession) -> object:
        with walk.here.database.transaction() as session:
            answers.move(
                session,
                case_id=answer.case_id,
                opinion=answer.opinion,
                state="superseded",
                only_from=("received",),
                now=clock.now(),
            )
        return read(chart)

    monkeypatch.setattr(reading, "read_capability", meanwhile)
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "superseded"
    assert len(walk.here.chart.resources) == before


@pytest.mark.parametrize("state", ["received", "writing"])
def test_an_older_version_is_never_filed(walk: Walk, state: str) -> None:
    answer = walk.answered()
    newer = replace(answer, opinion=f"{answer.case_id}.opinion.2", number=answer.number + 1)
    with walk.here.database.transaction() as session:
        answers.add(session, walk.here.services.keyring, newer)
        answers.move(
            session,
            case_id=answer.case_id,
            opinion=answer.opinion,
            state=state,
            only_from=("superseded",),
            now=clock.now(),
        )
    before = len(walk.here.chart.resources)
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "superseded"
    assert len(walk.here.chart.resources) == before
