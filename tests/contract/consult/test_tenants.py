"""Two hospitals on one network: neither sees, changes or guesses at the other's cases."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from consult.errors import CaseMovedOn
from consult.service import claim_case
from consult.store import case_resources
from exchange import decision
from runtime import clock, jose, json_text, tokens
from tests.support.consult_world import CARDIOLOGIST, SCOPE, World, call


@pytest.fixture(scope="module")
def theirs(world: World) -> dict[str, Any]:
    """A case Task of hospital b."""
    return world.b.task(world.b.send_case())


def references(task: dict[str, Any]) -> list[str]:
    found = [f"Task/{task['id']}", task["focus"]["reference"], task["for"]["reference"]]
    return found + [i["valueReference"]["reference"] for i in task["input"][:2]]


def test_every_way_to_a_foreign_resource_ends_like_an_unknown_one(
    world: World, theirs: dict[str, Any]
) -> None:
    for reference in references(theirs):
        kind, identity = reference.split("/")
        known = world.a.ask("GET", f"/fhir/{kind}/{identity}")
        unknown = world.a.ask("GET", f"/fhir/{kind}/{tokens.new_uuid()}")
        assert (known.status, known.body) == (unknown.status, unknown.body)
        assert known.status == 404
        for path in ("/_history", "/_history/1"):
            assert world.a.ask("GET", f"/fhir/{kind}/{identity}{path}").status == 404


def test_t07_a_token_that_was_granted_elsewhere_is_401(world: World) -> None:
    elsewhere = "https://ehr.example/fhir"
    claims = {"iss": elsewhere, "sub": world.a.client_id, "aud": elsewhere, "scope": SCOPE}
    signed = jose.sign(world.a.key, claims, typ="at+jwt")
    assertion = jose.client_assertion(
        world.a.key, client_id=world.a.client_id, audience=f"{world.base_url}/auth/token"
    )
    for token in (tokens.new_secret(), signed, assertion):
        headers = {"Authorization": f"Bearer {token}"}
        answer = call(world.base_url, "GET", "/fhir/Task", headers=headers)
        assert answer.status == 401


def test_searches_find_nothing_of_another_hospital(world: World, theirs: dict[str, Any]) -> None:
    case = theirs["groupIdentifier"]
    searches = [
        ("Task", {"_id": theirs["id"]}),
        ("Task", {"group-identifier": f"{case['system']}|{case['value']}"}),
        ("Task", {"identifier": f"{theirs['identifier'][0]['value']}"}),
        ("Communication", {"part-of": f"Task/{theirs['id']}"}),
        ("Communication", {"part-of": f"{world.base_url}/fhir/Task/{theirs['id']}"}),
        ("Provenance", {"target": theirs["for"]["reference"]}),
    ]
    for kind, query in searches:
        answer = world.a.ask("GET", f"/fhir/{kind}?{urlencode(query)}")
        assert answer.status == 200, answer.body
        assert answer.json.get("entry", []) == []


def test_a_poll_returns_own_cases_only_and_no_offers(world: World) -> None:
    own = world.a.send_case()
    since = (clock.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    page = world.a.ask("GET", f"/fhir/Task?_lastUpdated=ge{since}&_sort=_lastUpdated").json
    ids = {entry["resource"]["id"] for entry in page["entry"]}
    assert own in ids
    assert all(
        entry["resource"]["code"]["coding"][0]["code"] == "fulfill" for entry in page["entry"]
    )
    with world.services.reading() as unit:
        offers = case_resources.offers_of(unit, own)
    assert offers
    for one in offers:
        assert world.a.ask("GET", f"/fhir/Task/{one.id}").status == 404


def test_a_page_link_opens_for_its_own_hospital_only(world: World) -> None:
    for _ in range(2):
        world.a.send_case()
    page = world.a.ask("GET", "/fhir/Task?_count=1").json
    link = next(item["url"] for item in page["link"] if item["relation"] == "next")
    path = link.removeprefix(world.base_url)
    assert world.a.ask("GET", path).status == 200
    assert world.b.ask("GET", path).status == 400


def test_a_foreign_task_cannot_be_changed(world: World, theirs: dict[str, Any]) -> None:
    assert world.a.put(theirs).status == 404
    request = world.b.ask("GET", f"/fhir/{theirs['focus']['reference']}").json
    assert world.a.put(request).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/fhir/Patient"),
        ("POST", "/fhir/Communication"),
        ("POST", "/fhir/DocumentReference"),
        ("PUT", "/fhir/Communication/1"),
        ("PUT", "/fhir/PractitionerRole/sp-okafor"),
        ("DELETE", "/fhir/Task/1"),
        ("PATCH", "/fhir/Task/1"),
        ("GET", "/fhir/PractitionerRole"),
        ("GET", "/fhir/Practitioner/sp-okafor"),
    ],
)
def test_nothing_else_can_be_written_or_read(world: World, method: str, path: str) -> None:
    answer = world.a.ask(method, path, body=b'{"resourceType":"Patient"}')
    assert answer.status in (403, 405)
    assert answer.json["resourceType"] == "OperationOutcome"


def test_a_hospital_changes_only_what_the_table_lets_it(world: World) -> None:
    task = world.a.task(world.a.send_case())
    closed_too_early = {
        **task,
        "status": "completed",
        "businessStatus": {"coding": [{**task["businessStatus"]["coding"][0], "code": "closed"}]},
    }
    assert world.a.put(closed_too_early).status == 409
    assert world.a.put({**task, "description": "Canary"}).status == 409
    assert world.a.put({**task, "priority": "asap"}).status == 409
    assert world.a.task(task["id"]) == task


def test_a_question_can_be_withdrawn_before_work_began(world: World) -> None:
    task = world.a.task(world.a.send_case())
    withdrawn = {
        **task,
        "status": "cancelled",
        "businessStatus": {
            "coding": [{**task["businessStatus"]["coding"][0], "code": "withdrawn"}]
        },
    }
    assert world.a.put(withdrawn, version="1").status == 412
    assert world.a.put(withdrawn).status == 200
    signed_in = world.specialist(CARDIOLOGIST)
    with pytest.raises(CaseMovedOn):
        claim_case.claim_case(world.services, signed_in, task["id"])


def test_a_decision_needs_a_closed_case(world: World) -> None:
    task = world.a.task(world.a.send_case())
    fake = decision.decided(
        {**task, "status": "completed", "businessStatus": _business("closed")},
        "followed",
        clock.now(),
    )
    assert world.a.put({**fake, "meta": task["meta"]}).status == 409


def _business(code: str) -> dict[str, Any]:
    from exchange import names, parts  # noqa: PLC0415

    return parts.concept(names.CS_CASE_STATUS, code)


def test_an_unknown_search_parameter_is_an_error(world: World) -> None:
    answer = world.a.ask("GET", "/fhir/Task?colour=red")
    assert answer.status == 400


def test_a_narrow_token_reads_what_it_names_and_sends_nothing(world: World) -> None:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Task.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jose.client_assertion(
            world.a.key, client_id=world.a.client_id, audience=f"{world.base_url}/auth/token"
        ),
    }
    answer = call(
        world.base_url,
        "POST",
        "/auth/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    assert answer.json["scope"] == "system/Task.rs"
    kept, world.a.token = world.a.token, answer.json["access_token"]
    try:
        assert world.a.ask("GET", "/fhir/Task").status == 200
        assert world.a.ask("GET", "/fhir/Communication").status == 403
        assert world.a.submit(world.a.build().body).status == 403
    finally:
        world.a.token = kept


def token_request(world: World, **changes: Any) -> int:
    url = f"{world.base_url}/auth/token"
    assertion = jose.client_assertion(
        changes.pop("key", world.a.key),
        client_id=changes.pop("client_id", world.a.client_id),
        audience=changes.pop("audience", url),
        lifetime_seconds=changes.pop("lifetime", 240),
    )
    form = {
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        **changes,
    }
    return call(
        world.base_url,
        "POST",
        "/auth/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    ).status


def test_the_token_endpoint_takes_only_fresh_assertions_of_registered_keys(
    world: World,
) -> None:
    assert token_request(world) == 200
    assert token_request(world, key=world.b.key) == 401
    assert token_request(world, client_id="hospital-x") == 401
    assert token_request(world, audience="https://elsewhere.example/token") == 401
    assert token_request(world, lifetime=3600) == 401
    assert token_request(world, scope="system/*.cruds") == 400
    assert token_request(world, grant_type="password") in (400, 401)


def test_an_assertion_works_once(world: World) -> None:
    assertion = jose.client_assertion(
        world.a.key, client_id=world.a.client_id, audience=f"{world.base_url}/auth/token"
    )
    assert token_request(world, client_assertion=assertion) == 200
    assert token_request(world, client_assertion=assertion) == 401


def test_an_rs384_client_works_too_and_a_rotation_retires_the_old_key(world: World) -> None:
    old = world.b.key
    in_flight = world.b.build()
    fresh = jose.new_signing_key("RS384")
    body = json_text.dumps({"keys": [fresh.public_jwk()]})
    answer = world.b.ask("PUT", "/clients/me/keys", body=body, kind="application/json")
    assert (answer.status, answer.json) == (200, {"keys": [fresh.kid]})
    assert token_request(world, key=old, client_id=world.b.client_id) == 401
    assert token_request(world, key=fresh, client_id=world.b.client_id) == 200
    # A receipt that the old key signed before the rotation is still good.
    assert world.b.submit(in_flight.body).status == 200
    back = world.b.ask(
        "PUT",
        "/clients/me/keys",
        body=json_text.dumps({"keys": [old.public_jwk()]}),
        kind="application/json",
    )
    assert back.status == 422
    world.b.key = fresh


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["x"],
        [{"kty": "oct", "k": "AAAA", "kid": "a", "alg": "ES384"}],
        [{"kid": "a"}],
        [{}] * 5,
    ],
)
def test_unusable_keys_are_not_registered(world: World, keys: list[Any]) -> None:
    body = json_text.dumps({"keys": keys})
    answer = world.a.ask("PUT", "/clients/me/keys", body=body, kind="application/json")
    assert answer.status == 422
    assert token_request(world) == 200


def test_key_rotation_needs_a_token(world: World) -> None:
    assert call(world.base_url, "PUT", "/clients/me/keys", body=b"{}").status == 401
    assert call(world.base_url, "POST", "/members/attestations", body=b"{}").status == 401


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"aud": "https://elsewhere.example"}, "audience"),
        ({"iss": "hospital-b"}, "issuer"),
        ({"sub": None}, "missing_claim"),
        ({"role": None}, "role"),
        ({"grade": "x" * 61}, "grade"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": "9999-01-01"}, "valid_until"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"exp": 4_000_000_000}, "lifetime"),
    ],
)
def test_an_attestation_names_its_failing_point(
    world: World, changes: dict[str, Any], point: str
) -> None:
    answer = world.a.attest(**changes)
    assert (answer.status, answer.json["point"]) == (422, point)


def test_an_attestation_is_renewed_under_the_same_member_and_works_once(world: World) -> None:
    first = world.a.attest(sub="pairwise-9")
    renewed = world.a.attest(sub="pairwise-9", grade="PGY-3")
    assert first.json == renewed.json
    body = json_text.dumps({"attestation": world.a.attestation(sub="pairwise-9")})
    answers = [
        world.a.ask("POST", "/members/attestations", body=body, kind="application/json").status
        for _ in range(2)
    ]
    assert answers == [200, 422]
    world.a.attest()


def test_the_same_subject_at_two_hospitals_is_two_members(world: World) -> None:
    assert world.a.attest(sub="s-1").json != world.b.attest(sub="s-1").json
    world.a.attest()
    world.b.attest()
