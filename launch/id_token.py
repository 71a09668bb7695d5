"""Who signed in: the id_token of the login, checked before anything is believed.

Spec: OpenID Connect Core, ID Token Validation; SMART App Launch 2.2, openid and fhirUser;
rows I1-I3 of our checklist
"""

import hmac
from collections.abc import Mapping
from typing import Any

from launch import fhir_user, records
from launch.errors import IdentityReason, IdentityRefused, Step, UserUnknown
from launch.fhir_user import FhirUser
from launch.issuer_keys import IssuerKeys, Keys
from launch.launch_state import PendingLaunch
from launch.ports import Site
from runtime import jose
from runtime.errors import JoseRefused

ALGORITHMS = ("RS256",)
LEEWAY_SECONDS = 60
MAX_SUBJECT = 255
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")


def check(token: object, *, keys: IssuerKeys, site: Site, pending: PendingLaunch) -> FhirUser:
    """Return the person of a valid id_token.

    The issuer is pinned to what the EHR's SMART configuration announced before the login
    (it need not be the FHIR base). Raises `IdentityRefused` with the reason,
    `IdentityUnreachable`, or `UserUnknown`.
    """
    if token is None:
        raise UserUnknown(step=Step.IDENTITY, site_id=site.site_id)
    if records.text(token) is None:
        raise IdentityRefused(reason="malformed", site_id=site.site_id)
    claims = _verified(str(token), keys=keys, site=site, pending=pending)
    _check_claims(claims, site=site, pending=pending)
    user = fhir_user.from_claims(claims, issuer=pending.issuer)
    if user is None:
        raise UserUnknown(step=Step.IDENTITY, site_id=site.site_id)
    return user


def expected_issuer(pending: PendingLaunch) -> str:
    """Return the issuer that the id_token must name."""
    return pending.configuration.issuer or pending.issuer


def _verified(
    token: str, *, keys: IssuerKeys, site: Site, pending: PendingLaunch
) -> Mapping[str, Any]:
    issuer = expected_issuer(pending)
    configuration = pending.configuration
    try:
        return _verify(token, keys.keys(site, configuration, issuer=issuer), issuer)
    except JoseRefused as refused:
        if refused.reason != "unknown_key":
            raise IdentityRefused(reason=_reason(refused), site_id=site.site_id) from None
    # An unknown key id may mean that the EHR rotated its keys: look once more.
    fresh = keys.keys(site, configuration, issuer=issuer, fresh=True)
    try:
        return _verify(token, fresh, issuer)
    except JoseRefused as refused:
        raise IdentityRefused(reason=_reason(refused), site_id=site.site_id) from None


def _verify(token: str, keys: Keys, issuer: str) -> Mapping[str, Any]:
    return jose.verify(
        token,
        keys,
        typ=None,
        algorithms=ALGORITHMS,
        issuer=issuer,
        leeway=LEEWAY_SECONDS,
        require=_REQUIRED,
    )


def _reason(refused: JoseRefused) -> IdentityReason:
    ours: dict[str, IdentityReason] = {
        "malformed": "malformed",
        "algorithm": "signature",
        "signature": "signature",
        "unknown_key": "keys",
        "ambiguous_key": "keys",
        "issuer": "issuer",
    }
    return ours.get(refused.reason, "claims")


def _check_claims(claims: Mapping[str, Any], *, site: Site, pending: PendingLaunch) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise IdentityRefused(reason="claims", site_id=site.site_id)
    if not _is_for(claims, site.client_id):
        raise IdentityRefused(reason="claims", site_id=site.site_id)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8"), pending.nonce.encode("utf-8")
    ):
        raise IdentityRefused(reason="nonce", site_id=site.site_id)


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    # With several audiences the token must say that it was issued to us (azp).
    audience = claims["aud"]
    named = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", client_id if len(named) == 1 else None)
    return client_id in named and party == client_id
