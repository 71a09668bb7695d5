"""The public keys with which EHRs sign who is signed in; fetched, kept, refetched.

The address comes from the pinned issuer's OpenID configuration, and from the SMART
configuration where the issuer has none; both must lie on registered origins.

Spec: OpenID Connect Discovery; row I1 of our checklist; attack T14 (stale and poisoned sets)
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from launch import origins, records
from launch.discovery import SmartConfiguration, may_call
from launch.errors import EndpointRefused, IdentityRefused, IdentityUnreachable, LaunchError, Step
from launch.ports import Site, SiteId
from runtime import clock, jwks_cache, logs
from runtime.errors import JwksRefused, OutboundDown, OutboundForbidden
from runtime.log_events import Event
from runtime.outbound import OutboundAnswer, OutboundClient

# A key that the EHR removed is dead here after this long at the latest, whatever it announced.
LONGEST_SECONDS = 3600.0
REFETCH_SECONDS = 60.0

Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A good key set: until when it may be used, and when the EHR was last asked for one."""

    keys: Keys
    asked: float
    expires: float


@dataclass(frozen=True, kw_only=True)
class IssuerKeys:
    """Key sets by site and issuer, as long as their Cache-Control says, one hour at most.

    A missing key asks again once a minute. When the EHR cannot be reached or answers with
    something that is no key set, the last good set serves until its end and no longer.
    """

    outbound: OutboundClient
    loopback_http: bool
    longest_seconds: float = LONGEST_SECONDS
    refetch_seconds: float = REFETCH_SECONDS
    _known: dict[tuple[SiteId, str], _Kept] = field(default_factory=dict, repr=False)
    _locks: dict[tuple[SiteId, str], threading.Lock] = field(default_factory=dict, repr=False)

    def keys(
        self, site: Site, configuration: SmartConfiguration, *, issuer: str, fresh: bool = False
    ) -> Keys:
        """Return the issuer's signing keys; `fresh` asks for a refetch within the cool-down.

        Raises `IdentityUnreachable`, `EndpointRefused` or `IdentityRefused`.
        """
        place = (site.site_id, issuer)
        # One lock per issuer: many launches at once cause one fetch, and a slow EHR holds up
        # its own launches only. setdefault is atomic.
        with self._locks.setdefault(place, threading.Lock()):
            now = clock.monotonic()
            known = self._known.get(place)
            usable = known if known is not None and now < known.expires else None
            if usable is not None and (not fresh or now - usable.asked < self.refetch_seconds):
                return usable.keys
            try:
                found = self._fetch(site, configuration, issuer)
            except LaunchError as problem:
                if usable is None:
                    raise
                logs.emit(Event.JWKS_KEPT, host=origins.origin_of(issuer) or "", code=problem.code)
                found = replace(usable, asked=now)
            self._known[place] = found
            return found.keys

    def _fetch(self, site: Site, configuration: SmartConfiguration, issuer: str) -> _Kept:
        answer = self._get(site, self._jwks_uri(site, configuration, issuer))
        if answer.status != 200:
            raise IdentityRefused(reason="keys", site_id=site.site_id)
        try:
            offered = jwks_cache.parse(answer.body)
        except JwksRefused:
            raise IdentityRefused(reason="keys", site_id=site.site_id) from None
        now = clock.monotonic()
        life = jwks_cache.seconds_to_keep(
            answer.headers, shortest=0.0, longest=self.longest_seconds
        )
        return _Kept(
            keys=tuple(key for key in offered if key.get("kty") == "RSA"),
            asked=now,
            expires=now + life,
        )

    def _jwks_uri(self, site: Site, configuration: SmartConfiguration, issuer: str) -> str:
        address = f"{origins.without_end_slash(issuer)}/.well-known/openid-configuration"
        if may_call(site, address, loopback_http=self.loopback_http):
            answer = self._get(site, address)
            announced = records.json_object(answer.body) if answer.status == 200 else None
            if announced is not None:
                return self._announced(site, announced, issuer)
        if configuration.jwks_uri is None:
            raise IdentityRefused(reason="configuration", site_id=site.site_id)
        return configuration.jwks_uri

    def _announced(self, site: Site, announced: Mapping[str, Any], issuer: str) -> str:
        url = records.text(announced.get("jwks_uri"))
        if announced.get("issuer") != issuer or url is None:
            raise IdentityRefused(reason="configuration", site_id=site.site_id)
        if not may_call(site, url, loopback_http=self.loopback_http):
            raise IdentityRefused(reason="configuration", site_id=site.site_id)
        return url

    def _get(self, site: Site, url: str) -> OutboundAnswer:
        try:
            answer = self.outbound.request(
                "GET", url, label="smart_identity", headers={"Accept": "application/json"}
            )
        except OutboundDown:
            raise IdentityUnreachable(step=Step.IDENTITY, site_id=site.site_id) from None
        except OutboundForbidden:
            raise EndpointRefused(step=Step.IDENTITY, site_id=site.site_id) from None
        if answer.status >= 500 or answer.status == 429:
            raise IdentityUnreachable(
                step=Step.IDENTITY, site_id=site.site_id, http_status=answer.status
            )
        return answer
