"""What an examination needs: the site, registered or named on the spot, and our own keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from confer import programs
from confer.check.examination import Examination, Wishes
from confer.check.in_memory import NoKeys, OneSite, States, Tokens, opened
from confer.errors import IssuerNotRegistered, OriginNotNamed
from launch import origins
from launch.client import SmartClient, make_client
from launch.ports import ClientAuth, ClientSecrets, Site, SiteId
from runtime.errors import OutboundForbidden
from runtime.outbound import OutboundClient, origin_of
from runtime.settings_schema import Settings

AD_HOC: Final = SiteId("not-registered")


@dataclass(frozen=True, kw_only=True)
class OnTheSpot:
    """What the command line says of an EHR that is not registered.

    `allowed` are the origins that may be called, the FHIR base's own among them.
    """

    allowed: tuple[str, ...]
    client_id: str
    client_auth: ClientAuth
    scopes: tuple[str, ...]
    redirect_uri: str | None = None
    backend_client_id: str | None = None
    backend_scopes: tuple[str, ...] = ()
    vendor: str = "generic"


@dataclass(frozen=True, kw_only=True)
class OurSide:
    """What the gateway's database knows: its sites and its keys; empty where there is none."""

    by_issuer: Mapping[str, Site] = field(default_factory=dict)
    by_id: Mapping[str, Site] = field(default_factory=dict)
    secrets: ClientSecrets = field(default_factory=NoKeys)
    has_keys: bool = False

    def find(self, name: str) -> Site | None:
        """Return the site with this FHIR base or this id."""
        return self.by_issuer.get(name.rstrip("/")) or self.by_id.get(name)


def our_side(settings: Settings) -> OurSide:
    """Read sites and keys; a machine without a gateway's database has neither."""
    if not programs.has_database(settings, "gateway"):
        return OurSide()
    from confer.wiring import gateway  # noqa: PLC0415 - heavy, and not needed without a database
    from runtime.keyring import Keyring  # noqa: PLC0415
    from smartapp.store.launch_stores import Sites  # noqa: PLC0415

    database = programs.open_existing(settings, "gateway")
    programs.require_schema(database, "gateway")
    sites = Sites(database).every()
    keyring = Keyring.open(settings.gateway_keyring_file, create=False)
    _network, secrets = gateway.gateway_keys(database, keyring)
    return OurSide(
        by_issuer={site.issuer.rstrip("/"): site for site in sites},
        by_id={str(site.site_id): site for site in sites},
        secrets=secrets,
        has_keys=True,
    )


def ad_hoc(settings: Settings, issuer: str, named: OnTheSpot) -> Site:
    """Return the site that the command line describes.

    Raises `OriginNotNamed` unless the FHIR base's own origin was named: nothing is called that
    nobody allowed.
    """
    if not origins.is_fhir_base(issuer, loopback_http=settings.is_sandbox):
        raise IssuerNotRegistered
    allowed = tuple(_origin(one) for one in named.allowed)
    if origins.origin_of(issuer) not in allowed:
        raise OriginNotNamed
    return Site(
        site_id=AD_HOC,
        name="not registered",
        issuer=origins.without_end_slash(issuer),
        client_id=named.client_id,
        client_auth=named.client_auth,
        redirect_uri=named.redirect_uri or f"{settings.gateway_url}/callback",
        scopes=named.scopes,
        allowed_origins=allowed,
        backend_client_id=named.backend_client_id,
        backend_scopes=named.backend_scopes,
        vendor=named.vendor,
    )


def _origin(text: str) -> str:
    try:
        return origin_of(text.rstrip("/"))
    except OutboundForbidden:
        raise OriginNotNamed from None


def examination(
    settings: Settings, site: Site, wishes: Wishes, *, ours: OurSide, registered: bool
) -> Examination:
    """Put an examination together; calls reach the site's origins and our own gateway only."""
    examined = opened(site)
    allowed = {origin_of(examined.issuer), *examined.allowed_origins}
    return Examination(
        site=replace(examined, enabled=site.enabled, open_hours=site.open_hours),
        registered=registered,
        gateway_url=settings.gateway_url,
        client=_client(settings, examined, allowed, ours.secrets),
        own=_outbound(settings, {origin_of(settings.gateway_url)}),
        loopback_http=settings.is_sandbox,
        wishes=wishes,
        has_keys=ours.has_keys,
    )


def _client(
    settings: Settings, site: Site, allowed: set[str], secrets: ClientSecrets
) -> SmartClient:
    return make_client(
        outbound=_outbound(settings, allowed),
        sites=OneSite(site=site),
        states=States(),
        token_store=Tokens(),
        secrets=secrets,
        loopback_http=settings.is_sandbox,
    )


def _outbound(settings: Settings, allowed: set[str]) -> OutboundClient:
    return OutboundClient(
        allowed_origins=allowed,
        allow_loopback_http=settings.is_sandbox,
        connect_seconds=settings.outbound_connect_seconds,
        read_seconds=settings.outbound_read_seconds,
        max_bytes=settings.max_body_bytes,
    )
