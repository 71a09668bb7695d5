"""Stores of one check, gone with the process: what the check signs in for is never kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from launch.ports import GrantId, Site, SiteId
from runtime.jose import SigningKey


@dataclass(frozen=True, kw_only=True)
class OneSite:
    """The site under examination, and no other (launch.ports.SiteStore)."""

    site: Site

    def by_issuer(self, issuer: str) -> Site | None:
        """The site, when this is its FHIR base."""
        return self.site if issuer == self.site.issuer.rstrip("/") else None

    def by_id(self, site_id: SiteId) -> Site | None:
        """The site, when this is its id."""
        return self.site if site_id == self.site.site_id else None


def opened(site: Site) -> Site:
    """Return the site as the check treats it: open, and with a sign-in outside the chart."""
    issuer = site.issuer.rstrip("/")
    return replace(site, issuer=issuer, enabled=True, open_hours=(), standalone=True)


@dataclass(frozen=True, kw_only=True)
class States:
    """Launches that wait for their callback (launch.ports.LaunchStateStore)."""

    waiting: dict[str, bytes] = field(default_factory=dict, repr=False)

    def put(self, state_hash: str, record: bytes, *, expires_at: datetime) -> None:  # noqa: ARG002 - the record itself knows its end
        """Keep a record."""
        self.waiting[state_hash] = record

    def take(self, state_hash: str) -> bytes | None:
        """Return and forget a record."""
        return self.waiting.pop(state_hash, None)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token sets of the one sign-in (launch.ports.TokenStore); one thread, so a lease is free."""

    kept: dict[GrantId, bytes] = field(default_factory=dict, repr=False)

    def load(self, grant_id: GrantId) -> bytes | None:
        """The record of a grant."""
        return self.kept.get(grant_id)

    def save(self, grant_id: GrantId, record: bytes) -> None:
        """Keep or replace a record."""
        self.kept[grant_id] = record

    def delete(self, grant_id: GrantId) -> None:
        """Forget a record."""
        self.kept.pop(grant_id, None)

    def lease(self, grant_id: GrantId, *, holder: str, until: datetime) -> bool:  # noqa: ARG002
        """Always free: nobody else knows this grant."""
        return True

    def release(self, grant_id: GrantId, *, holder: str) -> None:
        """Nothing to give back."""


@dataclass(frozen=True, kw_only=True)
class NoKeys:
    """The credentials of a machine that has none (launch.ports.ClientSecrets)."""

    def signing_keys(self, site: Site) -> Sequence[SigningKey]:  # noqa: ARG002
        """No key."""
        return ()

    def client_secret(self, site: Site) -> str | None:  # noqa: ARG002
        """No secret."""
        return None
