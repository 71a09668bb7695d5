"""The one door to JOSE: signing, strict verification, keys, client assertions.

Verification refuses by default: an algorithm outside the caller's list, a key that does
not fit, `crit` or unencoded payloads, a second audience, missing claims, far expiry.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from runtime import clock, json_text, tokens
from runtime.errors import JoseRefused, JsonTextError

Alg = Literal["ES384", "RS384", "RS256"]

ASSERTION_ALGORITHMS: tuple[Alg, ...] = ("RS384", "ES384")
MAX_TOKEN_BYTES = 16_384
_RSA_BITS = 3072
_MIN_RSA_BITS = 2048
_KEY_TYPE = {"ES384": "EC", "RS384": "RSA", "RS256": "RSA"}
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

# Any below: claims and key members are JSON.
Claims = Mapping[str, Any]
Jwk = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A private key with its id and algorithm; its repr hides the key."""

    kid: str
    alg: Alg
    _key: ECKey | RSAKey = field(repr=False)

    def public_jwk(self) -> dict[str, Any]:
        """Return the public key as RFC 7517 members, with kid, alg and use."""
        members = dict(self._key.as_dict(private=False))
        return {**members, "kid": self.kid, "alg": self.alg, "use": "sig"}

    def sign(self, claims: Claims, typ: str) -> str:
        """Return a compact JWS over the claims."""
        return sign(self, claims, typ=typ)


@dataclass(frozen=True, kw_only=True)
class KeySetVerifier:
    """The public keys of one party, with what is always expected of its tokens."""

    keys: tuple[Jwk, ...]
    algorithms: tuple[str, ...] = ASSERTION_ALGORITHMS
    issuer: str | None = None
    audience: str | None = None
    require: tuple[str, ...] = ()

    def verify(self, token: str, typ: str) -> Claims:
        """Return the claims, or raise `JoseRefused`."""
        return verify(
            token,
            self.keys,
            typ=typ,
            algorithms=self.algorithms,
            issuer=self.issuer,
            audience=self.audience,
            require=self.require,
        )


def new_signing_key(alg: Alg) -> SigningKey:
    """Make a key pair: P-384 for ES384, RSA 3072 otherwise."""
    key = ECKey.generate_key("P-384") if alg == "ES384" else RSAKey.generate_key(_RSA_BITS)
    return SigningKey(kid=_kid(key), alg=alg, _key=key)


def to_pem(key: SigningKey) -> bytes:
    """Return the private key as unencrypted PKCS 8 PEM; keep it in the keyring's care."""
    return key._key.as_pem(private=True)


def from_pem(pem: bytes, *, alg: Alg, kid: str | None = None) -> SigningKey:
    """Read a private key; the id is its thumbprint unless one is given.

    Raises `JoseRefused` (algorithm) when the key does not fit the algorithm.
    """
    key: ECKey | RSAKey
    try:
        key = ECKey.import_key(pem) if alg == "ES384" else RSAKey.import_key(pem)
    except (ValueError, TypeError, JoseError):
        raise JoseRefused(reason="algorithm") from None
    return SigningKey(kid=kid or _kid(key), alg=alg, _key=key)


def sign(key: SigningKey, claims: Claims, *, typ: str, name_key: bool = True) -> str:
    """Return a compact JWS over the claims, header `alg`, `kid` (unless not named), `typ`."""
    header = {"alg": key.alg, "kid": key.kid, "typ": typ}
    if not name_key:
        del header["kid"]
    return jws.serialize_compact(
        header, json_text.dumps(dict(claims)), key._key, algorithms=[key.alg]
    )


def client_assertion(
    key: SigningKey, *, client_id: str, audience: str, lifetime_seconds: int = 240
) -> str:
    """Return a fresh assertion of RFC 7523 (SMART 2.2, private_key_jwt); one per attempt."""
    issued = int(clock.now().timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": issued,
        "exp": issued + lifetime_seconds,
        "jti": tokens.new_uuid(),
    }
    return sign(key, claims, typ="JWT")


def verify(  # noqa: PLR0913  (each is one rule the caller may set)
    token: str,
    keys: Sequence[Jwk],
    *,
    typ: str | None,
    algorithms: Sequence[str],
    issuer: str | None = None,
    audience: str | Collection[str] | None = None,
    leeway: int = 60,
    require: Sequence[str] = (),
    now: datetime | None = None,
    max_lifetime: int | None = None,
) -> Claims:
    """Verify a compact JWS and its claims; return the claims.

    `audience`: the token names exactly one audience, and it is (one of) this. `leeway` and
    `max_lifetime` are seconds; with `max_lifetime`, `exp` is required and may not lie
    further ahead. Raises `JoseRefused` with a reason that stays on our side.
    """
    header = read_header(token)
    if header.get("alg") not in algorithms or header["alg"] not in _KEY_TYPE:
        raise JoseRefused(reason="algorithm")
    if "crit" in header or "b64" in header:
        raise JoseRefused(reason="critical_header")
    if typ is not None and not _same_type(header.get("typ"), typ):
        raise JoseRefused(reason="type")
    key = _choose_key(header, keys)
    claims = _verified_claims(token, key, header["alg"])
    _check_claims(claims, issuer=issuer, audience=audience, require=require)
    _check_times(
        claims,
        moment=Decimal((now or clock.now()).timestamp()),
        leeway=leeway,
        max_lifetime=max_lifetime,
    )
    return claims


