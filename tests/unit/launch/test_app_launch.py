"""The launch by an EHR and standalone, and every way in which it must not succeed."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import responses
import time_machine

from launch import app_launch
from launch.errors import (
    AuthorizationRefused,
    DiscoveryInvalid,
    IssuerMalformed,
    IssuerMixedUp,
    IssuerUnknown,
    LaunchParameterRefused,
    PatientMissing,
    StateRefused,
    TenantMixedUp,
    UserNotClinician,
)
from launch.ports import BrowserRequest
from runtime import clock
from tests.support.launch_stores import ISSUER, Desk, MemorySites, make_site
from tests.support.smart_ehr import (
    AUTH,
    BROWSER,
    OPENID_ISSUER,
    SmartEhr,
    asked,
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
        "https://127.1/fhir",
        "https://2130706433/fhir",
        "https://0x7f000001/fhir",
        "https://0177.0.0.1/fhir",
        "https://[::ffff:a9fe:a9fe]/fhir",
        "https://0/fhir",
        "https://ehr.example/fhir/more",
    ],
)
def test_t01_an_unknown_issuer_causes_no_outbound_call(
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
        "https://ehr.example./fhir",
        "https://xn--hr-xka.exam\u00b7ple/fhir",
        "https://\u0435hr.example/fhir",
        "https://\u2460\u2461\u2466.0.0.1/fhir",
        "https://ehr.example/" + "a" * 2048,
    ],
)
def test_t01_a_malformed_issuer_causes_no_outbound_call(
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


def test_t02_pkce_is_sent_although_the_ehr_does_not_announce_it(desk: Desk, ehr: SmartEhr) -> None:
    del ehr.configuration["code_challenge_methods_supported"]
    sent = sent_by(start(desk))
    assert sent["code_challenge_method"] == "S256"
    assert launch(desk, ehr).patient == "p-1"


def test_t03_a_callback_is_good_once(desk: Desk, ehr: SmartEhr) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    app_launch.finish(desk.client, asked(callback))
    before = len(ehr.forms)
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback))
    assert len(ehr.forms) == before


@pytest.mark.parametrize("browser", [None, "", "another-browser"])
def test_t02_t03_a_callback_in_another_browser_is_refused_and_used_up(
    desk: Desk, ehr: SmartEhr, browser: str | None
) -> None:
    callback = ehr.authorize(sent_by(start(desk)))
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback, browser))
    with pytest.raises(StateRefused):
        app_launch.finish(desk.client, asked(callback))
    assert ehr.forms == []


def test_t03_a_callback_with_a_made_up_state_is_refused(desk: Desk, ehr: SmartEhr) -> None:
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


def test_t04_v30_a_callback_that_names_another_issuer_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    with pytest.raises(IssuerMixedUp):
        launch(desk, ehr, iss="https://evil.example")
    assert ehr.forms == []


def test_v30_a_callback_may_name_the_announced_issuer(desk: Desk, ehr: SmartEhr) -> None:
    ehr.configuration["authorization_response_iss_parameter_supported"] = True
    assert launch(desk, ehr, iss=OPENID_ISSUER).patient == "p-1"


def test_t04_v30_an_ehr_that_promises_the_issuer_must_name_it(desk: Desk, ehr: SmartEhr) -> None:
    ehr.configuration["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(IssuerMixedUp):
        launch(desk, ehr)


def test_t04_a_callback_on_another_ehrs_path_is_refused_before_any_token_call(
    mock: responses.RequestsMock,
) -> None:
    north = make_site(redirect_uri="https://gateway.example/callback/north", own_redirect=True)
    desk, played = Desk(sites=MemorySites([north])), SmartEhr(site=north)
    played.serve(mock)
    for path in ("/callback/south", "/callback", "/callback/north/"):
        callback = played.authorize(sent_by(start(desk)))
        with pytest.raises(IssuerMixedUp):
            app_launch.finish(desk.client, replace(asked(callback), path=path))
    assert played.forms == []
    callback = played.authorize(sent_by(start(desk)))
    result = app_launch.finish(desk.client, replace(asked(callback), path="/callback/north"))
    assert result.patient == "p-1"


@pytest.mark.parametrize(
    ("registered", "said", "opens"),
    [
        ("ward-7", "ward-7", True),
        ("ward-7", None, True),
        (None, "anything", True),
        ("ward-7", "ward-8", False),
    ],
)
def test_a_tenant_counts_only_together_with_its_issuer(
    mock: responses.RequestsMock, registered: str | None, said: str | None, opens: bool
) -> None:
    site = make_site(tenant=registered)
    desk, played = Desk(sites=MemorySites([site])), SmartEhr(site=site)
    played.serve(mock)
    played.context["tenant"] = said
    if opens:
        assert launch(desk, played).context.tenant == said
        return
    with pytest.raises(TenantMixedUp):
        launch(desk, played)
    assert desk.token_store.records == {}


@pytest.mark.parametrize(
    ("dialect", "spoken"),
    [
        ("v1", {"patient/*.read", "patient/Communication.write", "launch", "openid"}),
        ("dots", {"patient.all.rs", "patient.Communication.c", "launch", "openid"}),
        ("v2", {"patient/*.rs", "patient/Communication.c", "launch", "openid"}),
    ],
)
def test_scopes_are_asked_for_in_the_dialect_of_the_ehr(
    mock: responses.RequestsMock, dialect: str, spoken: set[str]
) -> None:
    wanted = ("launch", "openid", "patient/*.rs", "patient/Communication.c")
    site = make_site(scope_dialect=dialect, scopes=wanted)
    desk, played = Desk(sites=MemorySites([site])), SmartEhr(site=site)
    played.serve(mock)
    played.context["scope"] = " ".join(sorted(spoken))
    assert set(sent_by(start(desk))["scope"].split()) == spoken
    result = launch(desk, played)
    assert result.scopes_missing == ()


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
