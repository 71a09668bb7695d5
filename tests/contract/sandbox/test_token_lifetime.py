"""Refresh, revocation, introspection and backend tokens of the sandbox."""

import pytest

from sandbox.client_auth import ASSERTION_TYPE
from tests.support.sandbox_ehr import (
    ADELA,
    DOCTOR,
    EHR,
    SandboxEhr,
)
from tests.support.sandbox_tokens import SCOPES, backend, granted, post, read, refresh


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
