"""Whether a case's site may be used now; asked before anything is sent or written for it."""

from launch import site_gate
from launch.errors import Step
from launch.ports import SiteId
from launch.site_gate import Closed
from runtime import clock
from smartapp.gateway.services import GatewayServices

WAITS = "launch.site_closed"  # the reason of a job that waits for its site


def require_open(services: GatewayServices, site_id: str) -> None:
    """Raise `SiteClosed`, whose kind makes a job wait, unless the site may be used now."""
    site_gate.require_open_by_id(services.sites, SiteId(site_id), step=Step.FHIR)


def closed(services: GatewayServices, site_id: str) -> Closed | None:
    """Why the site may not be used now; None when it may. For pages."""
    site = services.sites.by_id(SiteId(site_id))
    return "removed" if site is None else site_gate.closed_because(site, clock.now())
