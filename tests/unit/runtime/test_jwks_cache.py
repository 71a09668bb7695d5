"""Key sets are cached, renewed for an unknown key, and never trusted beyond their limits."""

import json
from typing import Any

import pytest
import responses

from runtime import jose
from runtime.errors import JwksRefused
from runtime.jwks_cache import JwksCache, parse
from runtime.outbound import OutboundClient

URL = "https://ehr.example/jwks.json"
_ONE, _TWO = (jose.new_signing_key("ES384").public_jwk() for _ in range(2))


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def monotonic() -> _Clock:
    return _Clock()


def _cache(monotonic: _Clock, *, keep: bool = True) -> JwksCache:
    outbound = OutboundClient(allowed_origins={"https://ehr.example"}, allow_loopback_http=False)
    return JwksCache(outbound, keep_last_good=keep, monotonic=monotonic)


def _publish(*keys: Any, max_age: int | None = None, status: int = 200) -> None:
    headers = {} if max_age is None else {"Cache-Control": f"public, max-age={max_age}"}
    responses.upsert(responses.GET, URL, json={"keys": list(keys)}, headers=headers, status=status)


@responses.activate
def test_a_set_is_fetched_once_and_again_when_it_is_old(monotonic: _Clock) -> None:
    cache = _cache(monotonic)
    _publish(_ONE, max_age=600)
    assert cache.keys(URL) == cache.keys(URL, kid=_ONE["kid"]) == (_ONE,)
    assert len(responses.calls) == 1
    monotonic.now += 601
    cache.keys(URL)
    assert len(responses.calls) == 2


@responses.activate
def test_an_unknown_key_makes_us_look_again_at_most_once_a_minute(monotonic: _Clock) -> None:
    cache = _cache(monotonic)
    _publish(_ONE)
    cache.keys(URL)
    _publish(_ONE, _TWO)
    assert cache.keys(URL, kid=_TWO["kid"]) == (_ONE,)
    monotonic.now += 61
    assert cache.keys(URL, kid=_TWO["kid"]) == (_ONE, _TWO)
    for _ in range(5):
        cache.keys(URL, kid="unknown")
    assert len(responses.calls) == 2


@responses.activate
def test_a_client_keeps_the_last_good_set(monotonic: _Clock) -> None:
    cache = _cache(monotonic)
    _publish(_ONE, max_age=300)
    cache.keys(URL)
    _publish(status=500)
    monotonic.now += 4000
    assert cache.keys(URL) == (_ONE,)
    assert len(responses.calls) == 2
    cache.keys(URL)
    assert len(responses.calls) == 2


@responses.activate
def test_a_server_never_uses_a_set_beyond_its_time(monotonic: _Clock) -> None:
    cache = _cache(monotonic, keep=False)
    _publish(_ONE, max_age=100_000)
    cache.keys(URL)
    _publish(status=500)
    monotonic.now += 3601
    with pytest.raises(JwksRefused):
        cache.keys(URL)


@responses.activate
def test_a_failed_look_for_an_unknown_key_keeps_a_valid_set_its_time(monotonic: _Clock) -> None:
    cache = _cache(monotonic, keep=False)
    _publish(_ONE, max_age=300)
    cache.keys(URL)
    _publish(status=500)
    monotonic.now += 100
    assert cache.keys(URL, kid="unknown") == (_ONE,)
    monotonic.now += 201
    with pytest.raises(JwksRefused):
        cache.keys(URL)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"keys": [{**_ONE, "d": "x"}]}, "private_members"),
        ({"keys": [{"kty": "oct", "k": "x"}]}, "private_members"),
        ({"keys": [_ONE, _ONE]}, "repeated_key_id"),
        ({"keys": [_ONE] * 21}, "too_many_keys"),
        ({"keys": "x"}, "not_a_key_set"),
        ([], "not_a_key_set"),
    ],
)
def test_a_bad_set_is_refused_whole(content: Any, rule: str) -> None:
    with pytest.raises(JwksRefused, match=rule):
        parse(json.dumps(content).encode())


def test_html_and_large_bodies_are_no_key_set() -> None:
    for body in (b"<html>", b" " * 70_000 + b'{"keys":[]}'):
        with pytest.raises(JwksRefused, match="not_json"):
            parse(body)


def test_keys_for_other_uses_are_left_out() -> None:
    body = json.dumps({"keys": [{**_ONE, "use": "enc"}, {"kty": "OKP", "crv": "Ed25519"}, _TWO]})
    assert parse(body.encode()) == (_TWO,)
