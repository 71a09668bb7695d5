"""The operator's page of the connection check: what works with one EHR, and what to change."""

import re
from itertools import groupby
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from runtime import audit
from smartapp.errors import SiteUnknown
from smartapp.gateway.check_site import CheckedLevel, CheckedLine
from smartapp.store import sites
from smartapp.web import operator_session, session

pages = Blueprint("operate_check", __name__)
VIEWS = ("run",)
_PATIENT: Final = re.compile(r"[A-Za-z0-9\-._~]{1,255}")
_TAGS: Final[dict[CheckedLevel, tuple[str, str, str]]] = {
    "pass": ("Pass", "green", "check"),
    "warn": ("Warning", "yellow", "alert"),
    "fail": ("Fail", "red", "alert"),
    "not checked": ("Not checked", "blue", "dash"),
}


@pages.post("/sites/<site_id>/check")
def run(site_id: str) -> ResponseReturnValue:
    """Examine the connection, with a test patient's chart where one was named."""
    services = session.services()
    with services.database.read() as reading:
        site = sites.find(reading, site_id)
    if site is None or services.check_site is None:
        raise SiteUnknown
    patient = request.form.get("patient", "").strip()
    if patient and not _PATIENT.fullmatch(patient):
        wrong = [("patient", "This is no id of a patient: letters, digits, - . _ ~ only")]
        return _page(site_id, site.name, (), errors=wrong, patient=patient), 422
    lines = tuple(services.check_site(site, patient or None))
    worst = next((one for one in ("fail", "warn") if any(one == x.level for x in lines)), "pass")
    with services.database.transaction() as writing:
        audit.append(
            writing,
            event="site.checked",
            actor=operator_session.actor(),
            subject=site_id,
            outcome=worst,
            detail={"chart": "read" if patient else "not read"},
        )
    return _page(site_id, site.name, lines)


def _page(
    site_id: str,
    name: str,
    lines: tuple[CheckedLine, ...],
    *,
    errors: list[tuple[str, str]] | None = None,
    patient: str = "",
) -> str:
    return render_template(
        "operate_check.html",
        csrf=operator_session.form_token(),
        site_id=site_id,
        name=name,
        tags=_TAGS,
        failed=[line for line in lines if line.level == "fail"],
        counts={level: sum(line.level == level for line in lines) for level in _TAGS},
        groups=[(title, list(some)) for title, some in groupby(lines, key=lambda one: one.group)],
        errors=errors or [],
        patient=patient,
    )
