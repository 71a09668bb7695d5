"""The code exchange: how the client proves itself, and what a token answer may be."""

import pytest
import requests
import responses

from launch import app_launch
from launch.app_launch import GuardedAuth
from launch.errors import (
    ClientKeyMissing,
    TokenAnswerInvalid,
    TokenRefused,
    TokenUnreachable,
)
from tests.support.launch_stores import ISSUER, Desk, MemorySecrets, MemorySites, make_site
from tests.support.smart_ehr import (
    AUTH,
    BROWSER,
    SmartEhr,
    asked,
    json_answer,
    launch,
    sent_by,
    start,
)


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
