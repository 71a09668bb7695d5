"""Where an EHR wants users and clients to sign in.

First `.well-known/smart-configuration`; older servers announce the two addresses in an
extension of their CapabilityStatement only. Every address is checked against the origins
that are registered for the site before it is ever called.

Spec: SMART App Launch 2.2, Conformance; rows D1-D5 of our checklist
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launch import origins, records
from launch.errors import DiscoveryInvalid, DiscoveryUnreachable, EndpointRefused, Step
from launch.ports import Site, SiteId
from runtime import clock, logs
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.log_events import Event
from runtime.outbound import OutboundAnswer, OutboundClient

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
KEEP_SECONDS = 600.0
_ADDRESSES = (
    "authorization_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
)


@dataclass(frozen=True, kw_only=True)
class SmartConfiguration:
    """The part of a SMART configuration that we act on; addresses absolute and admitted."""

    authorization_endpoint: str | None
    token_endpoint: str
    issuer: str | None = None
    jwks_uri: str | None = None
    revocation_endpoint: str | None = None
    introspection_endpoint: str | None = None
    capabilities: tuple[str, ...] = ()
    assertion_algorithms: tuple[str, ...] = ()
    names_issuer_in_callback: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that a browser or we may be sent to."""
        offered = (self.token_endpoint, *(getattr(self, name) for name in _ADDRESSES))
        return tuple(url for url in offered if url is not None)

    def has(self, capability: str) -> bool:
        """Tell whether the EHR announces a capability."""
        return capability in self.capabilities

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values for our own records."""
        listed = {"capabilities", "assertion_algorithms"}
        return {
            name: list(getattr(self, name)) if name in listed else getattr(self, name)
            for name in self.__dataclass_fields__
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "SmartConfiguration":
        """Read what `to_dict` wrote."""
        lists = {
            name: records.texts(stored[name]) for name in ("capabilities", "assertion_algorithms")
        }
        return cls(**{**stored, **lists})


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """Finds and remembers SMART configurations for ten minutes, per site and FHIR base.

    Many launches at once ask an EHR once. An address that moved, or that is on no registered
    origin, is told to the operators (`launch.endpoints_changed`, `launch.endpoint_refused`).
    """

    outbound: OutboundClient
    loopback_http: bool
    keep_seconds: float = KEEP_SECONDS
    _known: dict[tuple[SiteId, str], tuple[float, SmartConfiguration]] = field(
        default_factory=dict, repr=False
    )
    _locks: dict[tuple[SiteId, str], threading.Lock] = field(default_factory=dict, repr=False)

    def configuration(self, site: Site, issuer: str) -> SmartConfiguration:
        """Return the site's configuration, asked for at most once in ten minutes.

        Raises `DiscoveryUnreachable`, `DiscoveryInvalid` or `EndpointRefused`.
        """
        key = (site.site_id, issuer)
        # One lock per FHIR base: a slow EHR holds up its own launches only. setdefault is atomic.
        with self._locks.setdefault(key, threading.Lock()):
            known = self._known.get(key)
            if known is not None and known[0] > clock.monotonic():
                # The site's registration may have changed since; it is checked every time.
                self._check_addresses(site, known[1].addresses)
                return known[1]
            found = self._discover(site, issuer)
            if known is not None and known[1].addresses != found.addresses:
                logs.emit(Event.LAUNCH_ENDPOINTS_CHANGED, site=site.site_id)
            self._known[key] = (clock.monotonic() + self.keep_seconds, found)
            return found

    def forget(self, site: Site, issuer: str) -> None:
        """Drop what is remembered, for instance after the EHR refused an address."""
        self._known.pop((site.site_id, issuer), None)

    def _discover(self, site: Site, issuer: str) -> SmartConfiguration:
        base = origins.without_end_slash(issuer)
        answer = self._get(site, f"{base}/.well-known/smart-configuration", "application/json")
        announced = records.json_object(answer.body) if answer.status == 200 else None
        if announced is None or not records.text(announced.get("token_endpoint")):
            answer = self._get(site, f"{base}/metadata", "application/fhir+json")
            statement = records.json_object(answer.body) if answer.status == 200 else None
            announced = oauth_uris(statement or {})
        if announced is None:
            raise DiscoveryInvalid(
                step=Step.DISCOVERY, site_id=site.site_id, http_status=answer.status
            )
        return self._admit(site, issuer, announced)

    def _get(self, site: Site, url: str, accept: str) -> OutboundAnswer:
        try:
            answer = self.outbound.request(
                "GET", url, label="smart_discovery", headers={"Accept": accept}
            )
        except OutboundDown:
            raise DiscoveryUnreachable(step=Step.DISCOVERY, site_id=site.site_id) from None
        except OutboundForbidden:
            raise EndpointRefused(step=Step.DISCOVERY, site_id=site.site_id) from None
        if answer.status >= 500 or answer.status == 429:
            raise DiscoveryUnreachable(
                step=Step.DISCOVERY, site_id=site.site_id, http_status=answer.status
            )
        return answer

    def _admit(self, site: Site, issuer: str, announced: Mapping[str, Any]) -> SmartConfiguration:
        token_endpoint = origins.resolve(issuer, announced["token_endpoint"])
        found: dict[str, str | None] = {}
        for name in _ADDRESSES:
            address = records.text(announced.get(name))
            found[name] = origins.resolve(issuer, address) if address else None
        configuration = SmartConfiguration(
            token_endpoint=token_endpoint,
            **found,
            issuer=records.text(announced.get("issuer")),
            capabilities=records.texts(announced.get("capabilities")),
            assertion_algorithms=records.texts(
                announced.get("token_endpoint_auth_signing_alg_values_supported")
            ),
            names_issuer_in_callback=(
                announced.get("authorization_response_iss_parameter_supported") is True
            ),
        )
        self._check_addresses(site, configuration.addresses)
        return configuration

    def _check_addresses(self, site: Site, addresses: tuple[str, ...]) -> None:
        for url in addresses:
            if not may_call(site, url, loopback_http=self.loopback_http):
                logs.emit(Event.LAUNCH_ENDPOINT_REFUSED, site=site.site_id)
                raise EndpointRefused(step=Step.DISCOVERY, site_id=site.site_id)


def may_call(site: Site, url: str, *, loopback_http: bool) -> bool:
    """Tell whether the address is secure and on an origin registered for the site."""
    allowed = {origins.origin_of(known) for known in (site.issuer, *site.allowed_origins)}
    return origins.is_secure(url, loopback_http=loopback_http) and (
        origins.origin_of(url) in allowed
    )


def oauth_uris(statement: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the sign-in addresses of a CapabilityStatement, or None.

    The extension's URL must match exactly: athenahealth (2026) repeats the block under a
    bogus URL with other addresses.
    """
    for extension in _security_extensions(statement):
        if extension.get("url") != OAUTH_URIS:
            continue
        uris = {
            part.get("url"): records.text(part.get("valueUri"))
            for part in _objects(extension.get("extension"))
        }
        if uris.get("token"):
            return {
                "authorization_endpoint": uris.get("authorize"),
                "token_endpoint": uris["token"],
                "revocation_endpoint": uris.get("revoke"),
            }
    return None


def _security_extensions(statement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for rest in _objects(statement.get("rest")):
        security = rest.get("security")
        if rest.get("mode") == "server" and isinstance(security, dict):
            found.extend(_objects(security.get("extension")))
    return found


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
