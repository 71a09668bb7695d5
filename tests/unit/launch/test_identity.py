"""The id_token: only a person whom the pinned issuer vouches for, for this very login."""

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests
import responses

from launch import fhir_user
from launch.discovery import SmartConfiguration
from launch.errors import IdentityRefused, IdentityUnreachable, UserUnknown
from runtime import clock, jose, json_text
from tests.support.launch_stores import ISSUER, Desk, MemorySites, make_site
from tests.support.smart_ehr import AUTH, OPENID_ISSUER, SmartEhr, launch


def _refused(desk: Desk, ehr: SmartEhr) -> str:
    with pytest.raises(IdentityRefused) as caught:
        launch(desk, ehr)
    assert desk.token_store.records == {}
    return caught.value.reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"nonce": "replayed"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": 7}, "nonce"),
        ({"aud": "another-app"}, "claims"),
        ({"aud": None}, "claims"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": ISSUER}, "issuer"),
        ({"exp": 1}, "claims"),
        ({"exp": None}, "claims"),
        ({"iat": None}, "claims"),
        ({"sub": None}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": "x" * 256}, "claims"),
        ({"azp": "another-app"}, "claims"),
    ],
)
def test_a_wrong_claim_ends_the_launch(
    desk: Desk, ehr: SmartEhr, claims: dict[str, Any], reason: str
) -> None:
    ehr.claims = claims
    assert _refused(desk, ehr) == reason


def test_a_token_from_the_future_ends_the_launch(desk: Desk, ehr: SmartEhr) -> None:
    ehr.claims = {"nbf": int(clock.now().timestamp()) + 600}
    assert _refused(desk, ehr) == "claims"


def test_the_app_may_be_one_of_several_audiences(desk: Desk, ehr: SmartEhr) -> None:
    ehr.claims = {"aud": ["confer-app", "other"], "azp": "confer-app"}
    assert launch(desk, ehr).patient == "p-1"


def test_a_nonce_of_an_earlier_login_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    earlier = launch(desk, ehr)
    assert earlier.patient == "p-1"
    desk.token_store.records.clear()
    ehr.claims = {"nonce": "nonce-of-the-earlier-login"}
    assert _refused(desk, ehr) == "nonce"


@pytest.mark.parametrize("token", ["", "not-a-token", "a.b.c", 7, ["x"]])
def test_something_else_than_a_token_is_refused(desk: Desk, ehr: SmartEhr, token: Any) -> None:
    ehr.token_answer["id_token"] = token
    assert _refused(desk, ehr) in ("malformed", "signature")


def test_no_id_token_means_that_nobody_is_known(desk: Desk, ehr: SmartEhr) -> None:
    ehr.token_answer["id_token"] = None
    with pytest.raises(UserUnknown):
        launch(desk, ehr)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_t13_only_rs256_signs_people_in(desk: Desk, ehr: SmartEhr, algorithm: str) -> None:
    ehr.key = jose.new_signing_key(algorithm)  # type: ignore[arg-type]
    ehr.jwks["keys"].append(SmartEhr.public(ehr.key))
    assert _refused(desk, ehr) in ("signature", "keys")


def test_t13_an_unsigned_token_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    # {"alg":"none"} . {} .
    ehr.token_answer["id_token"] = "eyJhbGciOiJub25lIn0.e30."
    assert _refused(desk, ehr) in ("signature", "malformed")


def test_t13_a_key_of_somebody_else_does_not_verify(desk: Desk, ehr: SmartEhr) -> None:
    stranger = jose.new_signing_key("RS256")
    published = {**SmartEhr.public(stranger), "kid": ehr.key.kid}
    ehr.jwks = {"keys": [published]}
    assert _refused(desk, ehr) == "signature"


def _asked_for_keys(mock: responses.RequestsMock) -> int:
    return len([c for c in mock.calls if c.request.url == f"{AUTH}/jwks"])


