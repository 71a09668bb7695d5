"""The gateway's own account at an EHR: client credentials, system scopes, short tokens.

Spec: SMART App Launch 2.2, Backend Services; rows B1-B6 of our checklist
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from launch import client_assertion, scopes, token_request, token_set
from launch.client import SmartClient
from launch.errors import BackendRefused, LaunchError, Step, TokenUnreachable
from launch.ports import Site, SiteId
from runtime import clock

TRIES = 2


@dataclass(frozen=True, kw_only=True)
class BackendToken:
    """A token of the gateway's own account; never printable."""

    access_token: str = field(repr=False)
    expires_at: datetime | None
    scopes: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether the token may still be used."""
        return self.expires_at is not None and clock.now() < self.expires_at - token_set.EARLY


@dataclass(frozen=True, kw_only=True)
class BackendTokens:
    """Backend tokens of all sites, remembered in this process until shortly before their end."""

    client: SmartClient
    _known: dict[SiteId, BackendToken] = field(default_factory=dict, repr=False)
    _locks: dict[SiteId, threading.Lock] = field(default_factory=dict, repr=False)

    def token(self, site: Site, *, stale: str | None = None) -> BackendToken:
        """Return a token for the site, other than `stale`.

        Raises `BackendRefused` when the site has no backend client or granted nothing, or the
        error of discovery or of the token request.
        """
        # One lock per site: a slow EHR holds up nobody else. setdefault is atomic.
        with self._locks.setdefault(site.site_id, threading.Lock()):
            known = self._known.get(site.site_id)
            if known is not None and known.is_current and known.access_token != stale:
                return known
            fresh = self._request(site)
            self._known[site.site_id] = fresh
            return fresh

    def source(self, site: Site) -> "BackendSource":
        """Return the token source that an authorized session of this site needs."""
        return BackendSource(tokens=self, site=site)

    def _request(self, site: Site) -> BackendToken:
        if not site.backend_client_id or not _only_system(site.backend_scopes):
            raise BackendRefused(step=Step.BACKEND, site_id=site.site_id)
        failed: LaunchError | None = None
        for _attempt in range(TRIES):
            try:
                return self._attempt(site, site.backend_client_id)
            except TokenUnreachable as down:
                failed = down
        raise failed or BackendRefused(step=Step.BACKEND, site_id=site.site_id)

    def _attempt(self, site: Site, client_id: str) -> BackendToken:
        configuration = self.client.discovery.configuration(site, site.issuer)
        key = client_assertion.choose_key(
            self.client.secrets.signing_keys(site),
            configuration.assertion_algorithms,
            step=Step.BACKEND,
            site=site,
        )
        endpoint = configuration.token_endpoint
        answer = token_request.request_token(
            self.client.outbound,
            endpoint,
            {
                "grant_type": "client_credentials",
                "scope": scopes.to_text(scopes.in_dialect(site.backend_scopes, site.scope_dialect)),
            },
            client_assertion.asymmetric(key, client_id=client_id, token_endpoint=endpoint),
            step=Step.BACKEND,
            site_id=site.site_id,
        )
        scope = answer.get("scope")
        granted = scopes.parse(scope) if isinstance(scope, str) else site.backend_scopes
        # Less than asked for is normal (row B6): the caller looks at what was granted.
        if not granted:
            raise BackendRefused(step=Step.BACKEND, site_id=site.site_id)
        return BackendToken(
            access_token=answer["access_token"],
            expires_at=token_set.expiry(answer.get("expires_in")),
            scopes=granted,
        )


@dataclass(frozen=True, kw_only=True)
class BackendSource:
    """The backend tokens of one site as a token source."""

    tokens: BackendTokens
    site: Site

    def current(self) -> str:
        """Return a token that has not run out."""
        return self.tokens.token(self.site).access_token

    def renew(self, stale: str) -> str:
        """Return another token than `stale`."""
        return self.tokens.token(self.site, stale=stale).access_token


def _only_system(wanted: tuple[str, ...]) -> bool:
    return bool(wanted) and all(scope.startswith(("system/", "system.")) for scope in wanted)
