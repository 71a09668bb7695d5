"""Replace a hospital's registered keys; only its own authenticated client can ask."""

from collections.abc import Mapping, Sequence
from typing import Any

from consult.domain.callers import HospitalCaller
from consult.errors import KeyRotationRefused
from consult.service.services import ConsultServices
from consult.store import tenants
from runtime import audit, clock, jose
from runtime.errors import JoseRefused

MAX_KEYS = 4
_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})


def rotate_keys(
    services: ConsultServices, caller: HospitalCaller, keys: Sequence[object]
) -> list[str]:
    """Register these public keys for the caller's client; return their ids.

    Keys that are no longer named are retired: they sign in no more, but still prove the
    receipts that they signed. Raises `KeyRotationRefused` for private, weak, doubled,
    nameless or too many keys, and for one that was retired before.
    """
    if not 1 <= len(keys) <= MAX_KEYS:
        raise KeyRotationRefused(point="count")
    checked = [_checked(key) for key in keys]
    kids = [str(key["kid"]) for key in checked]
    if len(set(kids)) != len(kids):
        raise KeyRotationRefused(point="kid")
    now = clock.now()
    with services.writing() as unit:
        if any(tenants.was_retired(unit, caller.client_id, kid) for kid in kids):
            raise KeyRotationRefused(point="retired")
        tenants.replace_keys(unit, caller.client_id, checked, now=now)
        audit.append(
            unit.session,
            event="client.keys-rotated",
            actor=f"client:{caller.client_id}",
            subject=f"client:{caller.client_id}",
            detail={"tenant": caller.tenant_id, "keys": len(kids)},
        )
    return kids


def _checked(key: object) -> Mapping[str, Any]:
    if not isinstance(key, Mapping):
        raise KeyRotationRefused(point="shape")
    kid = key.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 128:
        raise KeyRotationRefused(point="kid")
    if key.get("alg") not in jose.ASSERTION_ALGORITHMS:
        raise KeyRotationRefused(point="alg")
    try:
        jose.check_public_jwk(key)
    except JoseRefused:
        raise KeyRotationRefused(point="key") from None
    return {name: value for name, value in key.items() if name in _MEMBERS}
