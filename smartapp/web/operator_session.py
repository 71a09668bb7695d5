"""The operator's browser at the gateway: a cookie of its own, never sent inside a frame."""

from typing import Final

from flask import g, request
from werkzeug.wrappers import Response as BaseResponse

from runtime import web_guard
from runtime.sessions import BrowserSession
from smartapp.gateway import operator_access
from smartapp.web import session

COOKIE: Final = "__Host-confer-operator"


def operator() -> None:
    """Access policy of the operator's pages: a live session; forms from our own page."""
    services = session.services()
    secret = request.cookies.get(COOKIE) or None
    g.operator = operator_access.enter(services.database, services.keyring, secret=secret)
    g.operator_secret = secret
    if request.method == "POST":
        web_guard.check_origin([session.settings().gateway_url])
        web_guard.check_csrf(str(secret), request.form.get("csrf_token"))


def actor() -> str:
    """How the audit names who is at work here."""
    found: BrowserSession = g.operator
    return operator_access.actor_of(found)


def form_token() -> str:
    """The token that forms of this session carry."""
    return web_guard.csrf_token(str(g.operator_secret))


def bind(response: BaseResponse, secret: str) -> BaseResponse:
    """Set the cookie; Lax, since these pages stand in a window of their own."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=operator_access.SESSION_MINUTES * 60,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return response


def end(response: BaseResponse) -> BaseResponse:
    """End the session and delete its cookie."""
    operator_access.leave(session.services().database, secret=str(g.operator_secret))
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    return response