def read_header(token: str) -> dict[str, Any]:
    """Return the unverified protected header (to look up keys); raises `JoseRefused`."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts) or len(token) > MAX_TOKEN_BYTES:
        raise JoseRefused(reason="malformed")
    return _json_part(parts[0])


def read_unverified_claims(token: str) -> dict[str, Any]:
    """Return claims whose signature was NOT checked: only to find out whose keys to use."""
    read_header(token)
    return _json_part(token.split(".")[1])


def has_private_members(jwk: Jwk) -> bool:
    """Say whether a key shows private or symmetric members, which nobody may publish."""
    return not _PRIVATE_MEMBERS.isdisjoint(jwk)


def check_public_jwk(jwk: Jwk) -> None:
    """Raise `JoseRefused` unless this is a public EC P-384 or RSA >= 2048 signing key."""
    if has_private_members(jwk) or jwk.get("use", "sig") != "sig":
        raise JoseRefused(reason="unknown_key")
    _import_public(jwk)


def _kid(key: ECKey | RSAKey) -> str:
    return key.thumbprint()


def _same_type(found: object, wanted: str) -> bool:
    if not isinstance(found, str):
        return False
    return found.lower().removeprefix("application/") == wanted.lower()


def _choose_key(header: Mapping[str, Any], keys: Sequence[Jwk]) -> ECKey | RSAKey:
    alg = header["alg"]
    kid = header.get("kid")
    fitting = [
        jwk
        for jwk in keys
        if jwk.get("kty") == _KEY_TYPE[alg]
        and jwk.get("alg", alg) == alg
        and jwk.get("use", "sig") == "sig"
        and (kid is None or jwk.get("kid") == kid)
    ]
    if not fitting:
        raise JoseRefused(reason="unknown_key")
    if len(fitting) > 1:
        raise JoseRefused(reason="ambiguous_key")
    return _import_public(fitting[0])


def _import_public(jwk: Jwk) -> ECKey | RSAKey:
    members = {
        name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}
    }
    try:
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-384":
            return ECKey.import_key(members)
        if jwk.get("kty") == "RSA" and _bits(jwk.get("n")) >= _MIN_RSA_BITS:
            return RSAKey.import_key(members)
    except (ValueError, TypeError, KeyError, JoseError):
        raise JoseRefused(reason="unknown_key") from None
    raise JoseRefused(reason="unknown_key")


def _bits(number: object) -> int:
    if not isinstance(number, str):
        return 0
    octets = base64.b64decode(number + "=" * (-len(number) % 4), altchars=b"-_")
    return int.from_bytes(octets, "big").bit_length()


def _verified_claims(token: str, key: ECKey | RSAKey, alg: str) -> dict[str, Any]:
    try:
        verified = jws.deserialize_compact(token, key, algorithms=[alg])
        payload = verified.payload
    except (JoseError, ValueError, TypeError):
        raise JoseRefused(reason="signature") from None
    return _json_object(payload)


def _json_part(part: str) -> dict[str, Any]:
    try:
        body = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise JoseRefused(reason="malformed") from None
    return _json_object(body)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json_text.loads(body, max_bytes=MAX_TOKEN_BYTES, max_depth=16)
    except JsonTextError:
        raise JoseRefused(reason="malformed") from None
    if not isinstance(value, dict):
        raise JoseRefused(reason="malformed")
    return value


def _check_claims(
    claims: Claims,
    *,
    issuer: str | None,
    audience: str | Collection[str] | None,
    require: Sequence[str],
) -> None:
    if any(claims.get(name) in (None, "") for name in require):
        raise JoseRefused(reason="missing_claim")
    if issuer is not None and claims.get("iss") != issuer:
        raise JoseRefused(reason="issuer")
    if audience is None:
        return
    accepted = {audience} if isinstance(audience, str) else set(audience)
    named = claims.get("aud")
    named = named[0] if isinstance(named, list) and len(named) == 1 else named
    if not isinstance(named, str) or named not in accepted:
        raise JoseRefused(reason="audience")


def _check_times(claims: Claims, *, moment: Decimal, leeway: int, max_lifetime: int | None) -> None:
    expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is not None and expires <= moment - leeway:
        raise JoseRefused(reason="expired")
    if any(start is not None and start > moment + leeway for start in (issued, begins)):
        raise JoseRefused(reason="not_yet_valid")
    if max_lifetime is None:
        return
    if expires is None:
        raise JoseRefused(reason="missing_claim")
    if expires > moment + leeway + max_lifetime:
        raise JoseRefused(reason="lifetime")
    if issued is not None and expires - issued > max_lifetime:
        raise JoseRefused(reason="lifetime")


def _moment(claims: Claims, name: str) -> Decimal | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise JoseRefused(reason="malformed")
    return Decimal(value)


def token_digest(token: str) -> str:
    """Return the SHA-256 of a token (64 hex): to remember it without keeping it."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
