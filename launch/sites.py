"""Which EHR may launch us, and whether it may now; asked before anything is sent anywhere.

Spec: rows D4 and C6 of our checklist (an unknown issuer causes no outbound call)
"""

from launch import origins, site_gate
from launch.errors import IssuerMalformed, IssuerUnknown, Step
from launch.ports import Site, SiteStore


def trusted_site(sites: SiteStore, issuer: str | None, *, loopback_http: bool) -> Site:
    """Return the registered site of a FHIR base, with or without its one end slash.

    Raises `IssuerMalformed`, `IssuerUnknown` or `SiteClosed`.
    """
    if not issuer or not origins.is_fhir_base(issuer, loopback_http=loopback_http):
        raise IssuerMalformed(step=Step.START)
    base = origins.without_end_slash(issuer)
    site = sites.by_issuer(base)
    if site is None or origins.without_end_slash(site.issuer) != base:
        raise IssuerUnknown(step=Step.START)
    return site_gate.require_open(site, step=Step.START)
