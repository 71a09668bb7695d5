"""What the tests of token build on."""

from typing import Any

from werkzeug.test import TestResponse

from runtime import tokens
from sandbox.client_auth import ASSERTION_TYPE
from tests.support.sandbox_ehr import (
    ADELA,
    CALLBACK,
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


def backend(ehr: SandboxEhr, **changed: str | None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "system/Patient.rs system/DocumentReference.crs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": ehr.assertion("confer-gateway"),
    }
    form.update(changed)
    return post(ehr, **form)
