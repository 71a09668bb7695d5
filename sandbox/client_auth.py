"""Proves which client calls the token, introspection and revocation endpoints.

Spec: RFC 6749, 2.3; RFC 7523; SMART App Launch 2.2, Client Authentication: Asymmetric.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from sqlalchemy.orm import Session

from runtime import jose, jti
from runtime.errors import JoseRefused, Replayed
from sandbox import clients
from sandbox.clients import Client, hash_secret
from sandbox.discovery import ASSERTION_ALGORITHMS
from sandbox.errors import ClientUnknown, OAuthRefused

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION_SECONDS = 300
_LEEWAY_SECONDS = 60


def authenticate(
    session: Session,
    form: Mapping[str, str],
    authorization: str | None,
    *,
    audience: str,
    now: datetime,
) -> Client:
    """Return the client, proven by the one method it is registered for.

    Raises ClientUnknown when the proof is missing, wrong, replayed or of another method.
    """
    client, method = _claimed(session, form, authorization)
    if client is None:
        raise ClientUnknown(rule="the client is not registered")
    if method != client.auth:
        raise ClientUnknown(rule=f"the client authenticates by {client.auth}")
    if method == "private_key_jwt":
        _check_assertion(session, client, form["client_assertion"], audience, now)
    elif method == "client_secret_basic":
        _check_secret(client, authorization or "")
    return client


def _claimed(
    session: Session, form: Mapping[str, str], authorization: str | None
) -> tuple[Client | None, str]:
    assertion = form.get("client_assertion")
    basic = authorization is not None and authorization[:6].lower() == "basic "
    if assertion is not None and basic:
        raise OAuthRefused(error="invalid_request", rule="one way to authenticate, not two")
    if assertion is not None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise ClientUnknown(rule="client_assertion_type is jwt-bearer")
        return clients.find(session, _issuer_of(assertion)), "private_key_jwt"
    if basic:
        return clients.find(session, _basic(authorization or "")[0]), "client_secret_basic"
    if form.get("client_assertion_type"):
        raise ClientUnknown(rule="client_assertion is missing")
    return clients.find(session, form.get("client_id", "")), "none"


def _issuer_of(assertion: str) -> str:
    """Read who claims to have signed, before anything is believed."""
    try:
        issuer = jose.read_unverified_claims(assertion).get("iss")
    except JoseRefused:
        raise ClientUnknown(rule="client_assertion is not a signed token") from None
    return issuer if isinstance(issuer, str) else ""


def _check_assertion(
    session: Session, client: Client, assertion: str, audience: str, now: datetime
) -> None:
    try:
        claims = jose.verify(
            assertion,
            client.jwks,
            typ="JWT",
            algorithms=ASSERTION_ALGORITHMS,
            issuer=client.client_id,
            audience=audience,
            leeway=_LEEWAY_SECONDS,
            require=("iss", "sub", "aud", "exp", "jti"),
            now=now,
            max_lifetime=LONGEST_ASSERTION_SECONDS,
        )
    except JoseRefused as refused:
        raise ClientUnknown(rule=f"client_assertion: {refused.reason}") from None
    if claims["sub"] != client.client_id:
        raise ClientUnknown(rule="client_assertion: sub is not the client")
    _remember(session, client, claims)


def _remember(session: Session, client: Client, claims: Mapping[str, Any]) -> None:
    identifier = claims["jti"]
    if not isinstance(identifier, str) or not 0 < len(identifier) <= 200:
        raise ClientUnknown(rule="client_assertion: jti is missing or too long")
    until = datetime.fromtimestamp(int(claims["exp"]) + _LEEWAY_SECONDS, tz=UTC)
    try:
        jti.remember(session, issuer=client.client_id, jti=identifier, expires_at=until)
    except Replayed:
        raise ClientUnknown(rule="client_assertion: jti was used before") from None


def _check_secret(client: Client, authorization: str) -> None:
    _, secret = _basic(authorization)
    if not client.secret_hash or not hmac.compare_digest(hash_secret(secret), client.secret_hash):
        raise ClientUnknown(rule="the client secret is wrong")


def _basic(authorization: str) -> tuple[str, str]:
    """Read HTTP Basic credentials; both parts are form-encoded first (RFC 6749, 2.3.1)."""
    try:
        text = base64.b64decode(authorization[6:].strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise ClientUnknown(rule="the Basic credentials are malformed") from None
    name, separator, secret = text.partition(":")
    if not separator:
        raise ClientUnknown(rule="the Basic credentials are malformed")
    return unquote_plus(name), unquote_plus(secret)
