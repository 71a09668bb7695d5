"""What the launch needs from its host: registered sites, one-time states, tokens at rest.

Records are opaque bytes whose format belongs to this room. They hold secrets, so a store
encrypts them; keys given to a store are already hashes or random ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NewType, Protocol

from runtime.jose import SigningKey

SiteId = NewType("SiteId", str)
GrantId = NewType("GrantId", str)

ClientAuth = Literal["public", "private_key_jwt", "client_secret_basic"]
WriteBack = Literal["backend_services", "refresh_token", "none"]

DEFAULT_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "online_access",
    "patient/*.rs",
    "user/Practitioner.rs",
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """One registered EHR: how Confer is known there and which addresses belong to it.

    `issuer` is the FHIR base. `allowed_origins` lists origins of sign-in endpoints besides
    the issuer's own (`https://host[:port]`). `frame_origin` is the page that may frame the
    app. Scopes are written in the dialect that this EHR understands.
    """

    site_id: SiteId
    name: str
    issuer: str
    client_id: str
    client_auth: ClientAuth
    redirect_uri: str
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    standalone: bool = True
    allowed_origins: tuple[str, ...] = ()
    frame_origin: str | None = None
    backend_client_id: str | None = None
    backend_scopes: tuple[str, ...] = ()
    write_back: WriteBack = "backend_services"


class SiteStore(Protocol):
    """The registered EHRs of this gateway."""

    def by_issuer(self, issuer: str) -> Site | None:
        """Return the site whose issuer equals this FHIR base, given without end slash."""

    def by_id(self, site_id: SiteId) -> Site | None:
        """Return the site, or None when it is not (or no longer) registered."""


class LaunchStateStore(Protocol):
    """Launches that wait for their callback."""

    def put(self, state_hash: str, record: bytes, *, expires_at: datetime) -> None:
        """Keep an encrypted record under the hash of a state."""

    def take(self, state_hash: str) -> bytes | None:
        """Return and delete the record in one atomic step; None when unknown or expired."""


class TokenStore(Protocol):
    """Token sets at rest, one per grant, and the lease that keeps refreshes single."""

    def load(self, grant_id: GrantId) -> bytes | None:
        """Return the decrypted record, or None when the grant is gone."""

    def save(self, grant_id: GrantId, record: bytes) -> None:
        """Insert or replace the encrypted record, durably."""

    def delete(self, grant_id: GrantId) -> None:
        """Wipe the record; deleting twice is no error."""

    def lease(self, grant_id: GrantId, *, holder: str, until: datetime) -> bool:
        """Take the refresh lease when it is free or run out; one atomic compare-and-set."""

    def release(self, grant_id: GrantId, *, holder: str) -> None:
        """Give the lease back if `holder` still has it."""


class ClientSecrets(Protocol):
    """The gateway's own credentials at EHRs; apart from the keys used towards the network."""

    def signing_keys(self, site: Site) -> Sequence[SigningKey]:
        """Return the keys that may sign for this site, the preferred one first."""

    def client_secret(self, site: Site) -> str | None:
        """Return the shared secret of a `client_secret_basic` site."""


@dataclass(frozen=True, kw_only=True)
class BrowserRequest:
    """What a browser brought to /launch or /callback, free of any web framework."""

    params: tuple[tuple[str, str], ...] = field(repr=False)
    browser_secret: str | None = field(repr=False)


class TokenSource(Protocol):
    """Where an authorized session gets its bearer token."""

    def current(self) -> str:
        """Return an access token that is not known to have run out."""

    def renew(self, stale: str) -> str:
        """Return another access token than `stale`, or raise when there is none to get."""
