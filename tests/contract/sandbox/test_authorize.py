"""Row "Authorize": what is checked before a code goes out, and where refusals go."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from runtime import clock, tokens
from sandbox import grants
from sandbox.rows import LaunchRow
from tests.support.sandbox_ehr import CALLBACK, FHIR, SandboxEhr, challenge_of, query_of

VERIFIER = tokens.new_secret()


def request_of(ehr: SandboxEhr, **changed: str | None) -> dict[str, str]:
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "confer-app",
        "redirect_uri": CALLBACK,
        "scope": "launch openid fhirUser patient/*.rs",
        "state": "a state & more=1 é",
        "aud": FHIR,
        "launch": ehr.launch() if "launch" not in changed else None,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "nonce": "n-1",
    }
    parameters.update(changed)
    return {name: value for name, value in parameters.items() if value is not None}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_launch_inside_the_frame_gets_a_code_without_any_ehr_cookie(
    ehr: SandboxEhr, method: str
) -> None:
    browser = ehr.browser()
    parameters = request_of(ehr)
    if method == "get":
        answer = browser.get("/auth/authorize", query_string=parameters)
    else:
        answer = browser.post("/auth/authorize", data=parameters)

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    assert query_of(answer.headers["Location"])["state"] == parameters["state"]
    assert len(query_of(answer.headers["Location"])["code"]) >= 43
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aud": f"{FHIR}/"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid patient/*.rs"}, "invalid_scope"),
        ({"launch": "made-up"}, "invalid_request"),
        ({"scope": "nonsense", "launch": None}, "invalid_scope"),
    ],
)
def test_a_faulty_request_gets_its_error_and_no_code(
    ehr: SandboxEhr, changed: Mapping[str, str | None], error: str
) -> None:
    parameters = request_of(ehr, **changed)
    answer = ehr.browser().get("/auth/authorize", query_string=parameters)
    query = query_of(answer.headers["Location"])

    assert "code" not in query
    assert query["error"] == error
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    assert query.get("state") == parameters.get("state")


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?x=1"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": None},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": "confer-gateway"},
    ],
)
def test_nothing_is_ever_sent_to_an_address_that_is_not_registered(
    ehr: SandboxEhr, changed: Mapping[str, str | None]
) -> None:
    answer = ehr.browser().get("/auth/authorize", query_string=request_of(ehr, **changed))

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_repeated_parameter_is_refused(ehr: SandboxEhr) -> None:
    pairs = [*request_of(ehr).items(), ("client_id", "confer-app")]
    answer = ehr.browser().get("/auth/authorize", query_string=pairs)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_scope_of_ten_thousand_characters_is_served(ehr: SandboxEhr) -> None:
    scope = "launch patient/*.rs " + " ".join(f"patient/Made{n}.rs" for n in range(500))
    answer = ehr.browser().post("/auth/authorize", data=request_of(ehr, scope=scope))

    assert "code" in query_of(answer.headers["Location"])


def test_a_launch_value_works_once(ehr: SandboxEhr) -> None:
    parameters = request_of(ehr)
    first = ehr.browser().get("/auth/authorize", query_string=parameters)
    second = ehr.browser().get("/auth/authorize", query_string=parameters)

    assert "code" in query_of(first.headers["Location"])
    assert query_of(second.headers["Location"])["error"] == "invalid_request"


def test_a_launch_value_of_another_app_is_refused(ehr: SandboxEhr) -> None:
    parameters = request_of(ehr) | {"launch": ehr.launch(client_id="public-app")}
    answer = ehr.browser().get("/auth/authorize", query_string=parameters)

    assert query_of(answer.headers["Location"])["error"] == "invalid_request"


def test_a_launch_value_dies_after_five_minutes(ehr: SandboxEhr) -> None:
    value = ehr.launch()
    with ehr.services.database.transaction() as session:
        late = clock.now() + timedelta(minutes=5, seconds=1)
        assert grants.take_launch(session, value, client_id="confer-app", now=late) is None
        early = clock.now() + timedelta(minutes=4, seconds=55)
        assert grants.take_launch(session, value, client_id="confer-app", now=early) is not None


def test_the_launch_value_says_nothing_and_is_stored_hashed(ehr: SandboxEhr) -> None:
    value = ehr.launch()
    with ehr.services.database.read() as session:
        stored = {row.launch_hash for row in session.query(LaunchRow)}

    assert value not in stored
    assert "pt-" not in value
    assert "acc-" not in value
