"""The gateway's key at the network as the wire contract's Signer and Verifier."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange import names
from exchange.sealing import Claims
from runtime import jose
from runtime.errors import JoseRefused

# An opinion has no end; this only forgives a hospital clock that is slow.
_LEEWAY_SECONDS = 600


class NetworkSigner:
    """Signs receipts with the hospital's registered key (exchange.sealing.Signer)."""

    def __init__(self, key: jose.SigningKey) -> None:
        self._key = key

    @property
    def kid(self) -> str:
        """The key id."""
        return self._key.kid

    @property
    def alg(self) -> str:
        """The JOSE algorithm."""
        return self._key.alg

    def sign(self, claims: Claims, typ: str) -> str:
        """Return the compact JWS; receipts only, whoever asks."""
        if typ != names.RECEIPT_TYP:
            raise ValueError("only receipts are signed here")
        return jose.sign(self._key, claims, typ=typ)


class OpinionVerifier:
    """Verifies opinions with the network's published keys (exchange.sealing.Verifier)."""

    def __init__(self, keys: Sequence[Mapping[str, Any]], *, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def verify(self, token: str, typ: str) -> Claims:
        """Return the claims, or raise `JoseRefused`.

        A key counts for the time in which it signed: what a retired key signs afterwards, or
        a key before its time, is as good as unsigned.
        """
        claims = jose.verify(
            token,
            self._keys,
            typ=typ,
            algorithms=names.SIGNATURE_ALGORITHMS,
            issuer=self._issuer,
            require=("iss", "sub", "iat", "jti"),
            leeway=_LEEWAY_SECONDS,
        )
        kid = jose.read_header(token).get("kid")
        used = [key for key in self._keys if kid is None or key.get("kid") == kid]
        if not all(_signed_in_time(key, claims["iat"]) for key in used):
            raise JoseRefused(reason="key_time")
        return claims


def _signed_in_time(key: Mapping[str, Any], issued: object) -> bool:
    try:
        signed = datetime.fromtimestamp(int(str(issued)), UTC)
        begins, ends = (_moment(key.get(name)) for name in ("valid_from", "valid_until"))
    except (ValueError, OverflowError, OSError):
        return False
    forgiven = timedelta(seconds=_LEEWAY_SECONDS)
    return (begins is None or signed >= begins - forgiven) and (
        ends is None or signed <= ends + forgiven
    )


def _moment(value: object) -> datetime | None:
    """A published time; a key without one has no bound on that side."""
    if value is None:
        return None
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone bounds nothing")
    return moment
