"""The test bench: what can be odd or wrong in signing in and in the answer with the token."""

from typing import Any

import pytest

from runtime import clock, jose
from runtime.errors import JoseRefused
from sandbox import app_contexts
from tests.support.sandbox_bench import KEY, speak, turn
from tests.support.sandbox_ehr import (
    ADELA,
    CALLBACK,
    EHR,
    FHIR,
    SandboxEhr,
    challenge_of,
    query_of,
)
from tests.support.sandbox_tokens import (
    SCOPES,
    VERIFIER,
    backend,
    code_for,
    granted,
    redeem,
    refresh,
)


def authorize(ehr: SandboxEhr, method: str = "GET", **changed: str | None) -> dict[str, str]:
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "confer-app",
        "redirect_uri": CALLBACK,
        "scope": SCOPES,
        "state": "s",
        "aud": FHIR,
        "launch": ehr.launch(),
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changed,
    }
    sent = {name: value for name, value in asked.items() if value is not None}
    where = {"data": sent} if method == "POST" else {"query_string": sent}
    answer = ehr.browser().open("/auth/authorize", method=method, **where)  # type: ignore[arg-type]
    return query_of(answer.headers["Location"])


def keys_of(ehr: SandboxEhr) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = ehr.browser().get("/auth/jwks").get_json()["keys"]
    return keys


def id_claims(ehr: SandboxEhr, token: str) -> dict[str, Any]:
    return dict(
        jose.verify(
            token,
            keys_of(ehr),
            typ=None,
            algorithms=("RS256",),
            issuer=f"{EHR}/auth",
            audience="confer-app",
        )
    )


def test_an_authorization_can_end_with_an_error_that_keeps_or_loses_the_state(
    bench_ehr: SandboxEhr,
) -> None:
    turn(bench_ehr, authorize_error="unknown-tenant")
    refused = authorize(bench_ehr)
    assert (refused["error"], refused["state"]) == ("unknown-tenant", "s")
    assert "code" not in refused

    turn(bench_ehr, state="lost_in_post_errors")
    assert "state" in authorize(bench_ehr)
    assert "state" not in authorize(bench_ehr, "POST")


@pytest.mark.parametrize(("value", "state"), [("changed", "sx"), ("missing", None)])
def test_the_state_can_come_back_wrong_or_not_at_all(
    bench_ehr: SandboxEhr, value: str, state: str | None
) -> None:
    turn(bench_ehr, state=value)
    assert authorize(bench_ehr).get("state") == state


@pytest.mark.parametrize(
    ("value", "iss"), [("absent", None), ("right", f"{EHR}/auth"), ("wrong", f"{EHR}/auth/other")]
)
def test_the_issuer_can_stand_beside_the_code(
    bench_ehr: SandboxEhr, value: str, iss: str | None
) -> None:
    turn(bench_ehr, iss_parameter=value)
    assert authorize(bench_ehr).get("iss") == iss


@pytest.mark.parametrize(
    ("value", "sends", "verifier", "status"),
    [
        ("always", False, None, 0),
        ("if_sent", False, None, 200),
        ("if_sent", True, "x" * 43, 400),
        ("ignored", True, "x" * 43, 200),
    ],
)
def test_pkce_can_be_demanded_checked_or_ignored(
    bench_ehr: SandboxEhr, value: str, sends: bool, verifier: str | None, status: int
) -> None:
    turn(bench_ehr, pkce=value)
    nothing = {"code_challenge": None, "code_challenge_method": None}
    answer = authorize(bench_ehr, "GET", **({} if sends else nothing))

    if status == 0:
        assert answer["error"] == "invalid_request"
    else:
        bought = redeem(bench_ehr, answer["code"], code_verifier=verifier)
        assert bought.status_code == status


def test_the_form_of_the_token_answer_can_vary(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, token_type="BEARER", expires_in="text")
    body = granted(bench_ehr)
    assert (body["token_type"], body["expires_in"]) == ("BEARER", "3600")
    turn(bench_ehr, expires_in="missing")
    assert "expires_in" not in granted(bench_ehr)
    turn(bench_ehr, expires_in="number", access_seconds=7)
    assert granted(bench_ehr)["expires_in"] == 7


