"""The token endpoint gives a token for a fresh, right assertion, and one answer otherwise."""

import threading
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from runtime import clock, jose, tokens
from runtime.database import Database
from runtime.errors import TokenRefused
from runtime.tables import AccessTokenRow
from runtime.token_endpoint import ClientKeys, TokenEndpoint
from runtime.token_rows import purge, revoke_all

URL = "https://cs.example/auth/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ES, _RS, _OTHER = (jose.new_signing_key(alg) for alg in ("ES384", "RS384", "ES384"))
CLIENT = ClientKeys(
    client_id="hospital-1",
    keys=(_ES.public_jwk(), _RS.public_jwk()),
    scopes=frozenset({"system/Task.crus", "system/Communication.crs"}),
)


@pytest.fixture
def endpoint(database: Database) -> TokenEndpoint:
    return TokenEndpoint(
        database=database, audiences=[URL], find_client={CLIENT.client_id: CLIENT}.get
    )


@pytest.fixture
def client(endpoint: TokenEndpoint) -> FlaskClient:
    app = Flask("tokens", static_folder=None)

    def token() -> Response:
        return endpoint.respond()

    app.add_url_rule("/auth/token", "token", token, methods=["POST"])
    return app.test_client()


def _assertion(key: jose.SigningKey = _ES, **changes: Any) -> str:
    issued = int(clock.now().timestamp())
    claims = {
        "iss": CLIENT.client_id,
        "sub": CLIENT.client_id,
        "aud": URL,
        "exp": issued + 240,
        "jti": tokens.new_uuid(),
    }
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jose.sign(key, kept, typ="JWT")


def _ask(client: FlaskClient, assertion: str, **changes: str) -> TestResponse:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Task.crus",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return client.post("/auth/token", data=form | changes)


@pytest.mark.parametrize("key", [_ES, _RS], ids=["ES384", "RS384"])
def test_a_good_assertion_gets_a_short_token(
    client: FlaskClient, endpoint: TokenEndpoint, key: jose.SigningKey
) -> None:
    answer = _ask(client, _assertion(key))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    body = answer.get_json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 300
    assert body["scope"] == "system/Task.crus"
    token = endpoint.authenticate(f"Bearer {body['access_token']}")
    assert (token.client_id, token.scopes) == ("hospital-1", frozenset({"system/Task.crus"}))


def test_the_token_itself_is_not_stored(client: FlaskClient, database: Database) -> None:
    token = _ask(client, _assertion()).get_json()["access_token"]
    with database.read() as session:
        stored = session.scalars(select(AccessTokenRow.token_hash)).all()
    assert len(stored) == 1
    assert token not in stored[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other", "sub": "other"},
        {"sub": "other"},
        {"aud": "https://other.example/token"},
        {"aud": [URL, "https://other.example"]},
        {"exp": 1},
        {"exp": 9_999_999_999},
        {"exp": None},
        {"jti": None},
        {"jti": 7},
        {"jti": "x" * 300},
        {"iss": None},
    ],
)
def test_t13_a_wrong_assertion_gets_one_and_the_same_answer(
    client: FlaskClient, changes: dict[str, Any]
) -> None:
    answer = _ask(client, _assertion(**changes))
    unknown = _ask(client, "not.a.token")
    assert answer.status_code == unknown.status_code == 401
    assert answer.get_json() == unknown.get_json()
    assert answer.get_json()["error"] == "invalid_client"


def test_a_key_of_somebody_else_is_refused(client: FlaskClient) -> None:
    assert _ask(client, _assertion(_OTHER)).status_code == 401


def test_an_assertion_works_once(client: FlaskClient) -> None:
    assertion = _assertion()
    assert _ask(client, assertion).status_code == 200
    assert _ask(client, assertion).status_code == 401


def test_of_many_at_once_one_replay_wins(client: FlaskClient) -> None:
    application = client.application

    def ask(assertion: str, found: list[int]) -> None:
        found.append(_ask(application.test_client(), assertion).status_code)

    for _ in range(5):
        found: list[int] = []
        arguments = (_assertion(), found)
        threads = [threading.Thread(target=ask, args=arguments) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [200, 401, 401, 401, 401, 401]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_assertion_type": "wrong"}, 401, "invalid_client"),
        ({"client_assertion": ""}, 401, "invalid_client"),
        ({"scope": ""}, 400, "invalid_request"),
        ({"scope": "system/Patient.r"}, 400, "invalid_scope"),
    ],
)
def test_other_faults_have_the_answers_of_the_rfc(
    client: FlaskClient, changes: dict[str, str], status: int, error: str
) -> None:
    answer = _ask(client, _assertion(), **changes)
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


def test_scopes_are_narrowed_to_what_is_registered(client: FlaskClient) -> None:
    answer = _ask(client, _assertion(), scope="system/Task.crus system/Patient.r")
    assert answer.get_json()["scope"] == "system/Task.crus"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer unknown", "Basic eDp5"])
def test_a_missing_or_unknown_token_is_refused(endpoint: TokenEndpoint, header: str) -> None:
    with pytest.raises(TokenRefused):
        endpoint.authenticate(header)


def test_an_expired_or_revoked_token_is_refused(
    client: FlaskClient, endpoint: TokenEndpoint, database: Database
) -> None:
    header = f"Bearer {_ask(client, _assertion()).get_json()['access_token']}"
    with database.transaction() as session:
        row = session.scalars(select(AccessTokenRow)).one()
        row.expires_at = clock.now()
    with pytest.raises(TokenRefused):
        endpoint.authenticate(header)
    with database.transaction() as session:
        assert purge(session) == 1
    again = f"Bearer {_ask(client, _assertion()).get_json()['access_token']}"
    endpoint.authenticate(again)
    with database.transaction() as session:
        assert revoke_all(session, "hospital-1") == 1
    with pytest.raises(TokenRefused):
        endpoint.authenticate(again)
