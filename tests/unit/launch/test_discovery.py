"""Finding out where an EHR signs people in, without ever asking a stranger."""

from dataclasses import replace
from typing import Any

import pytest
import requests
import responses

from launch.discovery import SmartConfiguration, oauth_uris
from launch.errors import DiscoveryInvalid, DiscoveryUnreachable, EndpointRefused
from tests.support.launch_stores import ISSUER, Desk, MemorySites, make_site

WELL_KNOWN = f"{ISSUER}/.well-known/smart-configuration"
METADATA = f"{ISSUER}/metadata"
GOOD = {
    "authorization_endpoint": "https://auth.example/authorize",
    "token_endpoint": "https://auth.example/token",
}


def _find(desk: Desk, issuer: str = ISSUER) -> SmartConfiguration:
    return desk.client.discovery.configuration(desk.sites.sites[0], issuer)


def _statement(*extensions: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "rest": [
            {"mode": "client", "security": {"extension": [_uris("https://client.example")]}},
            {"mode": "server", "security": {"extension": list(extensions)}},
            {"mode": "server", "security": "none"},
            "noise",
        ],
    }


def _uris(origin: str, url: str | None = None) -> dict[str, Any]:
    return {
        "url": url or "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": [
            {"url": "authorize", "valueUri": f"{origin}/authorize"},
            {"url": "token", "valueUri": f"{origin}/token"},
            {"url": "revoke", "valueUri": f"{origin}/revoke"},
        ],
    }


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/"])
def test_the_configuration_is_asked_for_below_the_base_without_a_double_slash(
    desk: Desk, mock: responses.RequestsMock, issuer: str
) -> None:
    mock.get(WELL_KNOWN, json=GOOD)
    assert _find(desk, issuer).token_endpoint == "https://auth.example/token"
    assert [call.request.url for call in mock.calls] == [WELL_KNOWN]
    assert mock.calls[0].request.headers["Accept"] == "application/json"


def test_it_is_asked_for_once_in_ten_minutes(desk: Desk, mock: responses.RequestsMock) -> None:
    mock.get(WELL_KNOWN, json=GOOD)
    for _ in range(3):
        _find(desk)
    assert len(mock.calls) == 1
    desk.client.discovery.forget(desk.sites.sites[0], ISSUER)
    _find(desk)
    assert len(mock.calls) == 2


@pytest.mark.parametrize(
    ("announced", "absolute"),
    [
        ("token", "https://ehr.example/fhir/token"),
        ("/auth/token", "https://ehr.example/auth/token"),
        ("../auth/token", "https://ehr.example/auth/token"),
    ],
)
def test_a_relative_address_is_relative_to_the_base(
    desk: Desk, mock: responses.RequestsMock, announced: str, absolute: str
) -> None:
    mock.get(WELL_KNOWN, json={**GOOD, "token_endpoint": announced})
    assert _find(desk).token_endpoint == absolute


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/token",
        "https://auth.example.evil.example/token",
        "https://auth.example:8443/token",
        "http://auth.example/token",
        "//evil.example/token",
        "https://user@auth.example/token",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("name", ["token_endpoint", "authorization_endpoint", "jwks_uri"])
def test_t05_an_address_off_the_registered_origins_is_refused(
    desk: Desk, mock: responses.RequestsMock, address: str, name: str
) -> None:
    mock.get(WELL_KNOWN, json={**GOOD, name: address})
    with pytest.raises(EndpointRefused) as caught:
        _find(desk)
    assert "evil" not in str(caught.value)


def test_a_registered_further_origin_is_admitted(mock: responses.RequestsMock) -> None:
    site = make_site(allowed_origins=("https://auth.example", "https://keys.example:8443/"))
    mock.get(WELL_KNOWN, json={**GOOD, "jwks_uri": "https://keys.example:8443/jwks"})
    found = _find(Desk(sites=MemorySites([site])))
    assert found.jwks_uri == "https://keys.example:8443/jwks"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404},
        {"status": 401},
        {"body": "<html>"},
        {"body": "[]"},
        {"json": {"authorization_endpoint": "https://auth.example/authorize"}},
        {"json": {"token_endpoint": 7}},
        {"body": '{"token_endpoint":"a","token_endpoint":"b"}'},
    ],
)
def test_without_a_usable_configuration_the_capability_statement_is_read(
    desk: Desk, mock: responses.RequestsMock, answer: dict[str, Any]
) -> None:
    mock.get(WELL_KNOWN, **answer)
    mock.get(METADATA, json=_statement(_uris("https://auth.example")))
    found = _find(desk)
    assert found.authorization_endpoint == "https://auth.example/authorize"
    assert found.token_endpoint == "https://auth.example/token"
    assert found.revocation_endpoint == "https://auth.example/revoke"
    assert mock.calls[1].request.headers["Accept"] == "application/fhir+json"


