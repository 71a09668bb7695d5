"""The operator's pages: registered EHRs, how they stand, their probe, and the kill switch."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from runtime import clock
from smartapp.errors import SiteInvalid, SiteUnknown
from smartapp.gateway import operator_access, register_site
from smartapp.gateway.probe_site import probe_site, way_out
from smartapp.gateway.read_site import SiteRules
from smartapp.gateway.register_site import DISABLE_REASONS
from smartapp.store import sites
from smartapp.web import operator_session, session, site_view

public = Blueprint("operate_door", __name__)
pages = Blueprint("operate", __name__)
PUBLIC_VIEWS = ("ask", "enter")
VIEWS = ("overview", "show", "probe", "disable", "enable", "leave")


@public.get("/enter/<code>")
def ask(code: str) -> ResponseReturnValue:
    """Ask before the link is used: one that is only looked at uses nothing up."""
    return render_template("operate_door.html", target=url_for("operate_door.enter", code=code))


@public.post("/enter/<code>")
def enter(code: str) -> ResponseReturnValue:
    """Use the link up and open the operator's session in this browser."""
    services = session.services()
    secret = operator_access.use_link(services.database, services.keyring, code=code)
    response = redirect(url_for("operate.overview"), code=303)
    return operator_session.bind(response, secret)


@pages.get("/sites")
def overview() -> ResponseReturnValue:
    """Every registered EHR and how it stands."""
    now = clock.now()
    with session.services().database.read() as reading:
        lines = [
            site_view.line(listing, sites.waiting(reading, listing.site_id), now)
            for listing in sites.listed(reading)
        ]
    return render_template("operate_sites.html", lines=lines, csrf=operator_session.form_token())


@pages.get("/sites/<site_id>")
def show(site_id: str) -> ResponseReturnValue:
    """One EHR: its registration, what it said of itself, and the kill switch."""
    return _page(site_id)


@pages.post("/sites/<site_id>/probe")
def probe(site_id: str) -> ResponseReturnValue:
    """Ask the EHR what it is, without signing in, and keep what it says."""
    services, settings = session.services(), session.settings()
    with services.database.read() as reading:
        site = sites.find(reading, site_id)
    if site is None:
        raise SiteUnknown
    rules = SiteRules(gateway_url=settings.gateway_url, loopback_http=settings.is_sandbox)
    found = probe_site(way_out(site.issuer, settings), site.issuer, rules=rules, site=site)
    register_site.keep_probe(services.database, site_id, found, actor=operator_session.actor())
    return redirect(url_for("operate.show", site_id=site_id, _anchor="probe"), code=303)


@pages.post("/sites/<site_id>/disable")
def disable(site_id: str) -> ResponseReturnValue:
    """Pull the kill switch; the reason is asked for."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "").strip()
    try:
        register_site.disable_site(
            session.services().database,
            site_id,
            reason=reason,
            note=note,
            actor=operator_session.actor(),
        )
    except SiteInvalid as wrong:
        words = {"reason": "Say why it is switched off", "note": "The note is too long"}
        errors = [(name, words[name]) for name, _ in wrong.problems]
        return _page(site_id, errors=errors, reason=reason, note=note), 422
    return redirect(url_for("operate.show", site_id=site_id), code=303)


@pages.post("/sites/<site_id>/enable")
def enable(site_id: str) -> ResponseReturnValue:
    """Let the EHR be used again."""
    register_site.enable_site(session.services().database, site_id, actor=operator_session.actor())
    return redirect(url_for("operate.show", site_id=site_id), code=303)


@pages.post("/leave")
def leave() -> ResponseReturnValue:
    """End the operator's session."""
    page = render_template(
        "confer/problem.html",
        heading="You have left",
        sentences=("The session has ended.", "For another one: confer site page"),
    )
    return operator_session.end(current_app.make_response(page))


def _page(
    site_id: str,
    *,
    errors: list[tuple[str, str]] | None = None,
    reason: str = "",
    note: str = "",
) -> str:
    services, now = session.services(), clock.now()
    with services.database.read() as reading:
        site = sites.find(reading, site_id)
        if site is None:
            raise SiteUnknown
        waits = sites.waiting(reading, site_id)
        last = sites.last_probe(reading, site_id)
        since = sites.secret_since(reading, site_id)
    return render_template(
        "operate_site.html",
        csrf=operator_session.form_token(),
        site=site,
        state=site_view.state_of(site, now),
        vendor=site_view.vendor_title(site),
        why=site_view.why_off(site),
        waits=site_view.waits_words(waits),
        rows=site_view.rows(site),
        secret=site_view.secret_words(site, since, now),
        paper=site_view.paper(site, session.settings().gateway_url),
        probe=site_view.probe(last, now),
        reasons=[(code, words[0].upper() + words[1:]) for code, words in DISABLE_REASONS.items()],
        reason=reason,
        note=note,
        errors=errors or [],
        can_check="operate_check.run" in current_app.view_functions,
    )
