"""The simulated EHR as a Flask application."""

from flask import Flask, g, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from runtime import logs, web_guard
from runtime.errors import HTTP_STATUS, code_of, kind_of
from runtime.log_events import Event
from runtime.settings_schema import Settings
from sandbox import (
    bench_api,
    bench_gate,
    bench_pages,
    cds_routes,
    draft_routes,
    fhir_routes,
    health,
    ledger_routes,
    oauth_routes,
    pages,
    trap_routes,
)
from sandbox.errors import RedirectRefused, SignInNeeded
from sandbox.services import SandboxServices

_STATUS = {
    "sandbox.redirect_refused": 400,
    "sandbox.fault_unknown": 400,
    "sandbox.switch_unknown": 400,
}
_TEXTS = {
    400: ("The app's request cannot be served", "Close the app and start it again from the chart."),
    403: ("That is not allowed", "Go back to the chart and try it from there."),
    404: ("There is nothing here", "The address leads to no patient, document or page."),
    405: ("There is nothing here", "The address does not take this kind of request."),
    413: ("That is too large", "The server does not take bodies of this size."),
}
_BUG = ("Something went wrong on our side", "Try again. If it stays, quote the reference below.")


def create_app(services: SandboxServices, settings: Settings) -> Flask:
    """Build the EHR: guard, pages, authorization server, FHIR base, fault switches."""
    app = Flask("sandbox", root_path=None, static_folder=None)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    web_guard.install(app, settings=settings, frame_ancestors=lambda: ("'self'",), program="ehr")
    bench_gate.install(app, services)
    app.register_error_handler(Exception, _failed)
    pages.mount(app, services)
    oauth_routes.mount(app, services)
    fhir_routes.mount(app, services, settings)
    cds_routes.mount(app, services)
    draft_routes.mount(app, services)
    bench_pages.mount(app, services)
    bench_api.mount(app, services, settings)
    ledger_routes.mount(app, services, settings)
    trap_routes.mount(app, services, settings)
    health.mount(app, services)
    web_guard.seal(app)
    return app


def _failed(error: Exception) -> Response:
    """The one place of this program that catches all."""
    if isinstance(error, SignInNeeded):
        following = request.full_path.rstrip("?") if request.method == "GET" else ""
        return redirect(url_for("pages.sign_in", next=following), 303)
    if isinstance(error, HTTPException):
        return _problem(error.code or 500, None)
    if kind_of(error) == "bug":
        logs.emit(
            Event.REQUEST_FAILED,
            route=request.url_rule.rule if request.url_rule is not None else "unmatched",
            exception=type(error).__name__,
            place=logs.place_of(error),
        )
        return _problem(500, None)
    status = _STATUS.get(code_of(error), HTTP_STATUS[kind_of(error)])
    rule = error.rule if isinstance(error, RedirectRefused) else None
    return _problem(status, rule)


def _problem(status: int, rule: str | None) -> Response:
    title, text = _TEXTS.get(status, _BUG)
    page = render_template(
        "problem.html",
        title=title,
        text=f"{rule[0].upper()}{rule[1:]}. {text}" if rule else text,
        reference=g.get("request_id", "") if status >= 500 else "",
        doctor=g.get("doctor"),
        csrf=g.get("csrf", ""),
    )
    return Response(page, status=status, mimetype="text/html")