def test_rotated_keys_are_fetched_again_but_not_at_once(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    launch(desk, ehr)
    ehr.key = jose.new_signing_key("RS256")
    ehr.jwks = {"keys": [SmartEhr.public(ehr.key)]}
    with pytest.raises(IdentityRefused):
        launch(desk, ehr)
    assert _asked_for_keys(mock) == 1
    cooled = replace(desk.client.issuer_keys, refetch_seconds=0)
    desk.client = replace(desk.client, issuer_keys=cooled)
    assert launch(desk, ehr).patient == "p-1"
    assert _asked_for_keys(mock) == 2


@pytest.mark.parametrize(
    "poison",
    ["down", "html", "too large", "two keys of one name", "private members", "redirect"],
)
def test_t14_the_last_good_keys_serve_to_their_end_and_no_longer(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock, poison: str
) -> None:
    impatient = replace(desk.client.issuer_keys, refetch_seconds=0)
    desk.client = replace(desk.client, issuer_keys=impatient)
    launch(desk, ehr)
    good = SmartEhr.public(ehr.key)
    answer: dict[str, Any] = {
        "down": {"status": 503},
        "html": {"body": "<html>Sign in</html>"},
        "too large": {"json": {"keys": [good], "more": "x" * 70_000}},
        "two keys of one name": {"json": {"keys": [good, {**good, "n": good["n"][::-1]}]}},
        "private members": {"json": {"keys": [{**good, "d": "AQAB"}]}},
        "redirect": {"status": 302, "headers": {"Location": "https://sink.example/jwks"}},
    }[poison]
    mock.replace("GET", f"{AUTH}/jwks", **answer)
    arguments = (desk.sites.sites[0], _configuration(desk))
    asked = _asked_for_keys(mock)
    kept = impatient.keys(*arguments, issuer=OPENID_ISSUER, fresh=True)
    assert [key["kid"] for key in kept] == [good["kid"]]
    assert _asked_for_keys(mock) == asked + 1
    over = replace(impatient, _known={})
    with pytest.raises((IdentityRefused, IdentityUnreachable)):
        over.keys(*arguments, issuer=OPENID_ISSUER)


def _configuration(desk: Desk) -> SmartConfiguration:
    return desk.client.discovery.configuration(desk.sites.sites[0], ISSUER)


@pytest.mark.parametrize(
    ("control", "seconds"),
    [("max-age=120", 120), ("max-age=86400", 3600), ("no-store", 0), ("", 300)],
)
def test_t14_keys_are_kept_as_their_cache_control_says_and_one_hour_at_most(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock, control: str, seconds: int
) -> None:
    mock.replace("GET", f"{AUTH}/jwks", json=ehr.jwks, headers={"Cache-Control": control})
    before = clock.monotonic()
    launch(desk, ehr)
    (kept,) = desk.client.issuer_keys._known.values()
    assert seconds <= kept.expires - before < seconds + 5


def test_t14_many_launches_at_once_ask_for_the_keys_once(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    configuration = _configuration(desk)

    def ask(_number: int) -> int:
        keys = desk.client.issuer_keys
        return len(keys.keys(desk.sites.sites[0], configuration, issuer=OPENID_ISSUER))

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(ask, range(20))) == {1}
    assert _asked_for_keys(mock) == 1


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk"])
def test_t14_an_address_or_key_in_the_tokens_own_header_is_never_used(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock, header: str
) -> None:
    foreign = jose.new_signing_key("ES384")
    value: Any = "https://sink.example/jwks" if header != "jwk" else foreign.public_jwk()
    claims = {"iss": OPENID_ISSUER, "aud": "confer-app", "sub": "x"}
    head = {"alg": "RS256", "kid": ehr.key.kid, header: value}
    ehr.token_answer["id_token"] = ".".join(_part(part) for part in (head, claims, {"no": "sig"}))
    assert _refused(desk, ehr) == "signature"
    assert not [c for c in mock.calls if "sink.example" in str(c.request.url)]


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json_text.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize("broken", ["jwks", "openid"])
def test_unreachable_keys_are_told_from_wrong_ones(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock, broken: str
) -> None:
    url = {
        "jwks": f"{AUTH}/jwks",
        "openid": f"{OPENID_ISSUER}/.well-known/openid-configuration",
    }[broken]
    mock.replace("GET", url, body=requests.exceptions.ConnectionError("private"))
    with pytest.raises(IdentityUnreachable):
        launch(desk, ehr)


@pytest.mark.parametrize(
    "jwks", [{}, {"keys": "none"}, {"keys": [{"kty": "RSA"}] * 21}, {"keys": []}]
)
def test_an_unusable_key_set_is_refused(desk: Desk, ehr: SmartEhr, jwks: dict[str, Any]) -> None:
    ehr.jwks = jwks
    assert _refused(desk, ehr) == "keys"


def test_a_key_set_that_is_not_there_is_refused(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    mock.replace("GET", f"{AUTH}/jwks", status=404)
    assert _refused(desk, ehr) == "keys"


@pytest.mark.parametrize(
    "openid",
    [
        {"issuer": "https://evil.example", "jwks_uri": f"{AUTH}/jwks"},
        {"issuer": OPENID_ISSUER},
        {"issuer": OPENID_ISSUER, "jwks_uri": "https://evil.example/jwks"},
    ],
)
def test_an_openid_configuration_that_disagrees_is_refused(
    desk: Desk, ehr: SmartEhr, openid: dict[str, Any]
) -> None:
    ehr.openid = openid
    assert _refused(desk, ehr) == "configuration"


def test_without_openid_configuration_the_smart_configuration_names_the_keys(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    mock.replace("GET", f"{OPENID_ISSUER}/.well-known/openid-configuration", status=404)
    assert launch(desk, ehr).patient == "p-1"


def test_without_either_nobody_can_be_checked(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    mock.replace("GET", f"{OPENID_ISSUER}/.well-known/openid-configuration", status=404)
    del ehr.configuration["jwks_uri"]
    assert _refused(desk, ehr) == "configuration"


def test_an_issuer_off_the_registered_origins_is_not_asked(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    ehr.configuration["issuer"] = "https://tenant.example/oauth2"
    ehr.claims["iss"] = "https://tenant.example/oauth2"
    assert launch(desk, ehr).patient == "p-1"
    assert not [c for c in mock.calls if "tenant.example" in str(c.request.url)]


def test_a_server_error_at_the_issuer_is_temporary(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    mock.replace("GET", f"{AUTH}/jwks", status=500)
    with pytest.raises(IdentityUnreachable) as caught:
        launch(desk, ehr)
    assert caught.value.http_status == 500


def test_the_fhir_base_is_the_issuer_when_none_is_announced(
    mock: responses.RequestsMock,
) -> None:
    site = make_site()
    ehr = SmartEhr(site=site)
    ehr.serve(mock)
    del ehr.configuration["issuer"]
    ehr.claims["iss"] = ISSUER
    mock.get(f"{ISSUER}/.well-known/openid-configuration", status=404)
    assert launch(Desk(sites=MemorySites([site])), ehr).patient == "p-1"


@pytest.mark.parametrize(
    ("claims", "reference", "local"),
    [
        ({"fhirUser": "Practitioner/1"}, "Practitioner/1", True),
        ({"fhirUser": f"{ISSUER}/PractitionerRole/1"}, "PractitionerRole/1", True),
        ({"profile": "Practitioner/1"}, "Practitioner/1", True),
        ({"fhirUser": "junk", "profile": "Person/1"}, "Person/1", True),
        (
            {"fhirUser": "https://other.example/fhir/Practitioner/1"},
            "https://other.example/fhir/Practitioner/1",
            False,
        ),
    ],
)
def test_the_user_is_relative_when_at_home(
    claims: dict[str, str], reference: str, local: bool
) -> None:
    user = fhir_user.from_claims(claims, issuer=f"{ISSUER}/")
    assert user is not None
    assert (user.reference, user.is_local) == (reference, local)
    assert user.is_clinician


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"fhirUser": ""},
        {"fhirUser": 7},
        {"fhirUser": "Device/1"},
        {"fhirUser": "Practitioner/.."},
        {"fhirUser": "Practitioner/1?x=2"},
        {"fhirUser": "ftp://other.example/Practitioner/1"},
        {"profile": "https://other.example/people/1"},
    ],
)
def test_nobody_is_made_up(claims: dict[str, object]) -> None:
    assert fhir_user.from_claims(claims, issuer=ISSUER) is None


def test_an_id_token_without_a_user_is_refused(desk: Desk, ehr: SmartEhr) -> None:
    ehr.claims["fhirUser"] = None
    with pytest.raises(UserUnknown):
        launch(desk, ehr)
