"""The test bench: what can be wrong before anybody has signed in."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from runtime import clock
from sandbox import faults
from sandbox.dialects import DIALECTS
from sandbox.discovery import BOGUS_OAUTH_URIS, OAUTH_URIS
from sandbox.places import DEAD_ORIGIN
from tests.contract.sandbox.test_discovery import SMART
from tests.support.sandbox_bench import KEY, speak, turn
from tests.support.sandbox_ehr import ADELA, EHR, SandboxEhr, call
from tests.support.sandbox_tokens import backend

OTHER = "http://127.0.0.1:8400"


def smart(ehr: SandboxEhr) -> dict[str, Any]:
    document: dict[str, Any] = ehr.browser().get(SMART).get_json()
    return document


def oauth_blocks(ehr: SandboxEhr) -> list[dict[str, Any]]:
    security = ehr.browser().get("/fhir/metadata").get_json()["rest"][0]["security"]
    blocks: list[dict[str, Any]] = security.get("extension", [])
    return blocks


def test_an_ehr_that_is_down_answers_nothing_to_apps_and_shows_its_pages(
    bench_ehr: SandboxEhr,
) -> None:
    turn(bench_ehr, down=True)
    browser = bench_ehr.browser()
    paths = (SMART, "/fhir/metadata", "/auth/jwks", "/auth/authorize", f"/fhir/Patient/{ADELA}")

    assert {browser.get(path).status_code for path in paths} == {503}
    assert browser.post("/auth/token").status_code == 503
    assert browser.get("/sign-in").status_code == 200


@pytest.mark.parametrize(
    ("value", "status", "kind"), [("missing", 404, "text/html"), ("not_json", 200, "text/html")]
)
def test_the_smart_configuration_can_be_missing_or_a_page(
    bench_ehr: SandboxEhr, value: str, status: int, kind: str
) -> None:
    turn(bench_ehr, well_known=value)
    answer = bench_ehr.browser().get(SMART)

    assert (answer.status_code, answer.mimetype) == (status, kind)
    assert [block["url"] for block in oauth_blocks(bench_ehr)] == [OAUTH_URIS]


def test_endpoints_can_be_relative_on_another_host_or_on_a_dead_one(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, relative_endpoints=True)
    assert smart(bench_ehr)["token_endpoint"] == "../auth/token"

    turn(bench_ehr, relative_endpoints=False, endpoints="other_host")
    assert smart(bench_ehr)["token_endpoint"] == f"{OTHER}/auth/token"
    assertion = bench_ehr.assertion("confer-gateway", aud=f"{OTHER}/auth/token")
    assert backend(bench_ehr, client_assertion=assertion).status_code == 200

    turn(bench_ehr, endpoints="unreachable")
    assert smart(bench_ehr)["token_endpoint"] == f"{DEAD_ORIGIN}/auth/token"


def test_a_second_oauth_uris_block_misleads_whoever_matches_loosely(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, oauth_uris="bogus_first")
    bogus, right = oauth_blocks(bench_ehr)

    assert (bogus["url"], right["url"]) == (BOGUS_OAUTH_URIS, OAUTH_URIS)
    assert right["extension"][1]["valueUri"] == f"{EHR}/auth/token"
    assert bogus["extension"][1]["valueUri"].startswith(DEAD_ORIGIN)

    turn(bench_ehr, oauth_uris="bogus_second")
    assert [block["url"] for block in oauth_blocks(bench_ehr)] == [OAUTH_URIS, BOGUS_OAUTH_URIS]
    turn(bench_ehr, oauth_uris="relative")
    assert oauth_blocks(bench_ehr)[0]["extension"][1]["valueUri"] == "../auth/token"
    turn(bench_ehr, oauth_uris="none")
    assert oauth_blocks(bench_ehr) == []


def test_what_is_announced_can_lack_pkce_methods_and_capabilities(bench_ehr: SandboxEhr) -> None:
    turn(
        bench_ehr,
        pkce_advertised=False,
        auth_methods="misnamed",
        capabilities_missing=["permission-*"],
        iss_parameter="right",
    )
    document = smart(bench_ehr)

    assert "code_challenge_methods_supported" not in document
    assert "token_endpoint_auth_methods_supported" not in document
    assert "private_key_jwt" not in document["token_endpoint_auth_methods"]
    assert not [one for one in document["capabilities"] if one.startswith("permission-")]
    assert document["authorization_response_iss_parameter_supported"] is True


def test_the_issuer_can_be_another_host_that_serves_its_own_documents(
    bench_ehr: SandboxEhr,
) -> None:
    turn(bench_ehr, issuer="other_host")
    document = smart(bench_ehr)
    answer = bench_ehr.browser().get("/auth/.well-known/openid-configuration", base_url=OTHER)

    assert document["issuer"] == f"{OTHER}/auth"
    assert answer.get_json()["issuer"] == document["issuer"]
    turn(bench_ehr, openid_configuration="missing")
    assert bench_ehr.browser().get("/auth/.well-known/openid-configuration").status_code == 404


def test_the_capability_statement_can_be_missing_wrong_or_of_another_release(
    bench_ehr: SandboxEhr,
) -> None:
    browser = bench_ehr.browser()
    turn(bench_ehr, metadata="missing")
    assert browser.get("/fhir/metadata").status_code == 404
    turn(bench_ehr, metadata="not_a_statement")
    assert browser.get("/fhir/metadata").get_json()["resourceType"] == "Bundle"
    turn(bench_ehr, metadata="served", fhir_version="3.0.2")
    assert browser.get("/fhir/metadata").get_json()["fhirVersion"] == "3.0.2"


def test_an_open_server_needs_no_token_and_offers_no_sign_in(bench_ehr: SandboxEhr) -> None:
    assert bench_ehr.browser().get(f"/fhir/Patient/{ADELA}").status_code == 401
    turn(bench_ehr, authorization="open")
    browser = bench_ehr.browser()

    assert browser.get(f"/fhir/Patient/{ADELA}").status_code == 200
    assert browser.get(SMART).status_code == 404
    assert "security" not in browser.get("/fhir/metadata").get_json()["rest"][0]


def test_the_clock_can_be_wrong_in_every_answer(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, clock_shift_seconds=-900)
    said = parsedate_to_datetime(bench_ehr.browser().get(SMART).headers["Date"])

    late = clock.now() - said
    assert timedelta(seconds=895) < late < timedelta(seconds=905)


@pytest.mark.parametrize(
    ("place", "path"), [("config", SMART), ("auth", "/auth/authorize"), ("any", "/fhir/metadata")]
)
def test_faults_strike_on_every_part_of_the_interface(
    bench_ehr: SandboxEhr, place: faults.Place, path: str
) -> None:
    with bench_ehr.services.database.transaction() as session:
        faults.arm(session, [faults.Fault(effect="unavailable", place=place)])

    assert bench_ehr.browser().get(path).status_code == 503
    assert bench_ehr.browser().get(path).status_code != 503


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_announces_itself_and_serves_what_it_announces(
    bench_ehr: SandboxEhr, name: str
) -> None:
    speak(bench_ehr, name)
    dialect = DIALECTS[name]
    statement = bench_ehr.browser().get("/fhir/metadata").get_json()
    offered = {
        one["type"]: {item["code"] for item in one["interaction"]}
        for one in statement["rest"][0]["resource"]
    }

    assert statement["software"]["name"] == dialect.software
    assert set(offered) == set(dialect.types)
    token = bench_ehr.token("patient/*.cruds")
    refused = call(bench_ehr, token, "Communication", "POST", {"resourceType": "Communication"})
    assert (refused.status_code in (404, 405)) == ("create" not in offered.get("Communication", ()))


def test_the_bench_is_set_read_and_put_back_by_programs_that_know_the_secret(
    bench_ehr: SandboxEhr,
) -> None:
    browser = bench_ehr.browser()
    wanted = {
        "dialect": "epic",
        "switches": {"down": False, "pages": "expire", "intent": "inbox"},
        "faults": [{"effect": "latency", "milliseconds": 5}],
    }
    assert browser.post("/sandbox/bench", json=wanted).status_code == 403
    state = browser.post("/sandbox/bench", headers=KEY, json=wanted).get_json()

    assert state["dialect"] == "epic"
    assert state["switches"] == {"pages": "expire", "intent": "inbox"}  # down: as it was
    assert state["behavior"]["expired_code"] == "4113"
    assert [one["effect"] for one in state["faults"]] == ["latency"]
    shown = browser.get("/sandbox/bench", headers=KEY).get_json()
    assert {one["name"] for one in shown["dialects"]} == set(DIALECTS)
    assert {one["name"] for one in shown["catalogue"]} == set(state["behavior"])

    put_back = browser.delete("/sandbox/bench", headers=KEY).get_json()
    assert (put_back["dialect"], put_back["switches"], put_back["faults"]) == ("generic", {}, [])


@pytest.mark.parametrize(
    "wanted",
    [
        {"dialect": "nobody"},
        {"switches": {"pages": "sideways"}},
        {"switches": {"no_such_switch": True}},
        {"switches": {"down": "yes"}},
        {"switches": {"page_most": 0}},
        {"switches": {"scopes_dropped": "a text"}},
        {"surprise": 1},
        {"switches": {"intent": "inbox"}, "faults": [{"effect": "none"}]},
    ],
)
def test_what_does_not_exist_is_refused_and_changes_nothing(
    bench_ehr: SandboxEhr, wanted: dict[str, Any]
) -> None:
    browser = bench_ehr.browser()
    assert browser.post("/sandbox/bench", headers=KEY, json=wanted).status_code == 400
    assert browser.get("/sandbox/bench", headers=KEY).get_json()["switches"] == {}
