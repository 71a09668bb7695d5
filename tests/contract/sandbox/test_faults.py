"""The fault switches do what they say, to whom they say, as often as they say."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import clock
from sandbox import faults
from sandbox.faults import Fault
from tests.support.live_server import served
from tests.support.sandbox_ehr import ADELA, SECRET, WRITE, SandboxEhr, call, ids, note
from tests.support.sandbox_tokens import granted

KEY = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture(autouse=True)
def _switches_off(ehr: SandboxEhr) -> Iterator[None]:
    yield
    with ehr.services.database.transaction() as session:
        faults.clear(session)


def arm(ehr: SandboxEhr, **rule: Any) -> None:
    assert ehr.browser().post("/sandbox/faults", headers=KEY, json=rule).status_code == 200


def test_a_type_answers_500_as_often_as_armed(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")
    arm(ehr, effect="error_500", resource_type="Observation", times=2)
    statuses = [call(ehr, token, f"Observation?patient={ADELA}").status_code for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert call(ehr, token, f"Patient/{ADELA}").status_code == 200


def test_every_third_call_can_strike_for_ever(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")
    arm(ehr, effect="error_500", every=3, times=-1)

    statuses = [call(ehr, token, f"Patient/{ADELA}").status_code for _ in range(6)]
    assert statuses == [200, 200, 500, 200, 200, 500]


def test_throttling_says_when_to_come_back(ehr: SandboxEhr) -> None:
    arm(ehr, effect="throttle", milliseconds=7000)
    answer = call(ehr, ehr.token("patient/*.rs"), f"Patient/{ADELA}")

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"


def test_latency_delays_and_then_answers(ehr: SandboxEhr) -> None:
    arm(ehr, effect="latency", milliseconds=200)
    began = clock.monotonic()
    answer = call(ehr, ehr.token("patient/*.rs"), f"Patient/{ADELA}")

    assert answer.status_code == 200
    assert clock.monotonic() - began >= 0.2


def test_a_token_can_expire_in_the_middle_of_work(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")
    arm(ehr, effect="expire_token")

    assert call(ehr, token, f"Patient/{ADELA}").status_code == 401
    assert call(ehr, token, f"Patient/{ADELA}").status_code == 401
    assert call(ehr, ehr.token("patient/*.rs"), f"Patient/{ADELA}").status_code == 200


@pytest.mark.parametrize(("effect", "kept"), [("commit_then_500", 1), ("error_500", 0)])
def test_a_write_that_answers_500_may_or_may_not_be_kept(
    ehr: SandboxEhr, effect: str, kept: int
) -> None:
    token = ehr.token(WRITE)
    before = ids(call(ehr, token, "DocumentReference"))
    arm(ehr, effect=effect, method="POST", resource_type="DocumentReference")
    answer = call(ehr, token, "DocumentReference", "POST", note())

    assert answer.status_code == 500
    assert len(ids(call(ehr, token, "DocumentReference")) - before) == kept


@pytest.mark.parametrize(("effect", "kept"), [("drop_after", 1), ("drop_before", 0)])
def test_a_dropped_connection_brings_no_answer_at_all(
    ehr: SandboxEhr, effect: str, kept: int
) -> None:
    token = ehr.token(WRITE)
    before = ids(call(ehr, token, "DocumentReference"))
    arm(ehr, effect=effect, method="POST")
    with served(lambda _: ehr.app) as base:
        connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=5)
        connection.request(
            "POST",
            "/fhir/DocumentReference",
            body=json.dumps(note()),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/fhir+json",
            },
        )
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse()

    assert len(ids(call(ehr, token, "DocumentReference")) - before) == kept


def test_the_door_is_shut_without_the_secret(ehr: SandboxEhr) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = ehr.browser().post(
            "/sandbox/faults", headers=headers, json={"effect": "error_500"}
        )
        assert answer.status_code == 403
    with ehr.services.database.read() as session:
        assert not faults.any_armed(session)


@pytest.mark.parametrize(
    "rule",
    [{"effect": "explode"}, {"effect": "latency", "milliseconds": 10**9}, {"times": 1}, [1]],
)
def test_a_switch_that_does_not_exist_is_refused(ehr: SandboxEhr, rule: Any) -> None:
    assert ehr.browser().post("/sandbox/faults", headers=KEY, json=rule).status_code == 400


def test_the_token_endpoint_has_switches_of_its_own(ehr: SandboxEhr) -> None:
    with ehr.services.database.transaction() as session:
        faults.arm(session, [Fault(effect="error_500", place="token")])
    form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}

    assert ehr.browser().post("/auth/token", data=form).status_code == 500
    assert ehr.browser().post("/auth/token", data=form).status_code == 401


def test_a_grant_can_fail_to_say_whose_chart_is_open(ehr: SandboxEhr) -> None:
    arm(ehr, effect="no_patient", place="token")
    answer = granted(ehr)
    assert answer["access_token"]
    assert answer["id_token"]
    assert "patient" not in answer
    assert granted(ehr)["patient"] == ADELA
