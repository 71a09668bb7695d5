"""Row "Discovery" and "OIDC" of the server requirements: documents and their headers."""

import pytest

from tests.support.sandbox_ehr import EHR, FHIR, SandboxEhr

SMART = "/fhir/.well-known/smart-configuration"


def test_smart_configuration_names_endpoints_grants_and_s256_only(ehr: SandboxEhr) -> None:
    answer = ehr.browser().get(SMART, headers={"Origin": "https://any.example"})
    document = answer.get_json()

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert document["authorization_endpoint"] == f"{EHR}/auth/authorize"
    assert document["token_endpoint"] == f"{EHR}/auth/token"
    assert "authorization_code" in document["grant_types_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "sso-openid-connect" in document["capabilities"]
    assert document["issuer"]
    assert document["jwks_uri"]


def test_openid_configuration_lies_under_the_announced_issuer(ehr: SandboxEhr) -> None:
    browser = ehr.browser()
    smart = browser.get(SMART).get_json()
    path = smart["issuer"].removeprefix(EHR) + "/.well-known/openid-configuration"
    openid = browser.get(path).get_json()

    assert openid["issuer"] == smart["issuer"]
    assert openid["jwks_uri"] == smart["jwks_uri"]
    assert openid["id_token_signing_alg_values_supported"] == ["RS256"]
    assert openid["issuer"] != FHIR  # on purpose: many vendors' is not the FHIR base either


def test_the_key_set_holds_public_keys_with_ids_only(ehr: SandboxEhr) -> None:
    keys = ehr.browser().get("/auth/jwks").get_json()["keys"]

    assert keys
    for key in keys:
        assert key["kty"] == "RSA"
        assert key["kid"]
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_metadata_is_open_to_every_origin_and_carries_the_oauth_uris(ehr: SandboxEhr) -> None:
    answer = ehr.browser().get("/fhir/metadata")
    rest = answer.get_json()["rest"][0]
    uris = {
        part["url"]: part["valueUri"]
        for extension in rest["security"]["extension"]
        for part in extension["extension"]
    }

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert uris["authorize"] == f"{EHR}/auth/authorize"
    assert uris["token"] == f"{EHR}/auth/token"


def test_metadata_declares_create_for_documents_and_messages_only(ehr: SandboxEhr) -> None:
    rest = ehr.browser().get("/fhir/metadata").get_json()["rest"][0]
    creating = {
        resource["type"]
        for resource in rest["resource"]
        if {"code": "create"} in resource["interaction"]
    }

    assert creating == {"DocumentReference", "Communication"}


@pytest.mark.parametrize("path", ["/auth/jwks", SMART, "/smart-style.json"])
def test_documents_may_be_cached_for_a_minute(ehr: SandboxEhr, path: str) -> None:
    assert ehr.browser().get(path).headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize(("path", "status"), [("/health", "up"), ("/ready", "ready")])
def test_the_program_says_that_it_is_up_and_that_it_can_work(
    ehr: SandboxEhr, path: str, status: str
) -> None:
    answer = ehr.browser().get(path)
    assert (answer.status_code, answer.get_json()) == (200, {"status": status})
