"""The gateway's own account: system scopes, fresh assertions, tokens kept until near the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses
import time_machine

from launch.authorized_session import AuthorizedSession
from launch.backend_services import BackendTokens
from launch.errors import BackendRefused, ClientKeyMissing, TokenRefused, TokenUnreachable
from runtime import clock
from tests.support.launch_stores import ISSUER, Desk, MemorySecrets, make_site
from tests.support.smart_ehr import SmartEhr, json_answer

SITE = make_site()


@pytest.fixture
def backend(desk: Desk) -> BackendTokens:
    return BackendTokens(client=desk.client)


def test_a_token_is_asked_for_with_system_scopes_and_kept(
    backend: BackendTokens, ehr: SmartEhr
) -> None:
    token = backend.token(SITE)
    assert token.access_token == "access-1"
    assert token.scopes == SITE.backend_scopes
    assert backend.token(SITE) is token
    assert ehr.forms[0]["grant_type"] == "client_credentials"
    assert ehr.forms[0]["scope"] == "system/DocumentReference.crs system/Patient.r"
    assert len(ehr.forms) == 1
    assert "access-1" not in repr(backend)
    assert "access-1" not in repr(token)


def test_it_is_renewed_before_its_end_with_a_new_assertion(
    backend: BackendTokens, ehr: SmartEhr
) -> None:
    backend.token(SITE)
    with time_machine.travel(clock.now() + timedelta(seconds=281)):
        assert backend.token(SITE).access_token == "access-2"
    assert len(ehr.seen_jti) == 2


def test_many_threads_share_one_request(backend: BackendTokens, ehr: SmartEhr) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        got = set(pool.map(lambda _n: backend.token(SITE).access_token, range(8)))
    assert got == {"access-1"}
    assert len(ehr.forms) == 1


def test_a_token_without_an_end_is_not_kept(backend: BackendTokens, ehr: SmartEhr) -> None:
    ehr.override = [json_answer(200, {"access_token": "a", "token_type": "bearer"})]
    assert backend.token(SITE).expires_at is None
    assert backend.token(SITE).access_token == "access-1"


def test_a_refused_token_is_replaced_through_the_session(
    desk: Desk, backend: BackendTokens, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    session = AuthorizedSession(
        base_url=ISSUER, outbound=desk.client.outbound, tokens=backend.source(SITE)
    )
    mock.get(f"{ISSUER}/Patient/1", status=401)
    mock.get(f"{ISSUER}/Patient/1", json={})
    assert session.get("Patient/1").status == 200
    sent = [c.request.headers["Authorization"] for c in mock.calls if "Patient" in c.request.url]
    assert sent == ["Bearer access-1", "Bearer access-2"]


def test_a_smaller_grant_is_shown_and_an_empty_one_is_a_fault(
    backend: BackendTokens, ehr: SmartEhr
) -> None:
    answer = {"access_token": "a", "token_type": "bearer", "scope": "system/Patient.r"}
    ehr.override = [json_answer(200, answer), json_answer(200, {**answer, "scope": ""})]
    assert backend.token(SITE).scopes == ("system/Patient.r",)
    with pytest.raises(BackendRefused):
        backend.token(SITE, stale="a")


@pytest.mark.parametrize(
    "changes",
    [
        {"backend_client_id": None},
        {"backend_scopes": ()},
        {"backend_scopes": ("system/Patient.r", "user/Patient.r")},
        {"backend_scopes": ("offline_access",)},
    ],
)
def test_a_site_without_a_proper_backend_client_causes_no_call(
    backend: BackendTokens, mock: responses.RequestsMock, changes: dict[str, object]
) -> None:
    with pytest.raises(BackendRefused):
        backend.token(make_site(**changes))
    assert len(mock.calls) == 0


def test_a_busy_token_endpoint_is_tried_twice_with_two_assertions(
    backend: BackendTokens, ehr: SmartEhr
) -> None:
    ehr.override = [(503, {}, b"")]
    assert backend.token(SITE).access_token == "access-1"
    assert len({form["client_assertion"] for form in ehr.forms}) == 2
    ehr.override = [(503, {}, b""), (500, {}, b"")]
    with pytest.raises(TokenUnreachable):
        backend.token(SITE, stale="access-1")


def test_a_refusal_is_not_repeated(backend: BackendTokens, ehr: SmartEhr) -> None:
    ehr.override = [json_answer(400, {"error": "invalid_scope"})]
    with pytest.raises(TokenRefused) as caught:
        backend.token(SITE)
    assert caught.value.ehr_code == "invalid_scope"
    assert len(ehr.forms) == 1


def test_a_key_that_the_ehr_does_not_take_is_a_named_fault(ehr: SmartEhr) -> None:
    ehr.configuration["token_endpoint_auth_signing_alg_values_supported"] = ["RS384"]
    backend = BackendTokens(client=Desk(secrets=MemorySecrets(algorithms=("ES384",))).client)
    with pytest.raises(ClientKeyMissing):
        backend.token(SITE)