@pytest.mark.parametrize(
    ("echo", "said"),
    [
        ("granted", "launch openid fhirUser online_access user/Practitioner.rs"),
        ("empty", ""),
        ("missing", None),
        ("without_longevity", "launch openid fhirUser user/Practitioner.rs"),
    ],
)
def test_scopes_fall_away_silently_by_pattern_and_are_told_or_not(
    bench_ehr: SandboxEhr, echo: str, said: str | None
) -> None:
    turn(bench_ehr, scopes_dropped=["patient/*"], scope_echo=echo)
    body = granted(bench_ehr)

    assert body.get("scope") == said
    read = bench_ehr.browser().get(
        f"/fhir/Patient/{ADELA}", headers={"Authorization": f"Bearer {body['access_token']}"}
    )
    assert read.status_code == 403
    assert "refresh_token" in body


@pytest.mark.parametrize(
    ("dialect", "asked", "said"),
    [
        ("oracle", "patient/*.read patient/Observation.rs", "patient/Observation.rs"),
        ("google", "patient/*.read patient/Observation.rs", "patient/*.read"),
        ("azure", "launch.patient patient.all.rs", "launch.patient patient.all.rs"),
    ],
)
def test_vendors_understand_their_own_way_of_writing_scopes(
    bench_ehr: SandboxEhr, dialect: str, asked: str, said: str
) -> None:
    speak(bench_ehr, dialect)
    assert granted(bench_ehr, f"launch {asked}")["scope"] == f"launch {said}"


def test_azure_refuses_scopes_of_several_levels_together(bench_ehr: SandboxEhr) -> None:
    speak(bench_ehr, "azure")
    refused = authorize(bench_ehr, scope="launch patient.all.rs user.Practitioner.rs")
    assert refused["error"] == "invalid_scope"


def test_scopes_beyond_the_registration_can_end_the_authorization(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, scopes_unregistered="refused")
    assert authorize(bench_ehr, scope=f"{SCOPES} user/*.cruds")["error"] == "invalid_scope"
    assert "code" in authorize(bench_ehr)


def test_refresh_tokens_are_kept_withheld_or_never_taken(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, refresh="keeps_old")
    first = granted(bench_ehr)["refresh_token"]
    again = [refresh(bench_ehr, first) for _ in range(2)]
    assert [one.status_code for one in again] == [200, 200]
    assert "refresh_token" not in again[0].get_json()

    for value, status in (("refused", 400), ("refused_403", 403)):
        turn(bench_ehr, refresh=value)
        answer = refresh(bench_ehr, first)
        assert (answer.status_code, answer.get_json()["error"]) == (status, "invalid_grant")
    turn(bench_ehr, refresh="withheld")
    assert "refresh_token" not in granted(bench_ehr)


def test_clients_can_be_unknown_and_backend_services_announced_in_vain(
    bench_ehr: SandboxEhr,
) -> None:
    speak(bench_ehr, "meditech")
    assert backend(bench_ehr).get_json()["error"] == "unauthorized_client"
    turn(bench_ehr, client_login="invalid_client")
    refused = backend(bench_ehr)
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("odd", ["alg_none", "wrong_aud", "wrong_iss", "unknown_key", "expired"])
def test_a_bad_id_token_fails_the_check_that_it_is_made_for(
    bench_ehr: SandboxEhr, odd: str
) -> None:
    assert id_claims(bench_ehr, granted(bench_ehr)["id_token"])["nonce"] == "nonce-7"
    turn(bench_ehr, id_token=odd)
    token = granted(bench_ehr)["id_token"]

    with pytest.raises(JoseRefused):
        id_claims(bench_ehr, token)


