"""The id_token, and the ways in which an EHR can get it wrong.

Spec: OpenID Connect Core, 2; SMART App Launch 2.2, Scopes for requesting identity data.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from runtime import jose, json_text, tokens
from runtime.jose import SigningKey
from sandbox.manners import Manners
from sandbox.places import Places
from sandbox.rows import AccountRow

ID_TOKEN_SECONDS = 3600
Claims = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, kw_only=True)
class IdTokenDesk:
    """What an id_token is made with."""

    places: Places
    issuer: str
    signing_key: SigningKey
    manners: Manners


@dataclass(frozen=True, kw_only=True)
class Asked:
    """For whom, for which app and on which occasion."""

    client_id: str
    account_id: str
    patient_id: str = field(repr=False)
    words: tuple[str, ...]
    nonce: str = field(repr=False)
    on_refresh: bool
    now: datetime


def issue(desk: IdTokenDesk, session: Session, asked: Asked) -> str | None:
    """Return the signed token; None where this EHR sends none."""
    odd = desk.manners.id_token
    if odd == "missing":
        return None
    claims = _claims(desk, session, asked)
    if odd == "alg_none":
        return _unsigned(claims)
    if odd == "no_kid":
        return jose.sign(desk.signing_key, claims, typ="JWT", name_key=False)
    if odd == "unknown_key":
        return jose.sign(_strange_key(), claims, typ="JWT")
    return jose.sign(desk.signing_key, claims, typ="JWT")


def _claims(desk: IdTokenDesk, session: Session, asked: Asked) -> Claims:
    odd = desk.manners.id_token
    issued = int(asked.now.timestamp()) + desk.manners.clock_shift_seconds
    if odd == "expired":
        issued -= 2 * ID_TOKEN_SECONDS
    claims: Claims = {
        "iss": f"{desk.issuer}/other" if odd == "wrong_iss" else desk.issuer,
        "sub": asked.account_id,
        "aud": "another-app" if odd == "wrong_aud" else asked.client_id,
        "iat": issued,
        "exp": issued + ID_TOKEN_SECONDS,
    }
    if asked.nonce:
        claims["nonce"] = tokens.new_secret() if odd == "wrong_nonce" else asked.nonce
    if odd == "refresh_without_aud" and asked.on_refresh:
        del claims["aud"]
    if "fhirUser" in asked.words or "profile" in asked.words:
        claims.update(_user(desk, session, asked))
    return claims


def _user(desk: IdTokenDesk, session: Session, asked: Asked) -> Claims:
    absolute = fhir_user(session, desk.places, asked.account_id)
    relative = absolute.removeprefix(f"{desk.places.fhir_base}/")
    match desk.manners.fhir_user:
        case "missing":
            return {}
        case "relative":
            return {"fhirUser": relative}
        case "profile":
            return {"profile": absolute}
        case "foreign":
            return {"fhirUser": f"{desk.places.trap}/{relative}"}
        case "patient":
            return {"fhirUser": f"{desk.places.fhir_base}/Patient/{asked.patient_id}"}
        case _:
            return {"fhirUser": absolute}


def fhir_user(session: Session, places: Places, account_id: str) -> str:
    """Return the absolute URL of the resource that stands for an account."""
    account = session.get_one(AccountRow, account_id)
    return f"{places.fhir_base}/Practitioner/{account.practitioner_id}"


@cache
def _strange_key() -> SigningKey:
    """Make, once, a key that no key set holds."""
    return jose.new_signing_key("RS256")


def _unsigned(claims: Claims) -> str:
    """Write a token with `alg` none: what no client may believe."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json_text.dumps(part)).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b""]).decode("ascii")
