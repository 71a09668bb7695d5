"""Who may call a CDS service: forged, replayed and misdirected tokens all meet one refusal."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import responses

from launch.cds_hooks.client_keys import keys_through
from launch.cds_hooks.client_trust import ClientTrust
from launch.cds_hooks.errors import CallerRefused
from launch.ports import CdsClient, Site, SiteId
from runtime import jose, json_text
from runtime.jose import SigningKey
from runtime.outbound import OutboundClient
from tests.support import cds_caller
from tests.support.cds_caller import CDS_ISSUER, DISCOVERY, JWKS_URL, UsedIds, bearer
from tests.support.launch_stores import make_site, signing_key

FETCHED = CdsClient(issuer=CDS_ISSUER, jwks_url=JWKS_URL)


class _Sites:
    def __init__(self, *sites: Site) -> None:
        self.sites = sites

    def every(self) -> tuple[Site, ...]:
        return self.sites


def _trust(*sites: Site) -> ClientTrust:
    outbound = OutboundClient(allowed_origins={"https://cds.ehr.example"}, allow_loopback_http=True)
    registered = sites or (cds_caller.site_with_hooks(),)
    return ClientTrust(sites=_Sites(*registered), keys=keys_through(outbound), replays=UsedIds())


def _reason(trust: ClientTrust, authorization: str | None, url: str = DISCOVERY) -> str:
    with pytest.raises(CallerRefused) as refused:
        trust.caller(authorization, url=url)
    return refused.value.reason


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json_text.dumps(value)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed(**header: Any) -> str:
    """A token whose header is ours to choose and whose signature is of another header."""
    good = bearer(DISCOVERY).removeprefix("Bearer ")
    _, body, signature = good.split(".")
    kid = signing_key("ES384").kid
    head = {"alg": "ES384", "kid": kid, "typ": "JWT", **header}
    shown = {name: value for name, value in head.items() if value is not None}
    return f"Bearer {_part(shown)}.{body}.{signature}"


def _really_signed(**header: Any) -> str:
    """A token whose odd header is truly signed."""
    from joserfc import jws  # noqa: PLC0415 - the door is runtime.jose; this forges past it

    key = signing_key("ES384")
    head = {"alg": "ES384", "kid": key.kid, "typ": "JWT", **header}
    registry = jws.JWSRegistry(algorithms=["ES384"], strict_check_header=False)
    body = json_text.dumps(cds_caller.claims(DISCOVERY))
    return "Bearer " + jws.serialize_compact(head, body, key._key, registry=registry)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_signed_call_names_its_site(algorithm: str) -> None:
    key = signing_key(algorithm)
    trust = _trust(cds_caller.site_with_hooks(cds_caller.pinned_client(keys=(key.public_jwk(),))))
    assert trust.caller(bearer(DISCOVERY, key=key), url=DISCOVERY).site_id == "north"


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda: None, "no_token"),
        (lambda: "Basic dXNlcjpwYXNz", "no_token"),
        (lambda: "Bearer not.a.token", "malformed"),
        (lambda: "Bearer " + "a" * 1_000_000, "malformed"),
        (lambda: _signed(alg="none"), "algorithm"),
        (lambda: _signed(alg="None"), "algorithm"),
        (lambda: _signed(alg="HS256"), "algorithm"),
        (lambda: _signed(alg="RS256"), "algorithm"),
        (lambda: _signed(alg="ES256"), "algorithm"),
        (lambda: _signed(alg="RS384"), "unknown_key"),
        (lambda: _signed(crit=["exp"]), "critical_header"),
        (lambda: _signed(b64=False), "critical_header"),
        (lambda: _signed(typ="at+jwt"), "type"),
        (lambda: _signed(typ=None), "type"),
        (lambda: _signed(kid=None), "key_id"),
        (lambda: _signed(kid=["a"]), "key_id"),
        (lambda: _signed(kid="../../etc/passwd"), "unknown_key"),
        (lambda: _signed(kid="' OR 1=1 --"), "unknown_key"),
        (lambda: _signed(extra="sig is over another header"), "signature"),
        (lambda: bearer(DISCOVERY).rpartition(".")[0] + ".", "malformed"),
        (lambda: bearer(DISCOVERY, key=jose.new_signing_key("ES384")), "unknown_key"),
        (lambda: bearer(DISCOVERY, iss=None), "issuer"),
        (lambda: bearer(DISCOVERY, iss=[CDS_ISSUER]), "issuer"),
        (lambda: bearer(DISCOVERY, iss="https://elsewhere.example"), "issuer"),
        (lambda: bearer(DISCOVERY, aud=None), "missing_claim"),
        (lambda: bearer(DISCOVERY, aud=[DISCOVERY, "https://other.example"]), "audience"),
        (lambda: bearer(f"{DISCOVERY}/confer-patient-view"), "audience"),
        (lambda: bearer(f"{DISCOVERY}/"), "audience"),
        (lambda: bearer(DISCOVERY, exp=None), "missing_claim"),
        (lambda: bearer(DISCOVERY, exp=1), "expired"),
        (lambda: bearer(DISCOVERY, exp="9999999999"), "malformed"),
        (lambda: bearer(DISCOVERY, exp=9_999_999_999), "lifetime"),
        (lambda: bearer(DISCOVERY, iat=None), "missing_claim"),
        (lambda: bearer(DISCOVERY, iat=9_999_999_999), "not_yet_valid"),
        (lambda: bearer(DISCOVERY, iat=1), "lifetime"),
        (lambda: bearer(DISCOVERY, nbf=9_999_999_999), "not_yet_valid"),
        (lambda: bearer(DISCOVERY, jti=None), "missing_claim"),
        (lambda: bearer(DISCOVERY, jti=""), "missing_claim"),
        (lambda: bearer(DISCOVERY, jti=["a"]), "missing_claim"),
        (lambda: bearer(DISCOVERY, jti="a" * 256), "missing_claim"),
    ],
)  # fmt: skip
def test_T13_a_forged_token_is_refused_for_its_reason(  # noqa: N802 - the id of an attack
    forge: Callable[[], str | None], reason: str
) -> None:
    assert _reason(_trust(), forge()) == reason


def test_T13_an_end_beyond_every_number_is_refused() -> None:  # noqa: N802
    head, _, _ = bearer(DISCOVERY).removeprefix("Bearer ").split(".")
    body = json_text.dumps(cds_caller.claims(DISCOVERY)).replace(b'"exp":', b'"exp":1e400,"was":')
    assert _reason(_trust(), f"Bearer {head}.{_part(body)}.AAAA") == "signature"


def test_T13_two_pinned_keys_of_one_id_open_nothing() -> None:  # noqa: N802
    jwk = signing_key("ES384").public_jwk()
    other = {**jose.new_signing_key("ES384").public_jwk(), "kid": jwk["kid"]}
    trust = _trust(cds_caller.site_with_hooks(cds_caller.pinned_client(keys=(jwk, other))))
    assert _reason(trust, bearer(DISCOVERY)) == "ambiguous_key"


def test_a_token_is_good_for_one_call() -> None:
    trust, token = _trust(), bearer(DISCOVERY)
    assert trust.caller(token, url=DISCOVERY).site_id == "north"
    assert _reason(trust, token) == "replay"


def test_a_forged_token_does_not_use_up_the_id_of_a_true_one() -> None:
    trust = _trust()
    assert _reason(trust, bearer(DISCOVERY, jti="one", key=jose.new_signing_key("ES384")))
    assert trust.caller(bearer(DISCOVERY, jti="one"), url=DISCOVERY).site_id == "north"


def test_hospitals_behind_one_issuer_are_told_apart_by_tenant() -> None:
    sites = [
        cds_caller.site_with_hooks(
            cds_caller.pinned_client(tenant=tenant),
            site_id=SiteId(tenant),
            issuer=f"https://{tenant}",
        )
        for tenant in ("east", "west")
    ]
    assert _trust(*sites).caller(bearer(DISCOVERY, tenant="west"), url=DISCOVERY).site_id == "west"
    assert _reason(_trust(*sites), bearer(DISCOVERY)) == "site"
    assert _reason(_trust(*sites), bearer(DISCOVERY, tenant="north")) == "site"


def test_a_site_without_hooks_has_no_caller() -> None:
    assert _reason(_trust(make_site()), bearer(DISCOVERY)) == "issuer"


# ---------------------------------------------------------------- T14: where keys come from


def _publish(mock: responses.RequestsMock, *keys: Any, **more: Any) -> None:
    mock.add("GET", JWKS_URL, body=json_text.dumps({"keys": list(keys)}), **more)


def test_keys_are_fetched_once_from_the_registered_address(mock: responses.RequestsMock) -> None:
    _publish(mock, signing_key("ES384").public_jwk(), headers={"Cache-Control": "max-age=600"})
    trust = _trust(cds_caller.site_with_hooks(FETCHED))
    for _ in range(3):
        trust.caller(bearer(DISCOVERY), url=DISCOVERY)
    assert len(mock.calls) == 1


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
def test_T14_no_header_leads_us_to_a_key(  # noqa: N802
    mock: responses.RequestsMock, name: str
) -> None:
    thief = jose.new_signing_key("ES384")
    mock.add("GET", "https://thief.example/jwks", json={"keys": [thief.public_jwk()]})
    _publish(mock, signing_key("ES384").public_jwk())
    value: Any = {
        "jku": "https://thief.example/jwks",
        "x5u": "https://thief.example/cert",
        "jwk": thief.public_jwk(),
        "x5c": ["MIIB"],
    }[name]
    trust = _trust(cds_caller.site_with_hooks(FETCHED))
    assert _reason(trust, _signed(kid=thief.kid, **{name: value})) in ("jku", "unknown_key")
    assert all(call.request.url == JWKS_URL for call in mock.calls)


def test_the_registered_address_may_be_repeated_in_the_token(mock: responses.RequestsMock) -> None:
    _publish(mock, signing_key("ES384").public_jwk())
    trust = _trust(cds_caller.site_with_hooks(FETCHED))
    assert trust.caller(_really_signed(jku=JWKS_URL), url=DISCOVERY).site_id == "north"


def test_with_pinned_keys_an_unreachable_address_in_the_token_does_no_harm(
    mock: responses.RequestsMock,
) -> None:
    call = _really_signed(jku="http://localhost:3000/jwks")
    assert _trust().caller(call, url=DISCOVERY).site_id == "north"
    assert len(mock.calls) == 0


def test_T14_a_poisoned_or_missing_key_set_opens_nothing_and_rests(  # noqa: N802
    mock: responses.RequestsMock,
) -> None:
    good = signing_key("ES384").public_jwk()
    twin = {**jose.new_signing_key("ES384").public_jwk(), "kid": good["kid"]}
    bodies: list[tuple[int, bytes]] = [
        (200, b"<html>sign in</html>"),
        (200, json_text.dumps({"keys": [good, twin]})),
        (200, json_text.dumps({"keys": [{**good, "d": "AAAA"}]})),
        (200, json_text.dumps({"keys": [good], "pad": "x" * 70_000})),
        (302, b""),
        (500, b""),
    ]
    for status, body in bodies:
        mock.reset()
        mock.add("GET", JWKS_URL, body=body, status=status, headers={"Location": JWKS_URL})
        trust = _trust(cds_caller.site_with_hooks(FETCHED))
        assert _reason(trust, bearer(DISCOVERY)) == "keys"
        assert _reason(trust, bearer(DISCOVERY)) == "keys_unreachable"  # not asked again at once
        assert len(mock.calls) == 1


def test_T14_unknown_key_ids_ask_at_most_once_a_minute(  # noqa: N802
    mock: responses.RequestsMock,
) -> None:
    _publish(mock, signing_key("ES384").public_jwk())
    trust = _trust(cds_caller.site_with_hooks(FETCHED))
    thief: SigningKey = jose.new_signing_key("ES384")
    for _ in range(20):
        assert _reason(trust, bearer(DISCOVERY, key=thief)) == "unknown_key"
    assert len(mock.calls) <= 2


def test_T14_an_unregistered_issuer_causes_no_call(  # noqa: N802
    mock: responses.RequestsMock,
) -> None:
    trust = _trust(cds_caller.site_with_hooks(FETCHED))
    assert _reason(trust, bearer(DISCOVERY, iss="https://thief.example")) == "issuer"
    assert len(mock.calls) == 0