def test_an_id_token_can_lack_its_key_id_its_nonce_its_audience_or_be_missing(
    bench_ehr: SandboxEhr,
) -> None:
    turn(bench_ehr, id_token="no_kid")
    assert id_claims(bench_ehr, granted(bench_ehr)["id_token"])["aud"] == "confer-app"
    turn(bench_ehr, id_token="wrong_nonce")
    assert id_claims(bench_ehr, granted(bench_ehr)["id_token"])["nonce"] != "nonce-7"
    turn(bench_ehr, id_token="refresh_without_aud")
    first = granted(bench_ehr)
    later = refresh(bench_ehr, first["refresh_token"]).get_json()
    assert "aud" in jose.read_unverified_claims(first["id_token"])
    assert "aud" not in jose.read_unverified_claims(later["id_token"])
    turn(bench_ehr, id_token="missing")
    assert "id_token" not in granted(bench_ehr)


@pytest.mark.parametrize(
    ("value", "member", "starts"),
    [
        ("absolute", "fhirUser", f"{FHIR}/Practitioner/"),
        ("relative", "fhirUser", "Practitioner/"),
        ("profile", "profile", f"{FHIR}/Practitioner/"),
        ("foreign", "fhirUser", "http://127.0.0.1:8400/sandbox/trap/Practitioner/"),
        ("patient", "fhirUser", f"{FHIR}/Patient/{ADELA}"),
    ],
)
def test_the_user_is_named_in_several_ways(
    bench_ehr: SandboxEhr, value: str, member: str, starts: str
) -> None:
    turn(bench_ehr, fhir_user=value)
    assert id_claims(bench_ehr, granted(bench_ehr)["id_token"])[member].startswith(starts)


def test_a_rotated_key_signs_at_once_and_the_old_one_is_gone(bench_ehr: SandboxEhr) -> None:
    before = granted(bench_ehr)["id_token"]
    fresh = bench_ehr.browser().post("/sandbox/rotate-keys", headers=KEY).get_json()["kid"]

    assert [key["kid"] for key in keys_of(bench_ehr)] == [fresh]
    assert id_claims(bench_ehr, granted(bench_ehr)["id_token"])["aud"] == "confer-app"
    with pytest.raises(JoseRefused):
        id_claims(bench_ehr, before)


def test_the_launch_context_carries_what_is_switched_on(bench_ehr: SandboxEhr) -> None:
    turn(
        bench_ehr,
        intent="new-consult",
        tenant="north",
        app_context="opaque",
        need_patient_banner="false",
        smart_style="missing",
        web_messaging=True,
        fhir_context="objects",
    )
    body = granted(bench_ehr)

    assert (body["intent"], body["tenant"], body["appContext"]) == (
        "new-consult",
        "north",
        "opaque",
    )
    assert body["need_patient_banner"] is False
    assert "smart_style_url" not in body
    assert body["smart_web_messaging_origin"] == EHR
    kinds = {one["reference"].partition("/")[0] for one in body["fhirContext"]}
    assert kinds <= {"ServiceRequest", "DiagnosticReport"}
    assert kinds
    turn(bench_ehr, fhir_context="texts", need_patient_banner="missing")
    body = granted(bench_ehr)
    assert all(isinstance(one, str) for one in body["fhirContext"])
    assert "need_patient_banner" not in body


@pytest.mark.parametrize(
    ("value", "has_patient", "has_encounter"),
    [("full", True, True), ("no_encounter", True, False), ("no_patient", False, False)],
)
def test_the_launch_context_can_be_short(
    bench_ehr: SandboxEhr, value: str, has_patient: bool, has_encounter: bool
) -> None:
    turn(bench_ehr, launch_context=value)
    body = granted(bench_ehr)
    assert ("patient" in body, "encounter" in body) == (has_patient, has_encounter)


def test_a_style_can_try_to_inject_rules(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, smart_style="hostile")
    assert "}" in bench_ehr.browser().get("/smart-style.json").get_json()["color_background"]


def test_what_a_card_gave_its_launch_arrives_with_that_token_and_no_other(
    bench_ehr: SandboxEhr,
) -> None:
    launch = bench_ehr.launch()
    with bench_ehr.services.database.transaction() as session:
        app_contexts.give(session, launch, '{"intent":"inbox"}', clock.now())
    carried = redeem(bench_ehr, authorize(bench_ehr, launch=launch)["code"]).get_json()

    assert carried["appContext"] == '{"intent":"inbox"}'
    assert "appContext" not in redeem(bench_ehr, code_for(bench_ehr)).get_json()
