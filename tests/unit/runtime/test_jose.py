"""Signed tokens verify when all is right, and are refused for each single fault."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from runtime import clock, jose
from runtime.errors import JoseRefused
from runtime.jose import SigningKey

ISSUER, AUDIENCE = "client-1", "https://server.example/token"
_KEYS = {alg: jose.new_signing_key(alg) for alg in ("ES384", "RS384", "RS256")}


def _claims(**changes: Any) -> dict[str, Any]:
    issued = int(clock.now().timestamp())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": issued, "exp": issued + 240, "jti": "j"}
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


def _verify(token: str, key: SigningKey, **changes: Any) -> Any:
    rules: dict[str, Any] = {
        "typ": "JWT",
        "algorithms": jose.ASSERTION_ALGORITHMS,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "require": ("iss", "aud", "exp", "jti"),
        "max_lifetime": 300,
    }
    return jose.verify(token, [key.public_jwk()], **(rules | changes))


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_a_good_assertion_is_accepted(alg: str) -> None:
    key = _KEYS[alg]
    token = jose.client_assertion(key, client_id=ISSUER, audience=AUDIENCE)
    claims = _verify(token, key)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, ISSUER, AUDIENCE)
    assert claims["exp"] - claims["iat"] == 240
    assert jose.read_header(token) == {"alg": alg, "kid": key.kid, "typ": "JWT"}


def test_two_assertions_have_two_ids() -> None:
    first, second = (
        _verify(jose.client_assertion(key, client_id=ISSUER, audience=AUDIENCE), key)["jti"]
        for key in (_KEYS["ES384"], _KEYS["ES384"])
    )
    assert first != second


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "other"}, "issuer"),
        ({"iss": [ISSUER]}, "issuer"),
        ({"iss": None}, "missing_claim"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": [AUDIENCE, "https://other.example"]}, "audience"),
        ({"aud": None}, "missing_claim"),
        ({"jti": None}, "missing_claim"),
        ({"jti": ""}, "missing_claim"),
        ({"exp": None}, "missing_claim"),
        ({"exp": 1}, "expired"),
        ({"exp": "9999999999"}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": 9_999_999_999}, "lifetime"),
        ({"iat": 9_999_999_999}, "not_yet_valid"),
        ({"nbf": 9_999_999_999}, "not_yet_valid"),
    ],
)
def test_t13_each_wrong_claim_is_refused(changes: dict[str, Any], reason: str) -> None:
    key = _KEYS["ES384"]
    with pytest.raises(JoseRefused) as caught:
        _verify(jose.sign(key, _claims(**changes), typ="JWT"), key)
    assert caught.value.reason == reason


def test_a_single_audience_in_a_list_is_accepted() -> None:
    key = _KEYS["ES384"]
    assert _verify(jose.sign(key, _claims(aud=[AUDIENCE]), typ="JWT"), key)["aud"] == [AUDIENCE]


def test_the_leeway_is_one_minute_each_way() -> None:
    key, moment = _KEYS["ES384"], clock.now()
    token = jose.sign(key, _claims(), typ="JWT")
    _verify(token, key, now=moment + timedelta(seconds=290))
    _verify(token, key, now=moment - timedelta(seconds=50))
    with pytest.raises(JoseRefused, match="expired"):
        _verify(token, key, now=moment + timedelta(seconds=305))
    with pytest.raises(JoseRefused, match="not_yet_valid"):
        _verify(token, key, now=moment - timedelta(seconds=70))


def _with_header(**changes: Any) -> Callable[[], str]:
    def forge() -> str:
        token = jose.sign(_KEYS["ES384"], _claims(), typ="JWT")
        header = {**jose.read_header(token), **changes}
        return ".".join([_part(header), *token.split(".")[1:]])

    return forge


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (_with_header(alg="none"), "algorithm"),
        (_with_header(alg="None"), "algorithm"),
        (_with_header(alg="HS256"), "algorithm"),
        (_with_header(alg="RS384"), "unknown_key"),
        (_with_header(crit=["x"], x=1), "critical_header"),
        (_with_header(b64=False), "critical_header"),
        (_with_header(typ="at+jwt"), "type"),
        (_with_header(kid="../../etc/passwd"), "unknown_key"),
        (_with_header(extra=1), "signature"),
        (_with_header(pad="a" * 20_000), "malformed"),
        (lambda: "a.b", "malformed"),
        (lambda: "..", "malformed"),
        (
            lambda: jose.sign(_KEYS["ES384"], _claims(), typ="JWT").rsplit(".", 1)[0] + ".",
            "malformed",
        ),
        (lambda: jose.sign(_KEYS["ES384"], _claims(), typ="JWT")[:-6] + "AAAAAA", "signature"),
    ],
)
def test_t13_each_forged_token_is_refused(forge: Callable[[], str], reason: str) -> None:
    with pytest.raises(JoseRefused) as caught:
        _verify(forge(), _KEYS["ES384"])
    assert caught.value.reason == reason


def test_an_algorithm_outside_the_list_is_refused() -> None:
    key = _KEYS["RS256"]
    with pytest.raises(JoseRefused, match="algorithm"):
        _verify(jose.sign(key, _claims(), typ="JWT"), key)
    assert _verify(jose.sign(key, _claims(), typ="JWT"), key, algorithms=("RS256",))


def test_repeated_claims_are_refused_although_signed() -> None:
    from joserfc import jws  # noqa: PLC0415

    key = _KEYS["ES384"]
    payload = b'{"iss":"client-1","iss":"other","exp":9999999999}'
    token = jws.serialize_compact(
        {"alg": "ES384", "kid": key.kid, "typ": "JWT"}, payload, key._key, algorithms=["ES384"]
    )
    with pytest.raises(JoseRefused, match="malformed"):
        _verify(token, key)


def test_a_token_without_key_id_needs_one_possible_key() -> None:
    from joserfc import jws  # noqa: PLC0415

    from runtime import json_text  # noqa: PLC0415

    key, other = _KEYS["ES384"], jose.new_signing_key("ES384")
    token = jws.serialize_compact(
        {"alg": "ES384", "typ": "JWT"}, json_text.dumps(_claims()), key._key, algorithms=["ES384"]
    )
    assert _verify(token, key)
    with pytest.raises(JoseRefused, match="ambiguous_key"):
        jose.verify(
            token,
            [key.public_jwk(), other.public_jwk()],
            typ="JWT",
            algorithms=("ES384",),
        )


def test_keys_survive_a_pem_and_never_show_themselves() -> None:
    for alg, key in _KEYS.items():
        again = jose.from_pem(jose.to_pem(key), alg=alg)  # type: ignore[arg-type]
        assert again.public_jwk() == key.public_jwk()
        assert "d" not in key.public_jwk()
        assert "_key" not in repr(key)


def test_small_keys_and_other_curves_are_no_public_keys() -> None:
    from joserfc.jwk import ECKey  # noqa: PLC0415

    short = {"kty": "RSA", "e": "AQAB", "n": base64.urlsafe_b64encode(b"\xc5" * 128).decode()}
    for weak in (ECKey.generate_key("P-256").as_dict(private=False), short):
        with pytest.raises(JoseRefused):
            jose.check_public_jwk(weak)
    with pytest.raises(JoseRefused):
        jose.check_public_jwk(_KEYS["ES384"]._key.as_dict(private=True))
