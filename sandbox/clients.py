"""Registered SMART clients: who they are, how they prove it, where they may be sent."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime import json_text
from sandbox.rows import ClientRow

ClientAuth = Literal["none", "client_secret_basic", "private_key_jwt"]
AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant type
CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, kw_only=True)
class Client:
    """One registration. `scopes` is the widest this client can get; `jwks` holds public keys.

    `launch_url` makes it an app of the chart page. Times are seconds.
    """

    client_id: str
    name: str
    auth: ClientAuth
    scopes: str
    grant_types: frozenset[str] = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN})
    jwks: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    secret_hash: str = field(default="", repr=False)
    redirect_uris: tuple[str, ...] = ()
    launch_url: str = ""
    access_seconds: int = 3600
    need_patient_banner: bool = True

    @property
    def launch_origin(self) -> str:
        """Origin of the launch URL, the only one the chart page may frame; empty if none."""
        return origin_of(self.launch_url) if self.launch_url else ""


def origin_of(url: str) -> str:
    """Cut a URL down to scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def hash_secret(secret: str) -> str:
    """Hash a random 256-bit secret or handle for storage (no salt is needed at that length)."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def register(session: Session, client: Client) -> None:
    """Store or replace one registration; the caller owns the transaction."""
    values = {
        "name": client.name,
        "auth": client.auth,
        "jwks": json_text.dumps(list(client.jwks)).decode("utf-8"),
        "secret_hash": client.secret_hash,
        "redirect_uris": "\n".join(client.redirect_uris),
        "launch_url": client.launch_url,
        "scopes": client.scopes,
        "grant_types": " ".join(sorted(client.grant_types)),
        "access_seconds": client.access_seconds,
        "need_patient_banner": client.need_patient_banner,
    }
    row = session.get(ClientRow, client.client_id)
    if row is None:
        session.add(ClientRow(client_id=client.client_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()


def find(session: Session, client_id: str) -> Client | None:
    """Find one registration."""
    row = session.get(ClientRow, client_id)
    return None if row is None else _client(row)


def apps(session: Session) -> tuple[Client, ...]:
    """List the clients that the chart page can launch, in the order of their names."""
    rows = session.scalars(
        select(ClientRow).where(ClientRow.launch_url != "").order_by(ClientRow.name)
    )
    return tuple(_client(row) for row in rows)


def every(session: Session) -> tuple[Client, ...]:
    """List all registrations, in the order of their ids."""
    return tuple(
        _client(row) for row in session.scalars(select(ClientRow).order_by(ClientRow.client_id))
    )


def public_origins(session: Session) -> frozenset[str]:
    """Collect the origins of public clients: browsers there may call the token endpoint."""
    rows = session.scalars(select(ClientRow).where(ClientRow.auth == "none"))
    return frozenset(origin_of(uri) for row in rows for uri in row.redirect_uris.split())


def _client(row: ClientRow) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        auth=row.auth,  # type: ignore[arg-type]  # written by register only
        scopes=row.scopes,
        grant_types=frozenset(row.grant_types.split()),
        jwks=tuple(json_text.loads(row.jwks.encode("utf-8"))),
        secret_hash=row.secret_hash,
        redirect_uris=tuple(row.redirect_uris.split()),
        launch_url=row.launch_url,
        access_seconds=row.access_seconds,
        need_patient_banner=row.need_patient_banner,
    )
