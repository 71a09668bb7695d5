"""The authorization request: what is checked, in which order, and what it leads to.

Until client and redirect address are proven registered, nothing is sent anywhere; after
that every refusal goes back to the client with its state.
Spec: RFC 6749, 4.1; RFC 7636; SMART App Launch 2.2, Launch App.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import delete
from sqlalchemy.orm import Session

from runtime import tokens
from sandbox import app_contexts, clients, grants, pkce, scope_manners, scopes
from sandbox.clients import Client, hash_secret
from sandbox.errors import OAuthRefused, RedirectRefused
from sandbox.manners import PLAIN, Manners
from sandbox.places import Places
from sandbox.rows import PendingRow

PENDING_LIFE = timedelta(minutes=10)
_MAX_PARAMETER = 16_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request whose client and redirect address are known; not yet granted."""

    client: Client
    redirect_uri: str
    state: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A request that may be granted once somebody and, if needed, a patient are known."""

    asked: Asked
    scopes: str
    code_challenge: str
    nonce: str = field(repr=False)
    launch: str = field(repr=False)

    @property
    def needs_patient(self) -> bool:
        """Tell whether a patient must be chosen before a code is issued."""
        return scopes.needs_patient(scopes.split(self.scopes))


def single(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Turn request parameters into a mapping; a repeated one is refused (RFC 6749, 3.1)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise RedirectRefused(rule="a parameter is given twice")
        if len(value) > _MAX_PARAMETER:
            raise RedirectRefused(rule="a parameter is too long")
        found[name] = value
    return found


def identify(session: Session, parameters: Mapping[str, str]) -> Asked:
    """Find the client and check its redirect address byte for byte."""
    client = clients.find(session, parameters.get("client_id", ""))
    if client is None or clients.AUTHORIZATION_CODE not in client.grant_types:
        raise RedirectRefused(rule="the app is not registered here")
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise RedirectRefused(rule="the app's return address is not registered here")
    return Asked(client=client, redirect_uri=redirect_uri, state=parameters.get("state", ""))


def check(
    asked: Asked, parameters: Mapping[str, str], places: Places, manners: Manners = PLAIN
) -> Checked:
    """Check everything else; refusals raise OAuthRefused, to be sent to the redirect address."""
    if manners.authorize_error:
        raise OAuthRefused(error=manners.authorize_error, rule="a switch of the test bench")
    if parameters.get("response_type") != "code":
        raise OAuthRefused(error="unsupported_response_type", rule="response_type is code")
    if not asked.state:
        raise OAuthRefused(error="invalid_request", rule="state is missing")
    challenge = _challenge(parameters, manners)
    if parameters.get("aud") != places.fhir_base:
        raise OAuthRefused(error="invalid_request", rule="aud is not this FHIR base")
    asked_scopes = parameters.get("scope", "")
    launch = parameters.get("launch", "")
    if launch and "launch" not in scopes.split(asked_scopes):
        raise OAuthRefused(error="invalid_scope", rule="an EHR launch asks for scope launch")
    _check_registered(asked_scopes, asked.client, manners)
    granted = scopes.narrow(scope_manners.understood(asked_scopes, manners), asked.client.scopes)
    if not granted:
        raise OAuthRefused(error="invalid_scope", rule="no scope asked for is registered")
    return Checked(
        asked=asked,
        scopes=granted,
        code_challenge=challenge,
        nonce=parameters.get("nonce", ""),
        launch=launch,
    )


def _check_registered(asked_scopes: str, client: Client, manners: Manners) -> None:
    if manners.scopes_unregistered == "vanish":
        return
    understood = scope_manners.understood(asked_scopes, manners)
    if set(scopes.split(scopes.narrow(understood, client.scopes))) != set(asked_scopes.split()):
        raise OAuthRefused(error="invalid_scope", rule="a scope asked for is not registered")


def _challenge(parameters: Mapping[str, str], manners: Manners) -> str:
    """Return the code challenge; empty where this EHR neither demands nor checks one."""
    challenge = parameters.get("code_challenge")
    if manners.pkce == "ignored" or (manners.pkce == "if_sent" and challenge is None):
        return ""
    if parameters.get("code_challenge_method") != "S256":
        raise OAuthRefused(error="invalid_request", rule="code_challenge_method is S256")
    if challenge is None or not pkce.is_challenge(challenge):
        raise OAuthRefused(error="invalid_request", rule="code_challenge is missing or malformed")
    return challenge


def grant_launch(session: Session, checked: Checked, now: datetime) -> str:
    """Spend the launch value and return the address to send the browser to."""
    context = grants.take_launch(
        session, checked.launch, client_id=checked.asked.client.client_id, now=now
    )
    if context is None:
        raise OAuthRefused(error="invalid_request", rule="launch is unknown, spent or too old")
    return grant(session, checked, context, now)


def grant(session: Session, checked: Checked, context: grants.Context, now: datetime) -> str:
    """Open a grant, issue its code and return the address to send the browser to."""
    asked = checked.asked
    granted = grants.open_grant(
        session,
        client_id=asked.client.client_id,
        context=context,
        scopes=checked.scopes,
        now=now,
    )
    terms = grants.CodeTerms(
        redirect_uri=asked.redirect_uri,
        code_challenge=checked.code_challenge,
        nonce=checked.nonce,
    )
    if checked.launch:
        app_contexts.hand_on(session, checked.launch, granted.grant_id)
    code = grants.issue_code(session, granted.grant_id, terms, now)
    return _with_query(asked.redirect_uri, {"code": code, "state": asked.state})


def refusal(asked: Asked, refused: OAuthRefused) -> str:
    """Return the address that tells the client why there is no code."""
    query = {"error": refused.error, "error_description": refused.rule}
    if asked.state:
        query["state"] = asked.state
    return _with_query(asked.redirect_uri, query)


def dressed(address: str, manners: Manners, issuer: str, *, posted: bool = False) -> str:
    """Return the address to send the browser to as this EHR would write it."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    lost = manners.state == "lost_in_post_errors" and posted and "error" in query
    if manners.state == "missing" or lost:
        query.pop("state", None)
    if manners.state == "changed" and "state" in query:
        query["state"] += "x"
    if manners.iss_parameter != "absent":
        query["iss"] = issuer if manners.iss_parameter == "right" else f"{issuer}/other"
    return urlunsplit(parts._replace(query=urlencode(query)))


