"""Introspection and revocation of tokens, for the client they belong to.

Spec: RFC 7662, RFC 7009; SMART App Launch 2.2, Token Introspection.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from sandbox import grants, id_tokens, scopes
from sandbox.clients import Client
from sandbox.grants import Access
from sandbox.places import Places


def _find(session: Session, token: str, client: Client, now: datetime) -> Access | None:
    found = grants.find_access(session, token, now) or grants.find_refresh(session, token, now)
    if found is None or found.granted.client_id != client.client_id:
        return None
    return found


def introspect(
    session: Session, token: str, *, client: Client, places: Places, now: datetime
) -> dict[str, Any]:  # Any: JSON
    """Say whether a token of this client is alive, and if so what it allows."""
    found = _find(session, token, client, now)
    if found is None:
        return {"active": False}
    context = found.granted.context
    body: dict[str, Any] = {
        "active": True,
        "scope": found.scopes,
        "client_id": client.client_id,
        "exp": int(found.expires_at.timestamp()),
        "iat": int(found.issued_at.timestamp()),
        "token_type": "bearer",
    }
    if context.patient_id:
        body["patient"] = context.patient_id
    if context.encounter_id:
        body["encounter"] = context.encounter_id
    if context.account_id and "openid" in scopes.split(found.granted.scopes):
        body["iss"] = places.issuer
        body["sub"] = context.account_id
        body["fhirUser"] = id_tokens.fhir_user(session, places, context.account_id)
    return body


def revoke(session: Session, token: str, *, client: Client, now: datetime) -> None:
    """End the whole grant of a token of this client; an unknown token changes nothing."""
    found = _find(session, token, client, now)
    if found is not None:
        grants.revoke_family(session, found.granted.grant_id, now)
