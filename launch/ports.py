"""What the launch needs from its host: registered sites, one-time states, tokens at rest.

Records are opaque bytes whose format belongs to this room. They hold secrets, so a store
encrypts them; keys given to a store are already hashes or random ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType, Protocol

from runtime.jose import SigningKey

SiteId = NewType("SiteId", str)
GrantId = NewType("GrantId", str)

ClientAuth = Literal["public", "private_key_jwt", "client_secret_basic"]
WriteBack = Literal["backend_services", "refresh_token", "none"]
WritePolicy = Literal["on_arrival", "on_read", "never"]
ScopeDialect = Literal["v2", "v1", "dots"]

DEFAULT_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "online_access",
    "patient/*.rs",
    "user/Practitioner.rs",
)


@dataclass(frozen=True, kw_only=True)
class CdsClient:
    """The CDS Hooks client of a site: who may call our service, and how that is proven.

    `issuer` is the `iss` of its tokens. Keys are fetched at `jwks_url`, or pinned here as
    public JWKs; with pins nothing is fetched. `tenant` is a claim that must match when it is
    set. Pages of `browser_origins` may call the service from a browser.
    """

    issuer: str
    jwks_url: str | None = None
    keys: tuple[Mapping[str, Any], ...] = ()  # Any: members of a JWK
    browser_origins: tuple[str, ...] = ()
    tenant: str | None = None


@dataclass(frozen=True, kw_only=True)
class Site:
    """One registered EHR: how Confer is known there and which addresses belong to it.

    `issuer` is the FHIR base. `allowed_origins` lists origins of sign-in endpoints besides
    the issuer's own (`https://host[:port]`). Scopes are written in the dialect that this EHR
    understands. An empty or missing fact means: as the vendor's adapter has it.
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
    frame_origin: str | None = None  # the first of the pages that may frame the app
    backend_client_id: str | None = None
    backend_scopes: tuple[str, ...] = ()
    write_back: WriteBack = "backend_services"
    # what kind of server it is: a key of the vendor registry, and the FHIR release it speaks
    vendor: str = "generic"
    fhir_version: str = "4.0.1"
    scope_dialect: ScopeDialect = "v2"
    frame_origins: tuple[str, ...] = ()  # further pages that may frame the app
    # how hard it may be asked: calls per second on average, and at once
    requests_per_second: float | None = None
    burst: int | None = None
    # when an answer is written, and in which forms, the preferred one first
    write_policy: WritePolicy = "on_arrival"
    write_as: tuple[str, ...] = ()
    # `Mon-Fri 07:00-19:00` in `time_zone`; empty means always
    open_hours: tuple[str, ...] = ()
    time_zone: str = "UTC"
    # the kill switch and why it was pulled
    enabled: bool = True
    disabled_reason: str = ""
    disabled_note: str = ""  # for operators only; never in a log or the audit record
    tenant: str | None = None  # opaque; a token answer must not name another one
    own_redirect: bool = False  # `redirect_uri` belongs to this site alone (RFC 9700, 4.4)
    cds_client: CdsClient | None = None

    @property
    def framing_origins(self) -> tuple[str, ...]:
        """The pages that may frame the app; empty means the issuer's own origin."""
        first = (self.frame_origin,) if self.frame_origin else ()
        return first + tuple(one for one in self.frame_origins if one not in first)


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
    """What a browser brought to /launch or /callback, free of any web framework.

    `path` is the path that it asked for; a callback must come back where it was sent.
    """

    params: tuple[tuple[str, str], ...] = field(repr=False)
    browser_secret: str | None = field(repr=False)
    path: str = "/callback"


class TokenSource(Protocol):
    """Where an authorized session gets its bearer token."""

    def current(self) -> str:
        """Return an access token that is not known to have run out."""

    def renew(self, stale: str) -> str:
        """Return another access token than `stale`, or raise when there is none to get."""
