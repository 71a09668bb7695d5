"""What comes back: verified, re-linked, in the right chart exactly once, or parked."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from exchange import task_states
from runtime import clock, jose
from runtime.errors import OutboundDown
from runtime.tables import RuntimeBase
from smartapp.errors import CaseMoved, TryLater
from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.acknowledge import acknowledge
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.record_decision import Decision, record_decision, send_decision
from smartapp.gateway.send_case import send_case
from smartapp.gateway.settle_parked import settle_parked
from smartapp.store import answers, parked
from smartapp.store.rows import SmartAppBase
from tests.store.smartapp.conftest import Walk
from tests.support.fake_network import opinion
from tests.support.memory_fhir import answer as http_answer

Notes = Callable[[], list[dict[str, Any]]]


def _reasons(walk: Walk) -> list[str]:
    with walk.here.database.read() as session:
        return [item.reason for item in parked.waiting(session)]


def _text(note: dict[str, Any]) -> str:
    return base64.b64decode(note["content"][0]["attachment"]["data"]).decode()


def test_an_answer_goes_into_the_chart_and_the_network_is_told(walk: Walk, notes_in: Notes) -> None:
    answer = walk.answered()
    services = walk.here.services
    assert file_answer(services, answer.case_id, answer.opinion) == "written"
    assert acknowledge(services, answer.case_id, answer.opinion) == "acknowledged"
    (note,) = notes_in()
    assert note["subject"] == {"reference": f"Patient/{walk.here.patient_id}"}
    assert task_states.state_of(walk.here.network.task()[1]) == task_states.CLOSED
    assert walk.case(answer.case_id).stage == "filed"


def test_the_chart_reads_names_and_days_where_the_specialist_read_tokens(
    walk: Walk, notes_in: Notes
) -> None:
    answer = walk.answered()
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    text = _text(notes_in()[0])
    assert "Keep treating Adela Ruth Marrowby medically tonight" in text
    assert "[patient]" not in text
    assert "6 days before" not in text
    assert "not yet reviewed by Dr. Nadia Osei" in text
    assert answer.original_sha256 in text


def test_filing_again_after_a_crash_makes_no_second_note(walk: Walk, notes_in: Notes) -> None:
    answer = walk.answered()
    services = walk.here.services

    class Crash(BaseException):
        """The process dies."""

    def die(name: str) -> None:
        if name == "after_write_before_acknowledge":
            raise Crash

    with pytest.raises(Crash):
        file_answer(replace(services, failpoint=die), answer.case_id, answer.opinion)
    assert file_answer(services, answer.case_id, answer.opinion) == "written"
    assert len(notes_in()) == 1


def test_while_the_ehr_is_down_the_answer_waits(walk: Walk, notes_in: Notes) -> None:
    answer = walk.answered()

    def down() -> Any:
        raise OutboundDown(reason="timeout", label="fhir_read")

    walk.here.chart.fail("Patient/", down)
    with pytest.raises(TryLater):
        file_answer(walk.here.services, answer.case_id, answer.opinion)
    assert notes_in() == []
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "written"


@pytest.mark.parametrize(
    "change",
    [
        {"birthDate": "1959-03-05"},
        {"birthDate": ""},
        {"name": [{"use": "official", "family": "Other", "given": ["Adela"]}]},
        {"link": [{"type": "replaced-by", "other": {"reference": "Patient/x"}}]},
    ],
)
def test_a_patient_who_changed_gets_no_note_before_a_person_looked(
    walk: Walk, notes_in: Notes, change: dict[str, Any]
) -> None:
    answer = walk.answered()
    patient = next(r for r in walk.here.chart.resources if r["resourceType"] == "Patient")
    patient.update(change)
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "parked"
    assert notes_in() == []
    assert _reasons(walk) == ["patient_changed"]


def test_a_name_in_capitals_is_still_the_same_patient(walk: Walk, notes_in: Notes) -> None:
    answer = walk.answered()
    patient = next(r for r in walk.here.chart.resources if r["resourceType"] == "Patient")
    for name in patient["name"]:
        name.update({"family": name["family"].upper()} if "family" in name else {})
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "written"
    assert len(notes_in()) == 1


def test_a_refused_note_is_parked_and_can_be_filed_again(walk: Walk, notes_in: Notes) -> None:
    answer = walk.answered()
    walk.here.chart.fail("POST DocumentReference", lambda: http_answer(403, {}))
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "parked"
    with walk.here.database.read() as session:
        (item,) = parked.waiting(session, answer.case_id)
    settle_parked(
        walk.here.services, walk.launch, answer.case_id, parked_id=item.parked_id, action="again"
    )
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "written"
    assert _reasons(walk) == []
    assert len(notes_in()) == 1


def test_a_note_filed_by_hand_closes_the_case_and_only_once(walk: Walk) -> None:
    answer = walk.answered()
    walk.here.chart.fail("POST DocumentReference", lambda: http_answer(403, {}))
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    with walk.here.database.read() as session:
        (item,) = parked.waiting(session, answer.case_id)
    settle_parked(
        walk.here.services, walk.launch, answer.case_id, parked_id=item.parked_id, action="by_hand"
    )
    assert acknowledge(walk.here.services, answer.case_id, answer.opinion) == "acknowledged"
    with pytest.raises(CaseMoved):
        settle_parked(
            walk.here.services,
            walk.launch,
            answer.case_id,
            parked_id=item.parked_id,
            action="again",
        )


def test_an_answer_signed_with_a_foreign_key_is_not_shown_and_not_filed(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion(), key=jose.new_signing_key("ES384"))
    collect_answers(walk.here.services)
    assert _reasons(walk) == []  # a new key may not be published yet: asked again for an hour
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        collect_answers(walk.here.services)
    with walk.here.database.read() as session:
        found = answers.of_case(
            session, walk.here.services.keyring, case_id=case.case_id, site_id="north"
        )
    assert found == []
    assert _reasons(walk) == ["answer_unverified"]
    assert not [job for job in walk.here.jobs.queued.values() if job[0] == "file"]


def test_an_answer_changed_on_its_way_is_not_shown(walk: Walk) -> None:
    case = walk.send()
    walk.here.network.answer(opinion())
    document = next(
        r for r in walk.here.network.stored.values() if r["resourceType"] == "DocumentReference"
    )
    document["date"] = "2020-01-01T00:00:00Z"
    collect_answers(walk.here.services)
    assert _reasons(walk) == ["answer_unverified"]
    assert walk.case(case.case_id).stage == "parked"


def test_the_same_news_twice_is_news_once(walk: Walk) -> None:
    answer = walk.answered()
    jobs = dict(walk.here.jobs.queued)
    assert collect_answers(walk.here.services) == 0
    assert walk.here.jobs.queued == jobs
    assert walk.answer(answer.case_id).opinion == answer.opinion


def test_a_question_back_is_answered_through_the_same_gate(walk: Walk) -> None:
    case = walk.send()
    services, network = walk.here.services, walk.here.network
    network.ask_back("What does [patient] weigh?")
    collect_answers(services)
    assert walk.case(case.case_id).stage == "question"
    with walk.here.database.read() as session:
        thread = answers.thread(session, services.keyring, case_id=case.case_id, site_id="north")
    assert thread[-1].text == "What does Adela Ruth Marrowby weigh?"

    replying.save_reply(services, walk.launch, case.case_id, "71 kg. Corwin Marrowby helps.")
    revision = replying.prepare_reply(services, walk.launch, case.case_id)
    replying.approve_reply(
        services,
        walk.launch,
        case.case_id,
        revision_id=revision.revision_id,
        sha256=revision.sha256,
    )
    assert send_case(services, f"{case.case_id}.reply.1") == "sent"
    assert network.bodies[-1] == revision.body
    assert b"Corwin" not in revision.body
    assert task_states.state_of(network.task()[1]) == task_states.REVIEWING
    assert walk.case(case.case_id).stage == "sent"


def test_a_decision_reaches_the_network_as_a_code_only(walk: Walk) -> None:
    answer = walk.answered()
    services = walk.here.services
    file_answer(services, answer.case_id, answer.opinion)
    record_decision(
        services,
        walk.launch,
        answer.case_id,
        Decision(
            decision="adapted",
            plan="new-advice",
            referral="avoided",
            patient_value="4",
            doctor_value="5",
            private="Next time I check potassium on day 3 in Mrs. Marrowby.",
        ),
    )
    with pytest.raises(TryLater):
        send_decision(services, answer.case_id)  # not acknowledged yet
    acknowledge(services, answer.case_id, answer.opinion)
    assert send_decision(services, answer.case_id) == "sent"
    output = walk.here.network.task()[1]["output"][-1]
    assert output["valueCodeableConcept"]["coding"][0]["code"] == "adapted"
    assert walk.case(answer.case_id).stage == "closed"


def test_a_database_in_foreign_hands_names_nobody(walk: Walk) -> None:
    answer = walk.answered()
    file_answer(walk.here.services, answer.case_id, answer.opinion)
    content = b""
    with walk.here.database.read() as session:
        for base in (SmartAppBase, RuntimeBase):
            for table in base.metadata.sorted_tables:
                for row in session.execute(select(table)):
                    content += b"|".join(
                        value if isinstance(value, bytes) else str(value).encode() for value in row
                    )
    assert answer.case_id.encode() in content
    for word in (b"Marrowby", b"Corwin", b"40417731", b"Tidesalt", b"otassium"):
        assert word not in content
