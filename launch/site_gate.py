"""Whether a site may be used now: the kill switch, then its hours.

Asked at a launch, and before every token that leaves our hands: without a token there is no
call to the EHR, whoever wants to make it. The site is read anew each time, so that the switch
works at once in every process.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from launch import open_hours
from launch.errors import SiteClosed, Step
from launch.ports import Site, SiteId, SiteStore, TokenSource
from runtime import clock

Closed = Literal["disabled", "out_of_hours", "removed"]


def closed_because(site: Site, now: datetime) -> Closed | None:
    """Say why a site may not be used at this moment; None when it may. Pure."""
    if not site.enabled:
        return "disabled"
    if not open_hours.is_open(site.open_hours, site.time_zone, now):
        return "out_of_hours"
    return None


def require_open(site: Site, *, step: Step) -> Site:
    """Return the site when it may be used now; raises `SiteClosed`."""
    now = clock.now()
    reason = closed_because(site, now)
    if reason is None:
        return site
    opens = open_hours.opens_next(site.open_hours, site.time_zone, now)
    wait = (opens - now).total_seconds() if opens and reason == "out_of_hours" else None
    raise SiteClosed(step=step, site_id=site.site_id, reason=reason, retry_after=wait)


def require_open_by_id(sites: SiteStore, site_id: SiteId, *, step: Step) -> Site:
    """The same for a site that was looked up earlier; one that is gone counts as closed."""
    site = sites.by_id(site_id)
    if site is None:
        raise SiteClosed(step=step, site_id=site_id, reason="removed")
    return require_open(site, step=step)


@dataclass(frozen=True, kw_only=True)
class GatedTokens:
    """A token source that gives nothing out while its site is closed (launch.ports.TokenSource)."""

    source: TokenSource
    sites: SiteStore
    site_id: SiteId

    def current(self) -> str:
        """Return an access token of an open site; raises `SiteClosed`."""
        require_open_by_id(self.sites, self.site_id, step=Step.FHIR)
        return self.source.current()

    def renew(self, stale: str) -> str:
        """Return another access token of an open site; raises `SiteClosed`."""
        require_open_by_id(self.sites, self.site_id, step=Step.FHIR)
        return self.source.renew(stale)
