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

from fhir_server.engine import FhirEngine
from runtime.jose import SigningKey
from sandbox import (
    clients,
    discovery,
    grants,
    id_tokens,
    launch_context,
    pkce,
    scope_manners,
    scopes,
)
from sandbox.clients import Client
from sandbox.errors import OAuthRefused
from sandbox.grants import Granted
from sandbox.id_tokens import IdTokenDesk
from sandbox.manners import PLAIN, Manners
from sandbox.places import Places

Answer = dict[str, Any]  # Any: JSON of a token response


@dataclass(frozen=True, kw_only=True)
class TokenDesk:
    """What the token endpoint needs besides the request."""

    places: Places
    signing_key: SigningKey
    engine: FhirEngine
    manners: Manners = PLAIN


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
    if grant_type == clients.CLIENT_CREDENTIALS and desk.manners.backend == "unauthorized_client":
        return OAuthRefused(error="unauthorized_client", rule="a switch of the test bench")
    if grant_type == clients.REFRESH_TOKEN and desk.manners.refresh.startswith("refused"):
        return OAuthRefused(error="invalid_grant", rule="a switch of the test bench")
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
    verifier = call.form.get("code_verifier")
    if terms.code_challenge and not pkce.verifies(verifier, terms.code_challenge):
        return OAuthRefused(error="invalid_grant", rule="code_verifier does not match")
    return _issue(desk, call, granted, granted.scopes, nonce=terms.nonce)


def _by_refresh(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:
    token = call.form.get("refresh_token", "")
    owner = grants.peek_refresh(call.session, token, client_id=call.client.client_id)
    if owner is None:
        return OAuthRefused(error="invalid_grant", rule="refresh_token is unknown")
    granted, held = owner
    asked = held
    if "scope" in call.form:
        asked = scope_manners.understood(call.form["scope"], desk.manners)
    if not scopes.is_subset(asked, held) or not scopes.split(asked):
        return OAuthRefused(error="invalid_scope", rule="a refresh cannot widen the scopes")
    keeps = desk.manners.refresh == "keeps_old"
    taken = grants.take_refresh(
        call.session, token, client_id=call.client.client_id, now=call.now, spend=not keeps
    )
    if taken is None:
        return OAuthRefused(error="invalid_grant", rule="refresh_token is spent or too old")
    kept = " ".join(scopes.split(asked))
    return _issue(desk, call, granted, kept, nonce="", refresh_scopes=held)


def _by_credentials(desk: TokenDesk, call: TokenCall) -> Answer | OAuthRefused:
    asked = scopes.split(scope_manners.understood(call.form.get("scope", ""), desk.manners))
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
        seconds=_seconds(desk, call),
        now=call.now,
    )
    return _token_answer(desk, call, access, kept)


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
    seconds = _seconds(desk, call)
    token = grants.issue_access(
        call.session, granted.grant_id, scopes=kept, seconds=seconds, now=call.now
    )
    body = _token_answer(desk, call, token, kept)
    body.update(launch_context.of(call.session, desk.engine, _occasion(desk, call, granted)))
    if refresh_scopes is None or desk.manners.refresh != "keeps_old":
        body.update(_refresh_token(desk, call, granted, refresh_scopes or kept))
    if "openid" in words and granted.context.account_id:
        signed = id_tokens.issue(
            IdTokenDesk(
                places=desk.places,
                issuer=discovery.endpoints(desk.places, desk.manners).issuer,
                signing_key=desk.signing_key,
                manners=desk.manners,
            ),
            call.session,
            id_tokens.Asked(
                client_id=call.client.client_id,
                account_id=granted.context.account_id,
                patient_id=granted.context.patient_id,
                words=words,
                nonce=nonce,
                on_refresh=refresh_scopes is not None,
                now=call.now,
            ),
        )
        if signed is not None:
            body["id_token"] = signed
    return body


def _occasion(desk: TokenDesk, call: TokenCall, granted: Granted) -> launch_context.Occasion:
    return launch_context.Occasion(
        client=call.client, granted=granted, manners=desk.manners, places=desk.places
    )


def _seconds(desk: TokenDesk, call: TokenCall) -> int:
    return desk.manners.access_seconds or call.client.access_seconds


def _token_answer(desk: TokenDesk, call: TokenCall, token: str, kept: str) -> Answer:
    seconds = _seconds(desk, call)
    body: Answer = {"access_token": token, "token_type": desk.manners.token_type}
    if desk.manners.expires_in != "missing":
        body["expires_in"] = str(seconds) if desk.manners.expires_in == "text" else seconds
    said = scope_manners.echoed(kept, call.form.get("scope", kept), desk.manners)
    if said is not None:
        body["scope"] = said
    return body


def _refresh_token(desk: TokenDesk, call: TokenCall, granted: Granted, kept: str) -> Answer:
    long_lived = {"online_access", "offline_access"} & set(scopes.split(granted.scopes))
    offered = clients.REFRESH_TOKEN in call.client.grant_types
    if not long_lived or not offered or desk.manners.refresh == "withheld":
        return {}
    token = grants.issue_refresh(call.session, granted.grant_id, scopes=kept, now=call.now)
    return {"refresh_token": token}
