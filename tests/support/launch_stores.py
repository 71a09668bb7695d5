"""In-memory stores that fit launch.ports, and a smart client around them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from launch.client import SmartClient, make_client
from launch.ports import GrantId, Site, SiteId
from runtime import clock, jose
from runtime.jose import SigningKey
from runtime.outbound import OutboundClient

ISSUER = "https://ehr.example/fhir"
REDIRECT = "https://gateway.example/callback"


def make_site(**changes: object) -> Site:
    """Return a registered site; keyword arguments replace its facts."""
    facts: dict[str, object] = {
        "site_id": SiteId("north"),
        "name": "North Hospital",
        "issuer": ISSUER,
        "client_id": "confer-app",
        "client_auth": "private_key_jwt",
        "redirect_uri": REDIRECT,
        "scopes": ("launch", "openid", "fhirUser", "patient/*.rs", "online_access"),
        "allowed_origins": ("https://auth.example",),
        "backend_client_id": "confer-gateway",
        "backend_scopes": ("system/DocumentReference.crs", "system/Patient.r"),
    }
    return Site(**{**facts, **changes})  # type: ignore[arg-type]


@dataclass
class MemorySites:
    """Registered sites."""

    sites: list[Site] = field(default_factory=lambda: [make_site()])

    def by_issuer(self, issuer: str) -> Site | None:
        return next((s for s in self.sites if s.issuer == issuer), None)

    def by_id(self, site_id: SiteId) -> Site | None:
        return next((s for s in self.sites if s.site_id == site_id), None)


@dataclass
class MemoryStates:
    """Pending launches; taking is atomic."""

    records: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)

    def put(self, state_hash: str, record: bytes, *, expires_at: datetime) -> None:
        self.records[state_hash] = (record, expires_at)

    def take(self, state_hash: str) -> bytes | None:
        found = self.records.pop(state_hash, None)
        return found[0] if found else None


@dataclass
class MemoryTokens:
    """Token records with a lease per grant."""

    records: dict[GrantId, bytes] = field(default_factory=dict)
    leases: dict[GrantId, tuple[str, datetime]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self, grant_id: GrantId) -> bytes | None:
        return self.records.get(grant_id)

    def save(self, grant_id: GrantId, record: bytes) -> None:
        self.records[grant_id] = record

    def delete(self, grant_id: GrantId) -> None:
        self.records.pop(grant_id, None)

    def lease(self, grant_id: GrantId, *, holder: str, until: datetime) -> bool:
        with self.lock:
            held = self.leases.get(grant_id)
            if held is not None and held[0] != holder and held[1] > clock.now():
                return False
            self.leases[grant_id] = (holder, until)
            return True

    def release(self, grant_id: GrantId, *, holder: str) -> None:
        with self.lock:
            if self.leases.get(grant_id, ("", None))[0] == holder:
                del self.leases[grant_id]


_KEYS: dict[str, SigningKey] = {}


def signing_key(algorithm: str) -> SigningKey:
    """Return one key per algorithm for the whole test run; making RSA keys is slow."""
    if algorithm not in _KEYS:
        _KEYS[algorithm] = jose.new_signing_key(algorithm)  # type: ignore[arg-type]
    return _KEYS[algorithm]


@dataclass
class MemorySecrets:
    """The gateway's credentials."""

    algorithms: tuple[str, ...] = ("ES384",)
    secret: str | None = "s3cret:%+"

    def signing_keys(self, site: Site) -> Sequence[SigningKey]:
        return [signing_key(algorithm) for algorithm in self.algorithms]

    def client_secret(self, site: Site) -> str | None:
        return self.secret


@dataclass
class Desk:
    """A smart client and the memory behind it."""

    sites: MemorySites = field(default_factory=MemorySites)
    states: MemoryStates = field(default_factory=MemoryStates)
    token_store: MemoryTokens = field(default_factory=MemoryTokens)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    loopback_http: bool = False
    reaches: Callable[[str], bool] = lambda _origin: True
    client: SmartClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = make_client(
            outbound=OutboundClient(
                allowed_origins=self.reaches, allow_loopback_http=self.loopback_http
            ),
            sites=self.sites,
            states=self.states,
            token_store=self.token_store,
            secrets=self.secrets,
            loopback_http=self.loopback_http,
        )
