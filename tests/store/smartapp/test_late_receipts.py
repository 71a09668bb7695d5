"""A worker dies after sending; news comes first, the receipt late: the case never goes back."""

from dataclasses import replace

import pytest

from smartapp.gateway import reply_to_question as replying
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.send_case import send_case
from smartapp.gateway.services import GatewayServices
from tests.store.smartapp.conftest import Walk
from tests.support.fake_network import opinion


class Crash(BaseException):
    """The process dies."""


def _dying(services: GatewayServices) -> GatewayServices:
    def die(name: str) -> None:
        if name == "after_send_before_receipt":
            raise Crash

    return replace(services, failpoint=die)


def _send_and_die(walk: Walk) -> str:
    case = walk.approve()
    with pytest.raises(Crash):
        send_case(_dying(walk.here.services), f"{case.case_id}.submit.1")
    walk.here.network.claim()
    return case.case_id


def test_a_question_that_came_before_the_receipt_stays_a_question(walk: Walk) -> None:
    case_id = _send_and_die(walk)
    walk.here.network.ask_back("What does [patient] weigh?")
    collect_answers(walk.here.services)

    assert send_case(walk.here.services, f"{case_id}.submit.1") == "sent"
    case = walk.case(case_id)
    assert (case.stage, case.business_status) == ("question", "awaiting-information")
    assert len(walk.here.network.bodies) == 2  # sent again; the network knows the key


def test_an_answer_that_came_before_the_receipt_stays_an_answer(walk: Walk) -> None:
    case_id = _send_and_die(walk)
    walk.here.network.answer(opinion())
    collect_answers(walk.here.services)

    assert send_case(walk.here.services, f"{case_id}.submit.1") == "sent"
    assert walk.case(case_id).stage == "answered"


def test_a_second_question_that_came_before_the_receipt_of_the_reply_is_seen(walk: Walk) -> None:
    services, network = walk.here.services, walk.here.network
    case_id = walk.send().case_id
    network.ask_back("What does [patient] weigh?")
    collect_answers(services)
    replying.save_reply(services, walk.launch, case_id, "71 kg.")
    revision = replying.prepare_reply(services, walk.launch, case_id)
    replying.approve_reply(
        services,
        walk.launch,
        case_id,
        revision_id=revision.revision_id,
        sha256=revision.sha256,
    )
    with pytest.raises(Crash):
        send_case(_dying(services), f"{case_id}.reply.1")
    network.ask_back("And how tall?")
    collect_answers(services)

    assert send_case(services, f"{case_id}.reply.1") == "sent"
    assert walk.case(case_id).stage == "question"
