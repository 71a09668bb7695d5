"""Renewing tokens: once for all who ask, never for another patient, never wider."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine

from launch import token_set
from launch.errors import (
    PatientChanged,
    RefreshBusy,
    SignInOver,
    TokenAnswerInvalid,
    TokenRefused,
    TokenUnreachable,
)
from launch.ports import GrantId
from launch.refresh import GrantTokens
from runtime import clock
from tests.support.launch_stores import Desk, MemoryTokens
from tests.support.smart_ehr import SmartEhr, json_answer, launch


def _source(desk: Desk, ehr: SmartEhr) -> GrantTokens:
    return GrantTokens(client=desk.client, grant_id=launch(desk, ehr).grant_id)


def _stored(desk: Desk, source: GrantTokens) -> token_set.TokenSet:
    return token_set.from_record(desk.token_store.records[source.grant_id])


def _refreshes(ehr: SmartEhr) -> list[dict[str, str]]:
    return [form for form in ehr.forms if form["grant_type"] == "refresh_token"]


def test_a_token_is_used_until_shortly_before_its_end(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    assert source.current() == "access-1"
    with time_machine.travel(clock.now() + timedelta(seconds=279)):
        assert source.current() == "access-1"
    with time_machine.travel(clock.now() + timedelta(seconds=281)):
        assert source.current() == "access-2"
    assert len(_refreshes(ehr)) == 1


def test_ten_requests_at_once_cause_exactly_one_refresh(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    gate = threading.Barrier(10)

    def renew(_n: int) -> str:
        gate.wait()
        return source.renew("access-1")

    with ThreadPoolExecutor(max_workers=10) as pool:
        got = list(pool.map(renew, range(10)))
    assert set(got) == {"access-2"}
    assert len(_refreshes(ehr)) == 1
    assert desk.token_store.leases == {}


def test_a_returned_refresh_token_replaces_the_old_one(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    answer = {"access_token": "a-9", "token_type": "bearer", "refresh_token": "refresh-1"}
    ehr.refresh_override = [json_answer(200, answer)]
    assert source.renew("access-1") == "a-9"
    assert _stored(desk, source).refresh_token == "refresh-1"
    source.renew("a-9")
    assert [form["refresh_token"] for form in _refreshes(ehr)] == ["refresh-0", "refresh-1"]


def test_the_old_refresh_token_stays_when_none_comes(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    source.renew("access-1")
    source.renew("access-2")
    assert [form["refresh_token"] for form in _refreshes(ehr)] == ["refresh-0", "refresh-0"]


def test_without_a_refresh_token_the_sign_in_is_over(desk: Desk, ehr: SmartEhr) -> None:
    ehr.token_answer["refresh_token"] = None
    source = _source(desk, ehr)
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        # Nothing can renew it: the EHR decides whether the old one still opens anything.
        assert source.current() == "access-1"
    with pytest.raises(SignInOver):
        source.renew("access-1")
    assert _refreshes(ehr) == []


def test_a_grant_that_is_gone_is_over(desk: Desk, ehr: SmartEhr) -> None:
    source = GrantTokens(client=desk.client, grant_id=GrantId("gone"))
    for ask in (source.current, lambda: source.renew("x")):
        with pytest.raises(SignInOver):
            ask()


def test_a_removed_site_ends_its_grants(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    desk.sites.sites.clear()
    with pytest.raises(SignInOver):
        source.renew("access-1")
    assert _refreshes(ehr) == []
    assert desk.token_store.leases == {}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_dead_refresh_token_means_start_again(desk: Desk, ehr: SmartEhr, status: int) -> None:
    source = _source(desk, ehr)
    body = {} if status == 403 else {"error": "invalid_grant"}
    ehr.refresh_override = [json_answer(status, body)]
    with pytest.raises(SignInOver):
        source.renew("access-1")
    assert desk.token_store.leases == {}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_answer(400, {"error": "invalid_client"}), TokenRefused),
        ((503, {}, b""), TokenUnreachable),
        ((200, {}, b"junk"), TokenAnswerInvalid),
    ],
)
def test_a_failed_refresh_keeps_what_is_stored_and_gives_the_lease_back(
    desk: Desk, ehr: SmartEhr, answer: tuple[int, dict[str, str], bytes], error: type[Exception]
) -> None:
    source = _source(desk, ehr)
    ehr.refresh_override = [answer]
    with pytest.raises(error):
        source.renew("access-1")
    assert _stored(desk, source).access_token == "access-1"
    assert source.renew("access-1").startswith("access-")


def test_t34_a_refresh_for_another_patient_ends_the_grant(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    answer = {"access_token": "a-9", "token_type": "Bearer", "patient": "p-2"}
    ehr.refresh_override = [json_answer(200, answer)]
    with pytest.raises(PatientChanged):
        source.renew("access-1")
    assert desk.token_store.records == {}


def test_the_same_patient_and_an_odd_id_token_at_refresh_change_nothing(
    desk: Desk, ehr: SmartEhr
) -> None:
    source = _source(desk, ehr)
    answer = {
        "access_token": "a-9",
        "token_type": "Bearer",
        "patient": "p-1",
        "id_token": "an id_token without audience and nonce",
    }
    ehr.refresh_override = [json_answer(200, answer)]
    assert source.renew("access-1") == "a-9"
    assert _stored(desk, source).patient == "p-1"


def test_a_refresh_never_widens_what_the_login_granted(desk: Desk, ehr: SmartEhr) -> None:
    ehr.context["scope"] = "launch patient/Observation.rs"
    source = _source(desk, ehr)
    scope = "launch patient/Observation.read patient/*.cruds"
    answer = {"access_token": "a-9", "token_type": "Bearer", "scope": scope}
    ehr.refresh_override = [json_answer(200, answer)]
    source.renew("access-1")
    assert _stored(desk, source).scopes == ("launch", "patient/Observation.read")


def test_each_refresh_has_its_own_assertion(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    source.renew("access-1")
    source.renew("access-2")
    # login + two refreshes; the EHR refuses a second use of a jti itself
    assert len(ehr.seen_jti) == 3


def test_whoever_waits_gets_what_the_holder_stored(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    until = clock.now() + timedelta(seconds=30)
    assert desk.token_store.lease(source.grant_id, holder="another", until=until)

    def holder_finishes() -> None:
        stored = _stored(desk, source)
        renewed = stored.renewed({"access_token": "by-another", "expires_in": 300})
        desk.token_store.save(source.grant_id, renewed.to_record())

    timer = threading.Timer(0.1, holder_finishes)
    timer.start()
    assert source.renew("access-1") == "by-another"
    timer.join()
    assert _refreshes(ehr) == []


def test_a_holder_that_died_is_succeeded_when_its_lease_runs_out(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    until = clock.now() + timedelta(seconds=0.2)
    assert desk.token_store.lease(source.grant_id, holder="dead", until=until)
    assert source.renew("access-1") == "access-2"


def test_waiting_for_a_slow_holder_ends(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)
    until = clock.now() + timedelta(hours=1)
    desk.token_store.lease(source.grant_id, holder="slow", until=until)
    with pytest.raises(RefreshBusy):
        replace(source, wait_seconds=0.12).renew("access-1")
    assert _refreshes(ehr) == []


@pytest.mark.parametrize(
    ("announced", "seconds"),
    [
        (300, 300),
        ("300", 300),
        (" 300 ", 300),
        (None, None),
        ("soon", None),
        (True, None),
        (-1, None),
        (0, None),
    ],
)
def test_the_announced_end_may_be_number_text_or_missing(
    announced: object, seconds: int | None
) -> None:
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        found = token_set.expiry(announced)
        expected = None if seconds is None else clock.now() + timedelta(seconds=seconds)
        assert found == expected


def test_a_token_set_survives_its_record(desk: Desk, ehr: SmartEhr) -> None:
    result = launch(desk, ehr)
    assert token_set.from_record(desk.token_store.records[result.grant_id]) == result.tokens
    endless = result.tokens.renewed({"access_token": "x"})
    assert token_set.from_record(endless.to_record()) == endless
    assert endless.is_current


def test_tokens_stored_just_before_the_lease_are_used(desk: Desk, ehr: SmartEhr) -> None:
    source = _source(desk, ehr)

    class Late(MemoryTokens):
        def lease(self, grant_id: GrantId, *, holder: str, until: datetime) -> bool:
            stored = token_set.from_record(self.records[grant_id])
            renewed = stored.renewed({"access_token": "stored_just_before", "expires_in": 300})
            self.save(grant_id, renewed.to_record())
            return super().lease(grant_id, holder=holder, until=until)

    late = replace(desk.client, token_store=Late(records=desk.token_store.records))
    assert replace(source, client=late).renew("access-1") == "stored_just_before"
    assert _refreshes(ehr) == []
