"""The launch room's own services, built once by the composition root and passed in."""

from dataclasses import dataclass

from launch.discovery import Discovery
from launch.issuer_keys import IssuerKeys
from launch.ports import ClientSecrets, LaunchStateStore, SiteStore, TokenStore
from runtime.outbound import OutboundClient


@dataclass(frozen=True, kw_only=True)
class SmartClient:
    """Everything a launch touches. `loopback_http` is for the sandbox on this machine only."""

    outbound: OutboundClient
    sites: SiteStore
    states: LaunchStateStore
    token_store: TokenStore
    secrets: ClientSecrets
    discovery: Discovery
    issuer_keys: IssuerKeys
    loopback_http: bool


def make_client(
    *,
    outbound: OutboundClient,
    sites: SiteStore,
    states: LaunchStateStore,
    token_store: TokenStore,
    secrets: ClientSecrets,
    loopback_http: bool = False,
) -> SmartClient:
    """Build a client from the host's stores."""
    return SmartClient(
        outbound=outbound,
        sites=sites,
        states=states,
        token_store=token_store,
        secrets=secrets,
        discovery=Discovery(outbound=outbound, loopback_http=loopback_http),
        issuer_keys=IssuerKeys(outbound=outbound, loopback_http=loopback_http),
        loopback_http=loopback_http,
    )
