"""Ending a grant, and the public half of our keys."""

import pytest
import requests
import responses

from launch import key_set
from launch.ports import GrantId
from launch.revocation import revoke
from runtime import json_text
from tests.support.launch_stores import Desk, signing_key
from tests.support.smart_ehr import AUTH, SmartEhr, launch


def test_both_tokens_are_revoked_and_wiped(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    mock.post(f"{AUTH}/revoke", status=200)
    grant = launch(desk, ehr).grant_id
    assert revoke(desk.client, grant) == "revoked"
    bodies = [str(c.request.body) for c in mock.calls if str(c.request.url).endswith("/revoke")]
    assert "token=refresh-0" in bodies[0]
    assert "token=access-1" in bodies[1]
    assert desk.token_store.records == {}
    assert revoke(desk.client, grant) == "gone"


@pytest.mark.parametrize("failure", ["status", "silence", "key"])
def test_tokens_are_wiped_here_even_when_the_ehr_fails(
    desk: Desk, ehr: SmartEhr, mock: responses.RequestsMock, failure: str
) -> None:
    ehr.token_answer["refresh_token"] = None
    grant = launch(desk, ehr).grant_id
    if failure == "status":
        mock.post(f"{AUTH}/revoke", status=503)
    elif failure == "silence":
        mock.post(f"{AUTH}/revoke", body=requests.exceptions.ConnectionError("x"))
    else:
        desk.secrets.algorithms = ()
    assert revoke(desk.client, grant) == "failed"
    assert desk.token_store.records == {}


def test_an_ehr_without_revocation_is_no_fault(desk: Desk, ehr: SmartEhr) -> None:
    del ehr.configuration["revocation_endpoint"]
    assert revoke(desk.client, launch(desk, ehr).grant_id) == "not_offered"
    assert desk.token_store.records == {}


def test_an_unknown_grant_is_gone(desk: Desk) -> None:
    assert revoke(desk.client, GrantId("x")) == "gone"


def test_the_published_keys_hold_nothing_private() -> None:
    keys = [signing_key("ES384"), signing_key("RS384")]
    # what must never be there is offered on purpose
    offered = [{**key.public_jwk(), "d": "secret", "k": "secret"} for key in keys]
    document = json_text.loads(key_set.document(offered))
    assert [key["kty"] for key in document["keys"]] == ["EC", "RSA"]
    for key in document["keys"]:
        assert set(key) <= key_set.PUBLIC_MEMBERS
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["kid"]
        assert key["use"] == "sig"
    assert {"n", "e"} <= set(document["keys"][1])
    assert {"crv", "x", "y"} <= set(document["keys"][0])
    assert "max-age" in key_set.HEADERS["Cache-Control"]
