"""The style sheet that a page takes over from the EHR around it."""

from flask import Blueprint, Response

from launch.ports import SiteId
from smartapp.gateway import ehr_style
from smartapp.web import session

pages = Blueprint("skin", __name__)
VIEWS = ("ehr_sheet",)


@pages.get("/ehr-style.css")
def ehr_sheet(handle: str) -> Response:  # noqa: ARG001 - the handle is in the path
    """What is known of the EHR's look by now; an empty sheet while it is being fetched."""
    services, mine = session.services(), session.launch()
    site = services.sites.by_id(SiteId(mine.site_id))
    url = str(mine.context.get("style_url") or "")
    style = None
    if site is not None and url:
        style = services.styles.of(services.smart, site, url, run_aside=services.run_aside)
    response = Response(ehr_style.sheet(style or {}), content_type="text/css; charset=utf-8")
    kept = "private, max-age=3600" if style is not None else "no-store"
    response.headers["Cache-Control"] = kept
    return response
