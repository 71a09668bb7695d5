"""The public keys that EHRs use to check our assertions, as a JWKS document (pure).

The host serves it at `/.well-known/jwks.json` with the headers below. These keys are apart
from those used towards the network.

Spec: SMART App Launch 2.2, Client Authentication: Asymmetric (JWKS); RFC 7517
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runtime import json_text

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    # Short enough that a rotated key is known everywhere within the hour.
    "Cache-Control": "public, max-age=600",
}
PUBLIC_MEMBERS = frozenset({"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"})


def document(keys: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the JWKS of these public keys; during a rotation both the old and the new."""
    return json_text.dumps({"keys": [_public(key) for key in keys]})


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    # An allow-list, so that a private member cannot get out by a change elsewhere.
    offered = {**key, "use": "sig"}
    return {name: value for name, value in offered.items() if name in PUBLIC_MEMBERS}
