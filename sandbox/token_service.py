"""The token endpoint: code, refresh and client credentials become tokens.

Each function runs inside the caller's transaction and returns what was issued; where a
replay revoked a family it returns a refusal instead of raising, so that the caller commits
the revocation before it answers.
Spec: RFC 6749, 4.1.3, 4.4, 6; SMART App Launch 2.2, Obtain Access Token, Backend Services.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from runtime import jose
from runtime.jose import SigningKey
from sandbox import clients, grants, pkce, scopes
from sandbox.clients import Client
from sandbox.errors import OAuthRefused
from sandbox.grants import Granted
from sandbox.places import Places
from sandbox.rows import AccountRow

ID_TOKEN_SECONDS = 3600
Answer = dict[str, Any]  # Any: JSON of a token response


@dataclass(frozen=True, kw_only=True)
class TokenDesk:
    """What the token endpoint needs besides the request."""

    places: Places
    signing_key: SigningKey


@dataclass(frozen=True, kw_only=True)
class TokenCall:
    """One authenticated call."""

    session: Session
    client: Client
    form: Mapping[str, str]
    now: datetime


Handler = Callable[[TokenDesk, TokenCall], "Answer | OAuthRefused"]


def answer(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:
    """Serve one call; a refusal is returned, so what was revoked on the way can be committed."""
    grant_type = call.form.get("grant_type", "")
    handler = _HANDLERS.get(grant_type)
    if handler is None:
        return OAuthRefused(error="unsupported_grant_type", rule="grant_type is not offered")
    if grant_type not in call.client.grant_types:
        return OAuthRefused(error="unauthorized_client", rule="grant_type is not registered")
    return handler(desk, call)


def _by_code(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:
    taken = grants.take_code(
        call.session,
        call.form.get("code", ""),
        client_id=call.client.client_id,
        now=call.now,
    )
    if taken is None:
        return OAuthRefused(error="invalid_grant", rule="code is unknown, spent or too old")
    granted, terms = taken
    if call.form.get("redirect_uri") != terms.redirect_uri:
        return OAuthRefused(error="invalid_grant", rule="redirect_uri differs")
    if not pkce.verifies(call.form.get("code_verifier"), terms.code_challenge):
        return OAuthRefused(error="invalid_grant", rule="code_verifier does not match")
    return _issue(desk, call, granted, granted.scopes, nonce=terms.nonce)


def _by_refresh(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:
    token = call.form.get("refresh_token", "")
    owner = grants.peek_refresh(call.session, token, client_id=call.client.client_id)
    if owner is None:
        return OAuthRefused(error="invalid_grant", rule="refresh_token is unknown")
    granted, held = owner
    asked = call.form.get("scope", held)
    if not scopes.is_subset(asked, held) or not scopes.split(asked):
        return OAuthRefused(error="invalid_scope", rule="a refresh cannot widen the scopes")
    taken = grants.take_refresh(call.session, token, client_id=call.client.client_id, now=call.now)
    if taken is None:
        return OAuthRefused(error="invalid_grant", rule="refresh_token is spent or too old")
    kept = " ".join(scopes.split(asked))
    return _issue(desk, call, granted, kept, nonce="", refresh_scopes=held)


def _by_credentials(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:  # noqa: ARG001
    asked = scopes.split(call.form.get("scope", ""))
    parsed = scopes.clinical(asked)
    if not asked or any(scope.level != "system" for scope in parsed):
        return OAuthRefused(error="invalid_scope", rule="scope is system scopes only")
    kept = scopes.narrow(" ".join(asked), call.client.scopes)
    if not kept:
        return OAuthRefused(error="invalid_scope", rule="no scope asked for is registered")
    granted = grants.open_grant(
        call.session,
        client_id=call.client.client_id,
        context=grants.Context(),
        scopes=kept,
        now=call.now,
    )
    access = grants.issue_access(
        call.session,
        granted.grant_id,
        scopes=kept,
        seconds=call.client.access_seconds,
        now=call.now,
    )
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": call.client.access_seconds,
        "scope": kept,
    }


_HANDLERS: Mapping[str, Handler] = {
    clients.AUTHORIZATION_CODE: _by_code,
    clients.REFRESH_TOKEN: _by_refresh,
    clients.CLIENT_CREDENTIALS: _by_credentials,
}


def _issue(
    desk: TokenDesk,
    call: TokenCall,
    granted: Granted,
    kept: str,
    *,
    nonce: str,
    refresh_scopes: str | None = None,
) -> Answer:
    words = scopes.split(kept)
    seconds = call.client.access_seconds
    token = grants.issue_access(
        call.session, granted.grant_id, scopes=kept, seconds=seconds, now=call.now
    )
    body: Answer = {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": seconds,
        "scope": kept,
    }
    body.update(_context(desk, call.client, granted))
    long_lived = {"online_access", "offline_access"} & set(scopes.split(granted.scopes))
    if long_lived and clients.REFRESH_TOKEN in call.client.grant_types:
        body["refresh_token"] = grants.issue_refresh(
            call.session, granted.grant_id, scopes=refresh_scopes or kept, now=call.now
        )
    if "openid" in words and granted.context.account_id:
        body["id_token"] = _id_token(desk, call, granted, words, nonce)
    return body


def _context(desk: TokenDesk, client: Client, granted: Granted) -> Answer:
    context: Answer = {}
    if granted.context.patient_id:
        context["patient"] = granted.context.patient_id
        context["need_patient_banner"] = client.need_patient_banner
        context["smart_style_url"] = desk.places.style
    if granted.context.encounter_id:
        context["encounter"] = granted.context.encounter_id
    return context


def _id_token(
    desk: TokenDesk, call: TokenCall, granted: Granted, words: tuple[str, ...], nonce: str
) -> str:
    issued = int(call.now.timestamp())
    claims: dict[str, Any] = {
        "iss": desk.places.issuer,
        "sub": granted.context.account_id,
        "aud": call.client.client_id,
        "iat": issued,
        "exp": issued + ID_TOKEN_SECONDS,
    }
    if nonce:
        claims["nonce"] = nonce
    if "fhirUser" in words or "profile" in words:
        claims["fhirUser"] = fhir_user(call.session, desk.places, granted.context.account_id)
    return jose.sign(desk.signing_key, claims, typ="JWT")


def fhir_user(session: Session, places: Places, account_id: str) -> str:
    """Return the absolute URL of the resource that stands for an account."""
    account = session.get_one(AccountRow, account_id)
    return f"{places.fhir_base}/Practitioner/{account.practitioner_id}"
