"""A registered EHR as the operator's pages show it: words instead of codes, no secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_adapters.choose_vendor import GENERIC, VENDORS
from launch import site_gate
from launch.ports import Site
from smartapp.gateway.read_site import facts_of
from smartapp.gateway.register_site import DISABLE_REASONS
from smartapp.gateway.site_paper import paper_of
from smartapp.store.sites import Probe, SiteListing, Waiting
from smartapp.web.words import clock_time

_STATES = {
    None: ("Open", "green", "check"),
    "disabled": ("Switched off", "red", "hide"),
    "out_of_hours": ("Outside its hours", "yellow", "clock"),
}
_UNREADABLE = ("Cannot be read", "red", "alert")
_LEVELS = {
    "pass": ("Good", "green", "check"),
    "warn": ("Look", "yellow", "alert"),
    "fail": ("Not good", "red", "alert"),
}
_LABELS = {
    "site_id": "Id",
    "issuer": "FHIR base (issuer)",
    "fhir_version": "FHIR version",
    "client_id": "Launch client",
    "client_auth": "Authentication",
    "redirect_uri": "Redirect URI",
    "own_redirect": "Redirect URI of its own",
    "cds_issuer": "CDS Hooks issuer",
    "cds_jwks_url": "CDS Hooks keys (JWKS)",
    "cds_keys": "CDS Hooks keys (pinned)",
    "cds_origins": "CDS Hooks browser origins",
    "cds_tenant": "CDS Hooks tenant",
}
# What stands elsewhere on the page.
_SHOWN_APART = frozenset({"name"})

Row = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class SiteLine:
    """One row of the list."""

    site_id: str
    name: str
    about: str
    state: tuple[str, str, str]
    waits: str


def line(listing: SiteListing, waits: Waiting, now: datetime) -> SiteLine:
    """A row of the list; a site that cannot be read is shown with its code."""
    site = listing.site
    if site is None:
        about = str(listing.problem) if listing.problem else ""
        return SiteLine(
            site_id=listing.site_id,
            name=listing.site_id,
            about=about,
            state=_UNREADABLE,
            waits=waits_words(waits),
        )
    return SiteLine(
        site_id=site.site_id,
        name=site.name,
        about=f"{vendor_title(site)}, {site.issuer}",
        state=state_of(site, now),
        waits=waits_words(waits),
    )


def state_of(site: Site, now: datetime) -> tuple[str, str, str]:
    """Tag words, tone and icon of how the site stands now."""
    return _STATES[site_gate.closed_because(site, now)]


def vendor_title(site: Site) -> str:
    """The product as people call it."""
    return VENDORS.get(site.vendor, GENERIC).title


def waits_words(waits: Waiting) -> str:
    """What hangs on the site, in one line; empty when nothing does."""
    parts = [
        f"{count} {one if count == 1 else many}"
        for count, one, many in (
            (waits.open_cases, "open question", "open questions"),
            (waits.unsent, "of them not sent", "of them not sent"),
            (waits.unwritten, "answer not in the chart", "answers not in the chart"),
            (waits.parked, "needs a person", "need a person"),
        )
        if count
    ]
    return ", ".join(parts)


def why_off(site: Site) -> str:
    """Why the site is switched off, in words."""
    return DISABLE_REASONS.get(site.disabled_reason, "no reason is kept")


def rows(site: Site) -> list[Row]:
    """All facts of a registration, as texts."""
    return [
        (label(name), _text(value))
        for name, value in facts_of(site).items()
        if name not in _SHOWN_APART
    ]


def label(name: str) -> str:
    """A fact's name for people."""
    return _LABELS.get(name, name.replace("_", " ").capitalize())


def secret_words(site: Site, since: datetime | None, now: datetime) -> str:
    """Whether the shared secret is kept; empty for sites that use none."""
    if site.client_auth != "client_secret_basic":
        return ""
    if since is None:
        return "none is kept yet, so nobody can launch: confer site secret"
    return f"kept since {clock_time(since, now)}; never shown"


def paper(site: Site, gateway_url: str) -> Sequence[Row]:
    """What stands in the EHR's registration form for this site."""
    traits = VENDORS.get(site.vendor, GENERIC)
    return paper_of(
        gateway_url=gateway_url, traits=traits, dialect=site.scope_dialect, site=site
    ).rows()


def probe(found: Probe | None, now: datetime) -> Mapping[str, Any] | None:
    """What the last probe found; Any: texts and tuples for the template."""
    if found is None or not {"level", "findings"} <= set(found.found):
        return None  # never asked, or by a release that kept it in another form
    said = found.found
    return {
        "at": clock_time(found.at, now),
        "level": _LEVELS[said["level"]],
        "software": said.get("software") or "a server that does not name itself",
        "version": said.get("fhir_version", ""),
        "findings": [
            {"level": _LEVELS[one["level"]], "says": one["says"], "fix": one["fix"]}
            for one in said["findings"]
        ],
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if value and not isinstance(value[0], str):
            return f"{len(value)} kept"
        return " ".join(value) if all(" " not in one for one in value) else "; ".join(value)
    return str(value)
