"""The launch by an EHR and standalone, and every way in which it must not succeed."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
import responses
import time_machine

from launch import app_launch
from launch.app_launch import GuardedAuth
from launch.errors import (
    AuthorizationRefused,
    ClientKeyMissing,
    DiscoveryInvalid,
    IssuerMalformed,
    IssuerMixedUp,
    IssuerUnknown,
    LaunchParameterRefused,
    PatientMissing,
    StateRefused,
    TokenAnswerInvalid,
    TokenRefused,
    TokenUnreachable,
    UserNotClinician,
)
from launch.ports import BrowserRequest
from runtime import clock
from tests.support.launch_stores import ISSUER, Desk, MemorySecrets, MemorySites, make_site
from tests.support.smart_ehr import (
    AUTH,
    BROWSER,
    OPENID_ISSUER,
    SmartEhr,
    asked,
    json_answer,
    launch,
    sent_by,
    start,
)


def test_a_launch_ends_with_patient_user_and_stored_tokens(desk: Desk, ehr: SmartEhr) -> None:
    result = launch(desk, ehr)
    assert result.patient == "p-1"
    assert result.context.encounter == "e-1"
    assert result.user.reference == "Practitioner/d-1"
    assert result.user.is_local
    assert result.scopes_missing == ()
    assert result.tokens.can_refresh
    assert list(desk.token_store.records) == [result.grant_id]


def test_the_ehr_launch_echoes_the_launch_value_and_asks_for_its_scope(
    desk: Desk, ehr: SmartEhr
) -> None:
    sent = sent_by(start(desk))
    assert sent["launch"] == "opaque-1"
    assert sent["scope"].split()[0] == "launch"
    assert not {"launch/patient", "launch/encounter"} & set(sent["scope"].split())


def test_the_scope_launch_is_asked_for_even_when_the_site_forgot_it(ehr: SmartEhr) -> None:
    desk = Desk(sites=MemorySites([make_site(scopes=("openid", "patient/*.rs"))]))
    assert sent_by(start(desk))["scope"] == "launch openid patient/*.rs"


def test_the_standalone_launch_asks_for_a_patient_and_sends_no_launch_value(
    desk: Desk, ehr: SmartEhr
) -> None:
    sent = sent_by(start(desk, launch=None))
    assert "launch" not in sent
    wanted = sent["scope"].split()
    assert wanted[:2] == ["launch/patient", "launch/encounter"]
    assert "launch" not in wanted
    assert app_launch.finish(desk.client, asked(ehr.authorize(sent))).patient == "p-1"


def test_a_site_may_forbid_the_standalone_launch(mock: responses.RequestsMock) -> None:
    desk = Desk(sites=MemorySites([make_site(standalone=False)]))
    with pytest.raises(LaunchParameterRefused):
        start(desk, launch=None)
    assert len(mock.calls) == 0


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example/fhir",
        "https://ehr.example/other",
        "https://ehr.example.evil.example/fhir",
        "https://ehr.example:8443/fhir",
        "HTTPS://EHR.EXAMPLE/fhir",
        "https://ehr.example/fhir//",
        "https://10.0.0.1/fhir",
        "https://169.254.169.254/latest",
    ],
)
def test_an_unknown_issuer_causes_no_outbound_call(
    desk: Desk, mock: responses.RequestsMock, issuer: str
) -> None:
    with pytest.raises(IssuerUnknown) as caught:
        start(desk, issuer=issuer)
    assert len(mock.calls) == 0
    assert issuer not in str(caught.value)


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "ehr.example/fhir",
        "file:///etc/passwd",
        "ftp://ehr.example/fhir",
        "http://ehr.example/fhir",
        "http://127.0.0.1/fhir",
        "https://user:pass@ehr.example/fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir#x",
        "https://ehr.example\\@evil.example/fhir",
        "https://ehr.example/ fhir",
        "https://ehr.example:port/fhir",
        "https:///fhir",
        "https://ehr.example/" + "a" * 2048,
    ],
)
def test_a_malformed_issuer_causes_no_outbound_call(
    desk: Desk, mock: responses.RequestsMock, issuer: str
) -> None:
    with pytest.raises(IssuerMalformed):
        start(desk, issuer=issuer)
    assert len(mock.calls) == 0


def test_an_issuer_with_an_end_slash_is_found_and_kept_byte_for_byte_as_audience(
    desk: Desk, ehr: SmartEhr
) -> None:
    target = start(desk, issuer=f"{ISSUER}/")
    assert sent_by(target)["aud"] == f"{ISSUER}/"


def test_a_store_that_answers_with_another_site_is_not_believed(
    mock: responses.RequestsMock,
) -> None:
    class Wrong(MemorySites):
        def by_issuer(self, issuer: str) -> object:  # type: ignore[override]
            return self.sites[0]

    with pytest.raises(IssuerUnknown):
        start(Desk(sites=Wrong()), issuer="https://other.example/fhir")
    assert len(mock.calls) == 0


def test_state_nonce_and_challenge_are_fresh_and_long_every_time(desk: Desk, ehr: SmartEhr) -> None:
    sent = [sent_by(start(desk)) for _ in range(20)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({one[name] for one in sent}) == 20
        # 43 characters of base64url hold 256 bits.
        assert {len(one[name]) for one in sent} == {43}


def test_neither_the_state_nor_the_browser_secret_is_stored_in_clear(
    desk: Desk, ehr: SmartEhr
) -> None:
    state = sent_by(start(desk))["state"]
    stored = repr(list(desk.states.records.items()))
    assert state not in stored
    assert BROWSER not in stored


def test_pkce_is_sent_although_the_ehr_does_not_announce_it(desk: Desk, ehr: SmartEhr) -> None:
    del ehr.configuration["code_challenge_methods_supported"]
    sent = sent_by(start(desk))
    assert sent["code_challenge_method"] == "S256"
    assert launch(desk, ehr).patient == "p-1"


def test_a_callback_is_good_once(desk: Desk, ehr: SmartEhr) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    app_launch.finish(desk.client, asked(callback))
    before = len(ehr.forms)
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback))
    assert len(ehr.forms) == before


@pytest.mark.parametrize("browser", [None, "", "another-browser"])
def test_a_callback_in_another_browser_is_refused_and_used_up(
    desk: Desk, ehr: SmartEhr, browser: str | None
) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback, browser))
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback))
    assert ehr.forms == []


def test_a_callback_with_a_made_up_state_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    with pytest.raises(StateRefused):
        launch(desk, ehr, state="made-up")
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked({"code": "c"}))
    assert ehr.forms == []


def test_a_callback_after_ten_minutes_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    with (
        time_machine.travel(clock.now() + timedelta(minutes=10, seconds=1)),
        pytest.raises(StateRefused),
    ):
        app_launch.finish(desk.client, asked(callback))


def test_a_site_removed_during_the_launch_ends_it(desk: Desk, ehr: SmartEhr) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    desk.sites.sites.clear()
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback))


def test_a_launch_without_a_browser_secret_is_refused(
    desk: Desk, mock: responses.RequestsMock
) -> None:
    with pytest.raises(LaunchParameterRefused):
        app_launch.begin(desk.client, asked({"iss": ISSUER, "launch": "x"}, None))
    assert len(mock.calls) == 0


@pytest.mark.parametrize(
    "params",
    [
        (("iss", ISSUER), ("iss", "https://evil.example"), ("launch", "x")),
        (("iss", ISSUER), ("launch", "x"), ("launch", "y")),
        (("iss", ISSUER), ("launch", "x" * 5000)),
    ],
)
def test_repeated_and_oversized_parameters_are_refused(
    desk: Desk, mock: responses.RequestsMock, params: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(LaunchParameterRefused):
        app_launch.begin(desk.client, BrowserRequest(params=params, browser_secret=BROWSER))
    assert len(mock.calls) == 0


def test_a_callback_that_names_another_issuer_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    with pytest.raises(IssuerMixedUp):
        launch(desk, ehr, iss="https://evil.example")
    assert ehr.forms == []


def test_a_callback_may_name_the_announced_issuer(desk: Desk, ehr: SmartEhr) -> None:
    ehr.configuration["authorization_response_iss_parameter_supported"] = True
    assert launch(desk, ehr, iss=OPENID_ISSUER).patient == "p-1"


def test_an_ehr_that_promises_the_issuer_must_name_it(desk: Desk, ehr: SmartEhr) -> None:
    ehr.configuration["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(IssuerMixedUp):
        launch(desk, ehr)


def test_an_error_answer_shows_the_registered_code_and_nothing_else(
    desk: Desk, ehr: SmartEhr
) -> None:
    state = sent_by(start(desk))["state"]
    told = {"error": "access_denied", "error_description": "<b>Wendell</b>", "state": state}
    with pytest.raises(AuthorizationRefused) as caught:
        app_launch.finish(desk.client, asked(told))
    assert caught.value.ehr_code == "access_denied"
    assert "Wendell" not in str(caught.value)
    assert caught.value.reference in str(caught.value)
    assert desk.states.records == {}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("login_required", "login_required"),
        ("urn:cerner:error:authorization-server:oauth2:grant:unknown-tenant", "unknown-tenant"),
        ("Wendell Stanton is not your patient", "unrecognized"),
    ],
)
def test_an_error_answer_without_state_touches_no_pending_launch(
    desk: Desk, ehr: SmartEhr, told: str, kept: str
) -> None:
    start(desk)
    with pytest.raises(AuthorizationRefused) as caught:
        app_launch.finish(desk.client, asked({"error": told}))
    assert caught.value.ehr_code == kept
    assert len(desk.states.records) == 1


def test_a_callback_without_a_code_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    state = sent_by(start(desk))["state"]
    with pytest.raises(LaunchParameterRefused):
        app_launch.finish(desk.client, asked({"state": state, "code": ""}))


def test_no_patient_in_the_context_ends_the_launch_and_keeps_nothing(
    desk: Desk, ehr: SmartEhr
) -> None:
    del ehr.context["patient"]
    with pytest.raises(PatientMissing):
        launch(desk, ehr)
    assert desk.token_store.records == {}


@pytest.mark.parametrize("kind", ["Patient", "RelatedPerson"])
def test_patients_and_relatives_may_not_ask(desk: Desk, ehr: SmartEhr, kind: str) -> None:
    ehr.claims["fhirUser"] = f"{kind}/x"
    with pytest.raises(UserNotClinician):
        launch(desk, ehr)
    assert desk.token_store.records == {}


def test_scopes_that_were_not_granted_are_listed(desk: Desk, ehr: SmartEhr) -> None:
    ehr.context["scope"] = "launch openid patient/Patient.read"
    result = launch(desk, ehr)
    assert result.scopes_missing == ("patient/*.rs",)


@pytest.mark.parametrize(
    ("scope", "granted"),
    [("", ()), (None, ("launch", "openid", "fhirUser", "patient/*.rs", "online_access"))],
)
def test_an_empty_scope_is_nothing_and_a_missing_one_is_the_wish(
    desk: Desk, ehr: SmartEhr, scope: str | None, granted: tuple[str, ...]
) -> None:
    if scope is None:
        del ehr.context["scope"]
    else:
        ehr.context["scope"] = scope
    assert launch(desk, ehr).tokens.scopes == granted


def test_a_scope_that_is_no_text_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    ehr.context["scope"] = ["launch"]
    with pytest.raises(TokenAnswerInvalid):
        launch(desk, ehr)


def test_an_ehr_without_an_authorize_address_cannot_be_launched_from(
    desk: Desk, ehr: SmartEhr
) -> None:
    del ehr.configuration["authorization_endpoint"]
    with pytest.raises(DiscoveryInvalid):
        start(desk)


def test_parameters_of_the_authorize_address_are_kept(desk: Desk, ehr: SmartEhr) -> None:
    ehr.configuration["authorization_endpoint"] = f"{AUTH}/authorize?tenant=7"
    target = start(desk)
    assert sent_by(target)["tenant"] == "7"
    assert urlsplit(target.url).query.count("?") == 0


def test_a_long_request_is_posted_where_the_ehr_takes_posts(ehr: SmartEhr) -> None:
    wide = tuple(f"patient/Type{'x' * 40}{i}.rs" for i in range(250))
    desk = Desk(sites=MemorySites([make_site(scopes=("launch", "openid", *wide))]))
    assert start(desk).method == "GET"
    ehr.configuration["capabilities"].append("authorize-post")
    desk.client.discovery.forget(desk.sites.sites[0], ISSUER)
    target = start(desk)
    assert target.method == "POST"
    assert target.url == f"{AUTH}/authorize"
    assert len(sent_by(target)["scope"]) > 10_000
    assert app_launch.finish(desk.client, asked(ehr.authorize(sent_by(target)))).patient == "p-1"


@pytest.mark.parametrize("method", ["public", "client_secret_basic", "private_key_jwt"])
def test_each_way_of_proving_the_client_works(mock: responses.RequestsMock, method: str) -> None:
    site = make_site(client_auth=method)
    ehr = SmartEhr(site=site)
    ehr.serve(mock)
    assert launch(Desk(sites=MemorySites([site])), ehr).patient == "p-1"


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_the_assertion_is_signed_with_either_algorithm(ehr: SmartEhr, algorithm: str) -> None:
    desk = Desk(secrets=MemorySecrets(algorithms=("ES384", "RS384")))
    ehr.configuration["token_endpoint_auth_signing_alg_values_supported"] = [algorithm]
    assert launch(desk, ehr).patient == "p-1"


def test_a_missing_key_or_secret_is_a_named_fault(mock: responses.RequestsMock) -> None:
    site = make_site(client_auth="client_secret_basic")
    ehr = SmartEhr(site=site)
    ehr.serve(mock)
    desk = Desk(sites=MemorySites([site]), secrets=MemorySecrets(secret=None))
    with pytest.raises(ClientKeyMissing):
        launch(desk, ehr)
    other = SmartEhr(site=make_site())
    other.serve(mock)
    with pytest.raises(ClientKeyMissing):
        launch(Desk(secrets=MemorySecrets(algorithms=())), other)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (json_answer(400, {"error": "invalid_grant"}), TokenRefused, "invalid_grant"),
        (json_answer(401, {"error": "invalid_client"}), TokenRefused, "invalid_client"),
        (json_answer(400, {"error": "Wendell"}), TokenRefused, "unrecognized"),
        ((403, {}, b"<html>"), TokenRefused, None),
        ((302, {"Location": "https://evil.example/"}, b""), TokenRefused, None),
        ((503, {}, b""), TokenUnreachable, None),
        ((429, {}, b""), TokenUnreachable, None),
        ((200, {}, b"<html>"), TokenAnswerInvalid, None),
        ((200, {}, b"[]"), TokenAnswerInvalid, None),
        (json_answer(200, {"token_type": "Bearer"}), TokenAnswerInvalid, None),
        (json_answer(200, {"access_token": " ", "token_type": "Bearer"}), TokenAnswerInvalid, None),
        (json_answer(200, {"access_token": "a"}), TokenAnswerInvalid, None),
        (json_answer(200, {"access_token": "a", "token_type": "mac"}), TokenAnswerInvalid, None),
    ],
)
def test_a_token_request_that_fails_says_how_and_is_not_repeated(
    desk: Desk,
    ehr: SmartEhr,
    answer: tuple[int, dict[str, str], bytes],
    error: type[Exception],
    code: str | None,
) -> None:
    ehr.override = [answer]
    with pytest.raises(error) as caught:
        launch(desk, ehr)
    assert caught.value.ehr_code == code  # type: ignore[attr-defined]
    assert "Wendell" not in str(caught.value)
    assert len(ehr.forms) == 1
    assert desk.token_store.records == {}


def test_a_silent_token_endpoint_is_a_named_fault(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    mock.replace("POST", f"{AUTH}/token", body=requests.exceptions.ConnectionError("private words"))
    with pytest.raises(TokenUnreachable) as caught:
        app_launch.finish(desk.client, asked(callback))
    assert "private" not in str(caught.value)


def test_the_stock_methods_that_call_out_or_print_are_shut(desk: Desk, ehr: SmartEhr) -> None:
    site = desk.sites.sites[0]
    pending = app_launch.launch_state.new_pending(
        site,
        desk.client.discovery.configuration(site, ISSUER),
        issuer=ISSUER,
        browser_secret=BROWSER,
        scopes=site.scopes,
    )
    guarded = GuardedAuth(pending, site)
    for name in ("authorize_uri", "handle_callback", "authorize", "reauthorize", "signed_headers"):
        with pytest.raises(NotImplementedError):
            getattr(guarded, name)(None, None)


def test_no_secret_of_a_launch_is_printable(desk: Desk, ehr: SmartEhr) -> None:
    target = start(desk)
    sent = sent_by(target)
    result = app_launch.finish(desk.client, asked(ehr.authorize(sent)))
    printed = f"{target!r} {result!r} {result.tokens} {result.tokens!r} {asked(sent)!r}"
    for secret in ("access-1", "refresh-0", sent["state"], sent["nonce"], BROWSER, "'p-1'"):
        assert secret not in printed
