"""The gateway's key at the network as the wire contract's Signer and Verifier."""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange import names
from exchange.sealing import Claims
from runtime import jose

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
        """Return the claims, or raise `JoseRefused`."""
        return jose.verify(
            token,
            self._keys,
            typ=typ,
            algorithms=names.SIGNATURE_ALGORITHMS,
            issuer=self._issuer,
            require=("iss", "sub", "iat", "jti"),
            leeway=_LEEWAY_SECONDS,
        )
