"""The one door out: approved bytes as they are, coded changes only, nothing else."""

import copy
import hashlib
from typing import Any

import pytest

from exchange import decision, names, parts, task_states
from exchange.task_states import Event
from runtime import clock, jose
from smartapp.errors import BytesAltered, ConsultRefused, ConsultUnreachable
from smartapp.gateway.consult_link import ConsultLink
from smartapp.gateway.egress import CodedParcel, SealedParcel, content_digest, leave
from tests.support.fake_network import BASE, FakeNetwork

Json = dict[str, Any]


@pytest.fixture
def network() -> FakeNetwork:
    return FakeNetwork()


@pytest.fixture
def link(network: FakeNetwork) -> ConsultLink:
    return ConsultLink(
        network,  # type: ignore[arg-type]  # a fake of the outbound client
        base_url=BASE,
        client_id="hospital-a",
        key=jose.new_signing_key("ES384"),
    )


@pytest.fixture
def task(network: FakeNetwork) -> Json:
    now = task_states.instant(clock.now())
    network._keep(
        "Task/1",
        {
            "resourceType": "Task",
            "status": "completed",
            "businessStatus": parts.concept(names.CS_CASE_STATUS, "answered"),
            "intent": "order",
            "lastModified": now,
            "description": "as it was",
        },
    )
    return network.stored["Task/1"]


def test_a_coded_change_is_sent_against_the_version_that_was_read(
    link: ConsultLink, network: FakeNetwork, task: Json
) -> None:
    leave(link, CodedParcel(before=task, after=decision.closed(task, clock.now())))
    assert task_states.state_of(network.stored["Task/1"]) == task_states.CLOSED
    with pytest.raises(ConsultRefused) as refused:
        leave(link, CodedParcel(before=task, after=decision.closed(task, clock.now())))
    assert refused.value.facts["status"] == 412


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Mrs. Marrowby died"},
        {"note": [{"text": "Mrs. Marrowby"}]},
        {"status": "completed because Mrs. Marrowby"},
        {"businessStatus": {"text": "Marrowby"}},
        {"businessStatus": {"coding": [{"system": "urn:x", "code": "Marrowby"}]}},
        {"statusReason": {"coding": [], "text": "Marrowby"}},
        {"output": [{"type": {"text": "x"}, "valueString": "Marrowby"}]},
    ],
)
def test_free_text_has_no_way_into_a_coded_change(
    link: ConsultLink, network: FakeNetwork, task: Json, change: Json
) -> None:
    after = {**copy.deepcopy(task), **change}
    with pytest.raises(BytesAltered):
        leave(link, CodedParcel(before=task, after=after))
    assert network.stored["Task/1"]["meta"]["versionId"] == "1"


def test_a_decision_is_a_coded_change(link: ConsultLink, task: Json) -> None:
    closed = task_states.apply(task, Event.CLOSE, clock.now())
    after = decision.decided(closed, "followed", clock.now())
    assert leave(link, CodedParcel(before=closed, after=after)).status == 200


def test_bytes_that_are_not_the_approved_ones_do_not_leave(
    link: ConsultLink, network: FakeNetwork
) -> None:
    digest = hashlib.sha256(b"approved").hexdigest()
    with pytest.raises(BytesAltered):
        leave(link, SealedParcel(submission="s", sha256=digest, body=b"changed"))
    assert network.bodies == []


def test_an_unreachable_network_is_told_apart_from_a_refusal(
    link: ConsultLink, network: FakeNetwork
) -> None:
    parcel = SealedParcel(submission="s", sha256=hashlib.sha256(b"{}").hexdigest(), body=b"{}")
    network.refuse_with = 503
    with pytest.raises(ConsultUnreachable):
        leave(link, parcel)
    network.refuse_with = 422
    with pytest.raises(ConsultRefused):
        leave(link, parcel)
    network.down = True
    with pytest.raises(ConsultUnreachable):
        leave(link, parcel)


def test_the_content_digest_is_that_of_the_standard() -> None:
    # RFC 9530, appendix D: the digest of the two bytes `{}` and a line feed is another one.
    assert content_digest(b"") == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
