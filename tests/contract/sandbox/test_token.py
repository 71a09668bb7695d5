"""Rows "Token", "Context", "OIDC", "Refresh", "Revocation", "Introspection" and "Backend"."""

import base64
from typing import Any

import pytest
from werkzeug.test import TestResponse

from runtime import jose, tokens
from sandbox.client_auth import ASSERTION_TYPE
from sandbox.rows import CodeRow, TokenRow
from tests.support.sandbox_ehr import (
    ADELA,
    CALLBACK,
    DOCTOR,
    EHR,
    FHIR,
    SandboxEhr,
    challenge_of,
    query_of,
)

VERIFIER = tokens.new_secret()
SCOPES = "launch openid fhirUser online_access patient/*.rs user/Practitioner.rs"


def code_for(
    ehr: SandboxEhr,
    scope: str = SCOPES,
    client_id: str = "confer-app",
    redirect_uri: str = CALLBACK,
) -> str:
    answer = ehr.browser().get(
        "/auth/authorize",
        query_string={
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": "s",
            "aud": FHIR,
            "launch": ehr.launch(client_id=client_id),
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "nonce": "nonce-7",
        },
    )
    return query_of(answer.headers["Location"])["code"]


def post(ehr: SandboxEhr, path: str = "/auth/token", **form: str | None) -> TestResponse:
    sent = {name: value for name, value in form.items() if value is not None}
    return ehr.browser().post(path, data=sent)


def redeem(ehr: SandboxEhr, bought: str, /, **changed: str | None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": bought,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": ehr.assertion(),
    }
    form.update(changed)
    return post(ehr, **form)


def granted(ehr: SandboxEhr, scope: str = SCOPES) -> dict[str, Any]:
    answer = redeem(ehr, code_for(ehr, scope))
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def refresh(ehr: SandboxEhr, token: str, **changed: str | None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": ehr.assertion(),
    }
    form.update(changed)
    return post(ehr, **form)


def read(ehr: SandboxEhr, token: str, path: str = f"Patient/{ADELA}") -> int:
    answer = ehr.browser().get(f"/fhir/{path}", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


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
def test_a_code_is_not_sold_for_less(ehr: SandboxEhr, changed: dict[str, str | None]) -> None:
    answer = redeem(ehr, code_for(ehr), **changed)

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_grant"
    assert "access_token" not in answer.get_json()


def test_a_code_used_twice_ends_everything_it_led_to(ehr: SandboxEhr) -> None:
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


def test_a_refresh_rotates_and_keeps_the_context(ehr: SandboxEhr) -> None:
    first = granted(ehr)
    answer = refresh(ehr, first["refresh_token"])
    body = answer.get_json()

    assert answer.status_code == 200
    assert body["refresh_token"] != first["refresh_token"]
    assert body["patient"] == ADELA
    assert read(ehr, body["access_token"]) == 200


def test_a_spent_refresh_token_ends_the_family(ehr: SandboxEhr) -> None:
    first = granted(ehr)
    second = refresh(ehr, first["refresh_token"]).get_json()

    assert refresh(ehr, first["refresh_token"]).status_code == 400
    assert read(ehr, second["access_token"]) == 401
    assert refresh(ehr, second["refresh_token"]).status_code == 400


def test_a_refresh_may_narrow_and_never_widen(ehr: SandboxEhr) -> None:
    first = granted(ehr)
    wider = refresh(ehr, first["refresh_token"], scope=f"{SCOPES} patient/Communication.c")
    narrow = refresh(ehr, first["refresh_token"], scope="patient/*.rs")

    assert wider.get_json()["error"] == "invalid_scope"
    assert narrow.get_json()["scope"] == "patient/*.rs"


def test_a_refresh_token_belongs_to_its_client(ehr: SandboxEhr) -> None:
    first = granted(ehr)
    answer = refresh(
        ehr,
        first["refresh_token"],
        client_assertion=None,
        client_assertion_type=None,
        client_id="public-app",
    )

    assert answer.status_code == 400
    assert refresh(ehr, first["refresh_token"]).status_code == 200


def test_without_a_lasting_scope_there_is_no_refresh_token(ehr: SandboxEhr) -> None:
    assert "refresh_token" not in granted(ehr, "launch patient/*.rs")
    assert "id_token" not in granted(ehr, "launch patient/*.rs")


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revocation_ends_reading_and_refreshing(ehr: SandboxEhr, which: str) -> None:
    body = granted(ehr)
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": ehr.assertion()}
    answer = post(ehr, "/auth/revoke", token=body[which], **proof)

    assert answer.status_code == 200
    assert read(ehr, body["access_token"]) == 401
    assert refresh(ehr, body["refresh_token"]).status_code == 400


def test_a_client_cannot_revoke_another_clients_token(ehr: SandboxEhr) -> None:
    body = granted(ehr)
    answer = post(ehr, "/auth/revoke", token=body["access_token"], client_id="public-app")

    assert answer.status_code == 200
    assert read(ehr, body["access_token"]) == 200


def test_introspection_describes_a_live_token_and_nothing_else(ehr: SandboxEhr) -> None:
    body = granted(ehr)
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    browser = ehr.browser()
    live = browser.post(
        "/auth/introspect", data={"token": body["access_token"]}, headers=bearer
    ).get_json()
    dead = browser.post("/auth/introspect", data={"token": "junk"}, headers=bearer)

    assert live["active"] is True
    assert live["client_id"] == "confer-app"
    assert live["patient"] == ADELA
    assert live["encounter"] == body["encounter"]
    assert live["scope"] == SCOPES
    assert live["sub"] == DOCTOR
    assert live["iss"] == f"{EHR}/auth"
    assert live["fhirUser"]
    assert isinstance(live["exp"], int)
    assert dead.status_code == 200
    assert dead.get_json() == {"active": False}


def test_introspection_needs_a_proof_of_who_asks(ehr: SandboxEhr) -> None:
    assert post(ehr, "/auth/introspect", token=granted(ehr)["access_token"]).status_code == 401


def backend(ehr: SandboxEhr, **changed: str | None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs system/DocumentReference.crs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": ehr.assertion("confer-gateway"),
    }
    form.update(changed)
    return post(ehr, **form)


def test_backend_services_get_a_short_token_without_refresh(ehr: SandboxEhr) -> None:
    body = backend(ehr).get_json()

    assert body["expires_in"] == 300
    assert body["scope"] == "system/Patient.rs system/DocumentReference.crs"
    assert "refresh_token" not in body
    assert read(ehr, body["access_token"]) == 200
    assert read(ehr, body["access_token"], f"Observation?patient={ADELA}") == 403


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "user/Patient.rs"}, "invalid_scope"),
        ({"scope": "system/Patient.rs patient/Patient.rs"}, "invalid_scope"),
        ({"scope": "system/Observation.rs"}, "invalid_scope"),
        ({"client_assertion": "bad"}, "invalid_client"),
        ({"client_assertion_type": "bad"}, "invalid_client"),
        ({"client_assertion": None, "client_assertion_type": None}, "invalid_client"),
    ],
)
def test_a_faulty_backend_request_is_refused(
    ehr: SandboxEhr, changed: dict[str, str | None], error: str
) -> None:
    answer = backend(ehr, **changed)

    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert answer.get_json()["error"] == error


def test_an_app_cannot_use_client_credentials(ehr: SandboxEhr) -> None:
    answer = backend(ehr, client_assertion=ehr.assertion())

    assert answer.get_json()["error"] == "unauthorized_client"
