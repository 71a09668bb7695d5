"""The desk's session cookie: set it, read it, drop it; and who is signed in."""

from flask import Response, g, request

from consult.domain.specialist import SignedIn
from consult.service import sign_in
from consult.service.services import ConsultServices
from runtime.errors import SessionEnded
from runtime.web_guard import RoutePolicy

COOKIE = "__Host-confer-desk"


def keep(response: Response, secret: str) -> None:
    """Put a session's secret into the browser; it ends with the browser."""
    response.set_cookie(COOKIE, secret, secure=True, httponly=True, samesite="Lax", path="/")


def drop(response: Response) -> None:
    """Take the cookie out of the browser."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")


def present_secret() -> str:
    """Return the secret that came with the request; raises `SessionEnded` without one."""
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        raise SessionEnded
    return secret


def signed_in_policy(services: ConsultServices) -> RoutePolicy:
    """Return the policy of desk pages: a live session; the view finds it in `present()`."""

    def check() -> None:
        g.signed_in = sign_in.signed_in(services, present_secret())

    return check


def present() -> SignedIn:
    """Return who the policy of this route let in."""
    found = g.get("signed_in")
    if not isinstance(found, SignedIn):
        raise SessionEnded
    return found
