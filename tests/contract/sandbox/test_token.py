"""Rows "Token", "Context", "OIDC", "Refresh", "Revocation", "Introspection" and "Backend"."""

import base64
from typing import Any

import pytest

from runtime import jose, tokens
from sandbox.rows import CodeRow, TokenRow
from tests.support.sandbox_ehr import (
    ADELA,
    CALLBACK,
    DOCTOR,
    EHR,
    FHIR,
    SandboxEhr,
    challenge_of,
)
from tests.support.sandbox_tokens import (
    SCOPES,
    VERIFIER,
    code_for,
    granted,
    read,
    redeem,
    refresh,
)


def test_a_code_buys_a_token_with_patient_encounter_and_banner(ehr: SandboxEhr) -> None:
    answer = redeem(ehr, code_for(ehr))
    body = answer.get_json()

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert body["token_type"].lower() == "bearer"
    assert isinstance(body["expires_in"], int)
    assert body["scope"] == SCOPES
    assert body["patient"] == ADELA
    assert body["encounter"] == "k4w-enc-now"
    assert body["need_patient_banner"] is True
    assert body["smart_style_url"] == f"{EHR}/smart-style.json"
    assert read(ehr, body["access_token"]) == 200
    assert read(ehr, body["access_token"], f"Encounter/{body['encounter']}") == 200


def test_the_id_token_verifies_and_its_fhir_user_can_be_read(ehr: SandboxEhr) -> None:
    body = granted(ehr)
    keys = ehr.browser().get("/auth/jwks").get_json()["keys"]
    claims = jose.verify(
        body["id_token"],
        keys,
        typ=None,
        algorithms=("RS256",),
        issuer=f"{EHR}/auth",
        audience="confer-app",
        require=("iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"),
    )

    assert claims["nonce"] == "nonce-7"
    assert claims["sub"] == DOCTOR
    assert jose.read_header(body["id_token"])["kid"]
    assert claims["fhirUser"] == f"{FHIR}/Practitioner/pvg-prac-teasdale"
    assert read(ehr, body["access_token"], claims["fhirUser"].removeprefix(f"{FHIR}/")) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": tokens.new_secret()},
        {"code_verifier": challenge_of(VERIFIER)},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": None},
        {"code": "made-up"},
        {"code": None},
    ],
)
def test_t02_a_code_is_not_sold_for_less(ehr: SandboxEhr, changed: dict[str, str | None]) -> None:
    answer = redeem(ehr, code_for(ehr), **changed)

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_grant"
    assert "access_token" not in answer.get_json()


def test_t06_a_code_used_twice_ends_everything_it_led_to(ehr: SandboxEhr) -> None:
    code = code_for(ehr)
    first = redeem(ehr, code).get_json()
    second = redeem(ehr, code)

    assert second.status_code == 400
    assert read(ehr, first["access_token"]) == 401
    assert refresh(ehr, first["refresh_token"]).status_code == 400


def test_a_code_of_another_client_is_refused(ehr: SandboxEhr) -> None:
    code = code_for(ehr, client_id="public-app", redirect_uri="https://other.example/cb")
    answer = redeem(ehr, code, redirect_uri="https://other.example/cb")

    assert answer.get_json()["error"] == "invalid_grant"


def test_codes_and_tokens_are_stored_hashed(ehr: SandboxEhr) -> None:
    code = code_for(ehr)
    body = redeem(ehr, code).get_json()
    with ehr.services.database.read() as session:
        stored = {row.code_hash for row in session.query(CodeRow)}
        stored |= {row.token_hash for row in session.query(TokenRow)}

    assert not {code, body["access_token"], body["refresh_token"]} & stored


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion": None, "client_assertion_type": None, "client_id": "confer-app"},
        {"client_assertion_type": "urn:other"},
        {"client_assertion": "not.a.token"},
    ],
)
def test_an_asymmetric_client_must_bring_an_assertion(
    ehr: SandboxEhr, changed: dict[str, str | None]
) -> None:
    answer = redeem(ehr, code_for(ehr), **changed)

    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": FHIR},
        {"aud": f"{EHR}/auth/token/"},
        {"sub": "confer-gateway"},
        {"iss": "nobody"},
        {"exp": 1_000},
        {"exp": 99_999_999_999},
        {"jti": None},
        {"exp": None},
    ],
)
def test_a_faulty_assertion_is_refused(ehr: SandboxEhr, claims: dict[str, Any]) -> None:
    answer = redeem(ehr, code_for(ehr), client_assertion=ehr.assertion(**claims))

    assert answer.status_code == 401


def test_an_assertion_signed_by_another_key_is_refused(ehr: SandboxEhr) -> None:
    stranger = jose.new_signing_key("ES384")
    forged = jose.client_assertion(stranger, client_id="confer-app", audience=f"{EHR}/auth/token")

    assert redeem(ehr, code_for(ehr), client_assertion=forged).status_code == 401


def test_an_assertion_is_used_once(ehr: SandboxEhr) -> None:
    assertion = ehr.assertion()

    assert redeem(ehr, code_for(ehr), client_assertion=assertion).status_code == 200
    assert redeem(ehr, code_for(ehr), client_assertion=assertion).status_code == 401


def test_a_public_client_names_itself_and_may_call_from_its_own_origin(ehr: SandboxEhr) -> None:
    redirect_uri = "https://other.example/cb"
    code = code_for(ehr, client_id="public-app", redirect_uri=redirect_uri)
    answer = ehr.browser().post(
        "/auth/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": VERIFIER,
            "client_id": "public-app",
        },
        headers={"Origin": "https://other.example"},
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://other.example"


def test_a_client_with_a_secret_form_encodes_both_parts_of_basic(ehr: SandboxEhr) -> None:
    redirect_uri = "https://third.example/cb?x=1"

    def attempt(credentials: str) -> int:
        form = {
            "grant_type": "authorization_code",
            "code": code_for(ehr, client_id="secret-app", redirect_uri=redirect_uri),
            "redirect_uri": redirect_uri,
            "code_verifier": VERIFIER,
        }
        basic = base64.b64encode(credentials.encode()).decode()
        answer = ehr.browser().post(
            "/auth/token", data=form, headers={"Authorization": f"Basic {basic}"}
        )
        return answer.status_code

    assert attempt("secret-app:s%3Ae%25c%2Bret") == 200
    assert attempt("secret-app:wrong") == 401
