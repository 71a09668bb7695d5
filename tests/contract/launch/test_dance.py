"""The launch against a strict authorization server over HTTP; the tokens are then used."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from launch import app_launch
from launch.errors import SignInOver, StateRefused, TokenRefused
from launch.ports import GrantId
from launch.refresh import GrantTokens
from launch.revocation import revoke
from runtime import json_text
from sandbox.faults import Fault
from tests.support.live_ehr import AUTH_METHODS, LiveEhr
from tests.support.sandbox_ehr import ADELA, IVO, query_of
from tests.support.smart_ehr import asked


@pytest.mark.parametrize("client_id", list(AUTH_METHODS))
def test_an_ehr_launch_opens_the_chart_of_its_patient(ehr: LiveEhr, client_id: str) -> None:
    result = ehr.launch(ADELA, client_id)
    assert result.patient == ADELA
    assert result.user.resource_type == "Practitioner"
    assert result.user.is_local
    assert result.scopes_missing == ()
    chart = ehr.session(result)
    patient = json_text.loads(chart.get(f"Patient/{ADELA}").body)
    assert patient["id"] == ADELA
    assert chart.get(result.user.reference).status == 200
    assert chart.get(f"Patient/{IVO}").status in (403, 404)


def test_a_standalone_launch_lets_the_doctor_choose_the_patient(ehr: LiveEhr) -> None:
    client = ehr.desk().client
    browser = ehr.browser()
    target = app_launch.begin(client, asked({"iss": ehr.base}))
    page = ehr.authorize(target, browser)
    back = ehr.choose(browser, page, IVO)
    result = app_launch.finish(client, asked(query_of(back)))
    assert result.patient == IVO


def test_the_encounter_of_the_context_is_readable(ehr: LiveEhr) -> None:
    result = ehr.launch(ADELA)
    assert result.context.encounter is not None
    answer = ehr.session(result).get(f"Encounter/{result.context.encounter}")
    assert answer.status == 200


def test_a_launch_value_is_good_once(ehr: LiveEhr) -> None:
    client = ehr.desk().client
    value = ehr.launch_value(ADELA)
    asked_for = asked({"iss": ehr.base, "launch": value})
    first = query_of(ehr.authorize(app_launch.begin(client, asked_for)))
    second = query_of(ehr.authorize(app_launch.begin(client, asked_for)))
    assert "code" in first
    assert second["error"] == "invalid_request"


def test_t06_a_code_and_a_callback_are_good_once(ehr: LiveEhr) -> None:
    client = ehr.desk().client
    value = ehr.launch_value(ADELA)
    target = app_launch.begin(client, asked({"iss": ehr.base, "launch": value}))
    callback = query_of(ehr.authorize(target))
    app_launch.finish(client, asked(callback))
    with pytest.raises(StateRefused):
        app_launch.finish(client, asked(callback))
    other = query_of(
        ehr.authorize(
            app_launch.begin(client, asked({"iss": ehr.base, "launch": ehr.launch_value(ADELA)}))
        )
    )
    with pytest.raises(TokenRefused) as caught:
        app_launch.finish(client, asked({**other, "code": callback["code"]}))
    assert caught.value.ehr_code == "invalid_grant"


def test_v29_ten_requests_at_expiry_rotate_the_refresh_token_once(ehr: LiveEhr) -> None:
    result = ehr.launch(ADELA)
    desk = ehr.desk()
    source = GrantTokens(client=desk.client, grant_id=result.grant_id)
    stale = source.current()
    with ThreadPoolExecutor(max_workers=10) as pool:
        renewed = set(pool.map(lambda _n: source.renew(stale), range(10)))
    assert len(renewed) == 1
    # A second use of the old refresh token would have ended the family; this one still works.
    again = source.renew(renewed.pop())
    assert ehr.session(result).get(f"Patient/{ADELA}").status == 200
    assert again == source.current()


def test_an_access_token_that_just_ended_is_renewed_unseen(ehr: LiveEhr) -> None:
    result = ehr.launch(ADELA)
    chart = ehr.session(result)
    before = chart.tokens.current()
    ehr.arm(Fault(effect="expire_token", method="GET"))
    assert chart.get(f"Patient/{ADELA}").status == 200
    assert chart.tokens.current() != before


def test_after_revocation_nothing_opens(ehr: LiveEhr) -> None:
    result = ehr.launch(ADELA)
    chart = ehr.session(result)
    token = chart.tokens.current()
    assert revoke(ehr.desk().client, result.grant_id) == "revoked"
    with pytest.raises(SignInOver):
        chart.get(f"Patient/{ADELA}")

    class Kept:
        def current(self) -> str:
            return token

        def renew(self, stale: str) -> str:
            raise SignInOver(step=app_launch.Step.REFRESH)

    old = type(chart)(base_url=chart.base_url, outbound=chart.outbound, tokens=Kept())
    with pytest.raises(SignInOver):
        old.get(f"Patient/{ADELA}")


def test_two_patients_in_two_windows_stay_apart(ehr: LiveEhr) -> None:
    first, second = ehr.launch(ADELA), ehr.launch(IVO)
    assert first.grant_id != second.grant_id
    assert ehr.session(first).get(f"Patient/{IVO}").status in (403, 404)
    assert ehr.session(second).get(f"Patient/{IVO}").status == 200


def test_the_gateways_own_account_sees_what_it_was_registered_for(ehr: LiveEhr) -> None:
    chart = ehr.backend()
    assert chart.get(f"Patient/{ADELA}").status == 200
    assert chart.get("Observation", [("patient", ADELA)]).status == 403


def test_a_token_service_on_a_bad_day_is_tried_again_for_the_backend(ehr: LiveEhr) -> None:
    ehr.arm(Fault(effect="error_500", place="token"))
    assert ehr.backend().get(f"Patient/{ADELA}").status == 200


def test_an_unknown_grant_opens_nothing(ehr: LiveEhr) -> None:
    source = GrantTokens(client=ehr.desk().client, grant_id=GrantId("made-up"))
    with pytest.raises(SignInOver):
        source.current()
