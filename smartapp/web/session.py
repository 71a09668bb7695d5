"""Who is asking: the launch behind the handle in the path, and the cookie it is bound to.

Each launch has a cookie of its own, made when the EHR has said who signed in. The browser's
other cookie only ties an authorization request to the browser that began it; it opens nothing.
"""

from datetime import datetime
from typing import Final

from flask import Request, current_app, g, request
from werkzeug.wrappers import Response as BaseResponse

from runtime import web_guard
from runtime.settings_schema import Settings
from smartapp.errors import CaseUnknown
from smartapp.gateway.browser_session import enter
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases, launches
from smartapp.store.cases import Case
from smartapp.store.launches import Launch
from smartapp.store.sealed import hashed

COOKIE: Final = "__Host-confer-app"
# So many launches of one browser are kept open; the cookies of older ones are dropped.
OPEN_LAUNCHES: Final = 16
_MARK: Final = 16


def services() -> GatewayServices:
    """The services this app was made with."""
    found: GatewayServices = current_app.extensions["confer"]
    return found


def settings() -> Settings:
    """The settings this app was made with."""
    found: Settings = current_app.extensions["confer_settings"]
    return found


def browser_secret(of: Request = request) -> str | None:
    """What ties an authorization request to this browser, or None."""
    return of.cookies.get(COOKIE) or None


def bind_browser(response: BaseResponse, secret: str) -> BaseResponse:
    """Set the cookie that an authorization request is tied to."""
    return _set_cookie(response, COOKIE, secret)


def launch_cookie(handle: str) -> str:
    """The name of the cookie of one launch."""
    return f"{COOKIE}-{hashed(handle)[:_MARK]}"


def bind_launch(response: BaseResponse, handle: str, secret: str) -> BaseResponse:
    """Set the cookie of one launch."""
    return _set_cookie(response, launch_cookie(handle), secret)


def drop_launch(response: BaseResponse, handle: str) -> BaseResponse:
    """Delete the cookie of one launch."""
    return _drop_cookie(response, launch_cookie(handle))


def tidy_cookies(response: BaseResponse, *, now: datetime) -> BaseResponse:
    """Delete the cookies of launches that have ended, and those beyond the newest sixteen."""
    prefix = f"{COOKIE}-"
    marks = [name.removeprefix(prefix) for name in request.cookies if name.startswith(prefix)]
    if not marks:
        return response
    with services().database.read() as session:
        alive = launches.alive(session, marks, now=now)
    for mark in set(marks) - set(alive[: OPEN_LAUNCHES - 1]):
        _drop_cookie(response, f"{prefix}{mark}")
    return response


def _set_cookie(response: BaseResponse, name: str, secret: str) -> BaseResponse:
    # Partitioned, because only such cookies come back in an EHR's frame.
    response.set_cookie(
        name,
        secret,
        max_age=int(settings().session_hours * 3600),
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
    return response


def _drop_cookie(response: BaseResponse, name: str) -> BaseResponse:
    response.delete_cookie(
        name, path="/", secure=True, httponly=True, samesite="None", partitioned=True
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


def own_form() -> None:
    """Access policy of a form that has no launch yet: it must come from our own page."""
    if request.method == "POST":
        web_guard.check_origin([settings().gateway_url])


def _enter(*, quietly: bool) -> None:
    handle = str((request.view_args or {}).get("handle", ""))
    secret = request.cookies.get(launch_cookie(handle)) or None
    g.launch = enter(services(), handle=handle, browser_secret=secret, quietly=quietly)
    g.handle = handle
    g.launch_secret = secret


def launch() -> Launch:
    """The launch of this request."""
    found: Launch = g.launch
    return found


def present_launch() -> Launch | None:
    """The launch of this request, or None on a page without one."""
    found: Launch | None = g.get("launch")
    return found


def form_secret() -> str:
    """What form tokens of this launch in this browser are made from."""
    return f"{g.launch_secret}:{g.handle}"


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
