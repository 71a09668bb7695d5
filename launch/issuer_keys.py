"""The public keys with which EHRs sign who is signed in; fetched, kept, refetched.

The address comes from the pinned issuer's OpenID configuration, and from the SMART
configuration where the issuer has none; both must lie on registered origins.

Spec: OpenID Connect Discovery; row I1 of our checklist
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from launch import origins, records
from launch.discovery import SmartConfiguration, may_call
from launch.errors import EndpointRefused, IdentityRefused, IdentityUnreachable, Step
from launch.ports import Site
from runtime import clock, logs
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.log_events import Event
from runtime.outbound import OutboundAnswer, OutboundClient

KEEP_SECONDS = 3600.0
REFETCH_SECONDS = 60.0
MAX_KEYS = 50

Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class IssuerKeys:
    """Key sets by issuer, one hour in this process; a missing key asks again once a minute.

    When the EHR cannot be reached, the last good set goes on serving.
    """

    outbound: OutboundClient
    loopback_http: bool
    keep_seconds: float = KEEP_SECONDS
    refetch_seconds: float = REFETCH_SECONDS
    _known: dict[str, tuple[float, Keys]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keys(
        self, site: Site, configuration: SmartConfiguration, *, issuer: str, fresh: bool = False
    ) -> Keys:
        """Return the issuer's signing keys; `fresh` asks for a refetch within the cool-down.

        Raises `IdentityUnreachable` or `IdentityRefused`.
        """
        with self._lock:
            known = self._known.get(issuer)
        limit = self.refetch_seconds if fresh else self.keep_seconds
        if known is not None and clock.monotonic() - known[0] < limit:
            return known[1]
        try:
            found = self._fetch(site, configuration, issuer)
        except IdentityUnreachable as down:
            if known is None:
                raise
            logs.emit(Event.JWKS_KEPT, host=origins.origin_of(issuer) or "", code=down.code)
            return known[1]
        with self._lock:
            self._known[issuer] = (clock.monotonic(), found)
        return found

    def _fetch(self, site: Site, configuration: SmartConfiguration, issuer: str) -> Keys:
        url = self._jwks_uri(site, configuration, issuer)
        answer = self._get(site, url)
        document = records.json_object(answer.body) if answer.status == 200 else None
        offered = (document or {}).get("keys")
        if not isinstance(offered, list) or len(offered) > MAX_KEYS:
            raise IdentityRefused(reason="keys", site_id=site.site_id)
        return tuple(key for key in offered if _may_sign(key))

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


def _may_sign(key: object) -> bool:
    return isinstance(key, dict) and key.get("kty") == "RSA" and key.get("use", "sig") == "sig"