def test_of_two_oauth_uris_blocks_the_exact_url_counts(
    desk: Desk, mock: responses.RequestsMock
) -> None:
    bogus = _uris(
        "https://evil.example",
        "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris/",
    )
    mock.get(WELL_KNOWN, status=404)
    mock.get(METADATA, json=_statement(bogus, _uris("https://auth.example")))
    assert _find(desk).token_endpoint == "https://auth.example/token"


def test_a_block_without_token_address_is_passed_over() -> None:
    empty = {"url": _uris("x")["url"], "extension": "none"}
    found = oauth_uris(_statement(empty, _uris("https://auth.example")))
    assert found is not None
    assert found["token_endpoint"] == "https://auth.example/token"
    assert oauth_uris(_statement(empty)) is None
    assert oauth_uris({"rest": "none"}) is None


@pytest.mark.parametrize(
    "metadata", [{"status": 404}, {"body": "<html>"}, {"json": {"resourceType": "Patient"}}]
)
def test_no_sign_in_in_either_place_is_a_named_fault(
    desk: Desk, mock: responses.RequestsMock, metadata: dict[str, Any]
) -> None:
    mock.get(WELL_KNOWN, status=404)
    mock.get(METADATA, **metadata)
    with pytest.raises(DiscoveryInvalid):
        _find(desk)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_broken_ehr_is_told_from_one_without_smart(
    desk: Desk, mock: responses.RequestsMock, status: int
) -> None:
    mock.get(WELL_KNOWN, status=status)
    with pytest.raises(DiscoveryUnreachable) as caught:
        _find(desk)
    assert caught.value.http_status == status
    assert len(mock.calls) == 1


def test_a_silent_ehr_is_a_named_fault(desk: Desk, mock: responses.RequestsMock) -> None:
    mock.get(WELL_KNOWN, body=requests.exceptions.ConnectTimeout("private words"))
    with pytest.raises(DiscoveryUnreachable) as caught:
        _find(desk)
    assert "private" not in str(caught.value)


def test_a_redirect_is_not_followed(desk: Desk, mock: responses.RequestsMock) -> None:
    mock.get(WELL_KNOWN, status=302, headers={"Location": "https://evil.example/x"})
    mock.get(METADATA, status=302, headers={"Location": "https://evil.example/y"})
    with pytest.raises(DiscoveryInvalid):
        _find(desk)
    assert {call.request.url for call in mock.calls} == {WELL_KNOWN, METADATA}


def test_plain_http_is_for_this_machine_and_by_permission_only(
    mock: responses.RequestsMock,
) -> None:
    base = "http://localhost:8400/fhir"
    site = make_site(issuer=base, allowed_origins=())
    mock.get(
        f"{base}/.well-known/smart-configuration",
        json={"token_endpoint": "http://localhost:8400/auth/token"},
    )
    desk = Desk(sites=MemorySites([site]), loopback_http=True)
    assert _find(desk, base).token_endpoint == "http://localhost:8400/auth/token"


def test_an_expired_memory_is_asked_again(desk: Desk, mock: responses.RequestsMock) -> None:
    mock.get(WELL_KNOWN, json=GOOD)
    forgetful = replace(desk.client.discovery, keep_seconds=0)
    for _ in range(2):
        forgetful.configuration(desk.sites.sites[0], ISSUER)
    assert len(mock.calls) == 2


def test_a_resolved_address_must_be_one(desk: Desk, mock: responses.RequestsMock) -> None:
    mock.get(WELL_KNOWN, json={**GOOD, "token_endpoint": "https://[auth.example/token"})
    with pytest.raises(EndpointRefused):
        _find(desk)


def test_t05_an_address_that_moved_is_told_and_one_off_the_list_is_refused_even_from_memory(
    desk: Desk, mock: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    mock.add("GET", WELL_KNOWN, json=GOOD)
    site = desk.sites.sites[0]
    forgetful = replace(desk.client.discovery, keep_seconds=0)
    forgetful.configuration(site, ISSUER)
    forgetful.configuration(site, ISSUER)
    assert "launch.endpoints_changed" not in caplog.text
    mock.replace("GET", WELL_KNOWN, json={**GOOD, "token_endpoint": "https://auth.example/new"})
    forgetful.configuration(site, ISSUER)
    assert caplog.text.count("launch.endpoints_changed") == 1
    _find(desk)
    assert "launch.endpoint_refused" not in caplog.text
    with pytest.raises(EndpointRefused):
        desk.client.discovery.configuration(replace(site, allowed_origins=()), ISSUER)
    assert caplog.text.count("launch.endpoint_refused") == 1
