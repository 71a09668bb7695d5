"""The routes of a SMART app: /launch and /callback. Pages and cookies are the host's.

A site may have a callback of its own, `/callback/<site id>`, so that an answer of one EHR
can never be taken for another's (RFC 9700, 4.4); the launch refuses a callback elsewhere
than where it was sent.

Spec: SMART App Launch 2.2, Launch App
"""

from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from launch import app_launch
from launch.app_launch import LaunchResult, Redirect
from launch.client import SmartClient
from launch.errors import LaunchError
from launch.ports import BrowserRequest
from runtime import logs, tokens
from runtime.log_events import Event


class LaunchPages(Protocol):
    """What the host does around a launch."""

    def browser_secret(self) -> str | None:
        """Return the secret of this browser's cookie, or None when it has none."""

    def bind_browser(self, response: Response, secret: str) -> Response:
        """Set the cookie that carries the browser's secret."""

    def launched(self, result: LaunchResult) -> ResponseReturnValue:
        """Answer a finished launch, usually with a redirect to the doctor's first page."""

    def failed(self, error: LaunchError) -> ResponseReturnValue:
        """Answer a failed launch with a page: step, likely cause, what to do, reference."""

    def post_on(self, target: Redirect) -> Response:
        """Answer with a form that the browser posts to the EHR (it may need a click)."""


def make_blueprint(client: SmartClient, pages: LaunchPages) -> Blueprint:
    """Return the blueprint `launch`: endpoints `start`, `callback` and `callback_of` a site."""
    blueprint = Blueprint("launch", __name__)
    routes = _Routes(client=client, pages=pages)
    blueprint.add_url_rule("/launch", "start", routes.start, methods=["GET"])
    blueprint.add_url_rule("/callback", "callback", routes.callback, methods=["GET"])
    blueprint.add_url_rule(
        "/callback/<site_id>", "callback_of", routes.callback_of, methods=["GET"]
    )
    blueprint.after_request(_never_stored)
    return blueprint


@dataclass(frozen=True, kw_only=True)
class _Routes:
    client: SmartClient
    pages: LaunchPages

    def start(self) -> ResponseReturnValue:
        known = self.pages.browser_secret()
        secret = known or tokens.new_secret()
        try:
            target = app_launch.begin(self.client, _asked(secret))
        except LaunchError as error:
            return self._failed(error)
        if target.method == "POST":
            response: Response = self.pages.post_on(target)
        else:
            response = redirect(target.url, code=302)
        return response if known else self.pages.bind_browser(response, secret)

    def callback(self) -> ResponseReturnValue:
        try:
            result = app_launch.finish(self.client, _asked(self.pages.browser_secret()))
        except LaunchError as error:
            return self._failed(error)
        logs.emit(
            Event.LAUNCH_DONE,
            site=result.site.site_id,
            missing_scopes=len(result.scopes_missing),
        )
        return self.pages.launched(result)

    def callback_of(self, site_id: str) -> ResponseReturnValue:  # noqa: ARG002 - the path counts
        return self.callback()

    def _failed(self, error: LaunchError) -> ResponseReturnValue:
        logs.emit(
            Event.LAUNCH_FAILED,
            site=error.site_id or "",
            code=error.code,
            step=str(error.step),
            reason=error.reason,
            ehr_code=error.ehr_code or "",
            http_status=error.http_status or 0,
            reference=error.reference,
        )
        return self.pages.failed(error)


def _asked(secret: str | None) -> BrowserRequest:
    return BrowserRequest(
        params=tuple(request.args.items(multi=True)), browser_secret=secret, path=request.path
    )


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
