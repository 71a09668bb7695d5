"""Who is asking: the launch behind the handle in the path, and the cookie it is bound to."""

from typing import Final

from flask import Request, current_app, g, request
from werkzeug.wrappers import Response as BaseResponse

from runtime import web_guard
from runtime.settings_schema import Settings
from smartapp.errors import CaseUnknown
from smartapp.gateway.browser_session import enter
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases
from smartapp.store.cases import Case
from smartapp.store.launches import Launch

COOKIE: Final = "__Host-confer-app"


def services() -> GatewayServices:
    """The services this app was made with."""
    found: GatewayServices = current_app.extensions["confer"]
    return found


def settings() -> Settings:
    """The settings this app was made with."""
    found: Settings = current_app.extensions["confer_settings"]
    return found


def browser_secret(of: Request = request) -> str | None:
    """The secret of this browser's cookie, or None."""
    return of.cookies.get(COOKIE) or None


def bind_browser(response: BaseResponse, secret: str) -> BaseResponse:
    """Set the cookie; Partitioned, because only such cookies come back in an EHR's frame."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(settings().session_hours * 3600),
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
    return response


def watching() -> None:
    """Access policy of what a page asks by itself: the same, but it keeps nothing alive."""
    _enter(quietly=True)


def launched() -> None:
    """Access policy of every page under `/s/<handle>/`: this browser, this launch, this form."""
    _enter(quietly=False)
    if request.method == "POST":
        web_guard.check_origin([settings().gateway_url])
        web_guard.check_csrf(form_secret(), request.form.get("csrf_token"))


def _enter(*, quietly: bool) -> None:
    handle = str((request.view_args or {}).get("handle", ""))
    g.launch = enter(services(), handle=handle, browser_secret=browser_secret(), quietly=quietly)
    g.handle = handle


def launch() -> Launch:
    """The launch of this request."""
    found: Launch = g.launch
    return found


def form_secret() -> str:
    """What form tokens of this launch in this browser are made from."""
    return f"{browser_secret()}:{g.handle}"


def own_case(case_id: str) -> Case:
    """A case of this doctor about the patient whose chart is open.

    A case of another patient is not shown here: two patients never share a window.
    """
    mine = launch()
    with services().database.read() as session:
        found = cases.find(session, case_id)
    if (found.site_id, found.doctor_key, found.patient_key) != (
        mine.site_id,
        mine.doctor_key,
        mine.patient_key,
    ):
        raise CaseUnknown
    return found