def park(session: Session, checked: Checked, now: datetime) -> str:
    """Keep a standalone request while somebody signs in; returns its one-time handle."""
    handle = tokens.new_secret()
    session.execute(delete(PendingRow).where(PendingRow.expires_at < now))
    session.add(
        PendingRow(
            pending_hash=hash_secret(handle),
            client_id=checked.asked.client.client_id,
            redirect_uri=checked.asked.redirect_uri,
            state=checked.asked.state,
            scopes=checked.scopes,
            code_challenge=checked.code_challenge,
            nonce=checked.nonce,
            expires_at=now + PENDING_LIFE,
        )
    )
    return handle


def parked(session: Session, handle: str, now: datetime) -> Checked:
    """Find a parked request again."""
    row = session.get(PendingRow, hash_secret(handle))
    client = clients.find(session, row.client_id) if row is not None else None
    if row is None or client is None or row.expires_at <= now:
        raise RedirectRefused(rule="this sign-in request is unknown or too old")
    return Checked(
        asked=Asked(client=client, redirect_uri=row.redirect_uri, state=row.state),
        scopes=row.scopes,
        code_challenge=row.code_challenge,
        nonce=row.nonce,
        launch="",
    )


def unpark(session: Session, handle: str) -> None:
    """Forget a parked request; it was answered."""
    session.execute(delete(PendingRow).where(PendingRow.pending_hash == hash_secret(handle)))


def _with_query(address: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=joined))
