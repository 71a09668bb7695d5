"""A probe says what a server is and what to register, and calls nothing else."""

from typing import Any

import pytest
import responses

from runtime.outbound import OutboundClient
from smartapp.gateway.probe_site import ProbeResult, probe_site
from smartapp.gateway.read_site import SiteRules
from tests.support.launch_stores import ISSUER, make_site

RULES = SiteRules(gateway_url="https://gateway.example", loopback_http=False)
SMART = {
    "authorization_endpoint": "https://login.example/authorize",
    "token_endpoint": "https://login.example/token",
    "capabilities": ["launch-ehr", "permission-v2"],
    "code_challenge_methods_supported": ["S256"],
    "grant_types_supported": ["authorization_code", "client_credentials"],
}


def statement(**changes: Any) -> dict[str, Any]:
    """A CapabilityStatement with enough to read and write. Any: JSON."""
    searched = [
        {"type": name, "interaction": [{"code": "read"}, {"code": "search-type"}]}
        for name in ("Patient", "Observation", "Condition")
    ]
    written = {
        "type": "DocumentReference",
        "interaction": [{"code": "create"}, {"code": "search-type"}],
        "searchParam": [{"name": "identifier"}],
    }
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": [*searched, written]}],
        **changes,
    }


def probe(
    *, smart: object = SMART, metadata: object = None, status: int = 200, **site: object
) -> ProbeResult:
    with responses.RequestsMock() as web:
        web.get(f"{ISSUER}/metadata", json=metadata or statement(), status=status)
        if smart is None:
            web.get(f"{ISSUER}/.well-known/smart-configuration", status=404)
        else:
            web.get(f"{ISSUER}/.well-known/smart-configuration", json=smart)
        outbound = OutboundClient(
            allowed_origins={"https://ehr.example"}, allow_loopback_http=False
        )
        registered = make_site(**site) if site else None
        found = probe_site(outbound, ISSUER, rules=RULES, site=registered)
        assert {call.request.url.split("?")[0] for call in web.calls} == {  # type: ignore[union-attr]
            f"{ISSUER}/metadata",
            f"{ISSUER}/.well-known/smart-configuration",
        }
        assert all("Authorization" not in call.request.headers for call in web.calls)
    return found


def levels(found: ProbeResult) -> dict[str, str]:
    return {one.name: one.level for one in found.findings}


def test_it_says_what_to_paste_into_the_registration_form() -> None:
    rows = dict(probe().paper.rows())
    assert rows["Launch URL"] == "https://gateway.example/launch"
    assert rows["Redirect URI"] == "https://gateway.example/callback"
    assert rows["Key set URL (JWKS)"] == "https://gateway.example/.well-known/jwks.json"
    assert "patient/*.rs" in rows["Scopes of the launch client"]
    assert "system/DocumentReference.crs" in rows["Scopes of the backend client"]


def test_sign_in_on_another_host_is_named_to_be_registered_and_not_called() -> None:
    found = probe()
    assert found.facts["allowed_origins"] == ["https://login.example"]
    assert levels(found)["addresses"] == "warn"
    known = probe(allowed_origins=("https://login.example",))
    assert levels(known)["addresses"] == "pass"
    assert levels(probe(allowed_origins=()))["addresses"] == "fail"


def test_the_product_is_known_by_its_statement_and_a_wrong_registration_is_a_fault() -> None:
    epic = statement(software={"name": "Epic"})
    assert probe(metadata=epic).facts["vendor"] == "epic"
    found = probe(metadata=epic, vendor="oracle")
    assert levels(found)["vendor"] == "fail"
    assert found.level == "fail"


def test_a_server_cannot_steer_the_terminal_by_its_name() -> None:
    odd = statement(software={"name": "EHR\x1b[2J\n" + "x" * 200})
    found = probe(metadata=odd)
    assert found.software.isprintable()
    assert len(found.software) == 80


def test_an_older_server_announces_sign_in_in_its_statement() -> None:
    uris = {
        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
        "extension": [
            {"url": "authorize", "valueUri": "auth/authorize"},
            {"url": "token", "valueUri": "auth/token"},
        ],
    }
    old = statement()
    old["rest"][0]["security"] = {"extension": [uris]}
    found = probe(smart=None, metadata=old)
    assert levels(found)["discovery"] == "warn"
    assert found.addresses["token_endpoint"] == f"{ISSUER}/auth/token"


def test_an_open_server_is_said_to_offer_no_launch() -> None:
    found = probe(smart=None)
    assert levels(found)["discovery"] == "fail"
    assert levels(found)["reading"] == "warn"


@pytest.mark.parametrize(
    ("version", "level"), [("4.0.1", "pass"), ("3.0.2", "warn"), ("6.0.0", "fail"), ("", "warn")]
)
def test_the_release_it_speaks_is_compared(version: str, level: str) -> None:
    found = probe(metadata=statement(fhirVersion=version))
    assert levels(found)["release"] == level
    assert found.facts.get("fhir_version") == ("3.0.2" if version == "3.0.2" else None)


def test_version_one_scopes_are_written_so_in_the_form() -> None:
    smart = {**SMART, "capabilities": ["launch-ehr", "permission-v1"]}
    rows = dict(probe(smart=smart).paper.rows())
    assert "patient/*.read" in rows["Scopes of the launch client"]


def test_a_wrong_base_is_said_to_be_one() -> None:
    found = probe(status=404)
    assert levels(found)["metadata"] == "fail"


def test_a_server_that_is_down_is_a_finding_and_no_crash() -> None:
    with responses.RequestsMock():
        outbound = OutboundClient(
            allowed_origins={"https://ehr.example"}, allow_loopback_http=False
        )
        found = probe_site(outbound, ISSUER, rules=RULES)
    assert levels(found)["metadata"] == "fail"
    assert found.as_json()["level"] == "fail"
