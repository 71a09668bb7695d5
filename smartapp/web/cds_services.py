"""The CDS Hooks service: discovery, the hooks, feedback. JSON in, JSON out, errors included.

Every call is one EHR's, proven by its bearer token; a refused call learns no reason.

Spec: CDS Hooks 2.0; rows H1-H9 of our checklist
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from launch.cds_hooks.cards import Card, ServiceDescription
from launch.cds_hooks.client_keys import keys_through
from launch.cds_hooks.client_trust import ClientTrust
from launch.cds_hooks.errors import CallerRefused, HookError, HooksClosed, ServiceUnknown
from launch.cds_hooks.request_schema import read_call, read_feedback
from launch.ports import Site
from launch.site_gate import closed_because
from runtime import clock, json_text, logs, web_guard
from runtime.errors import HTTP_STATUS, ISSUE_TYPE, code_of, kind_of
from runtime.log_events import Event
from runtime.settings_schema import Settings
from smartapp.gateway.services import GatewayServices
from smartapp.hooks.desk import HookDesk
from smartapp.hooks.feedback import take_feedback
from smartapp.hooks.offered import SERVICES
from smartapp.store.replays import Replays

SOURCE: Final = "Confer"
_BASE = "/cds-services"
_STATUS = {"hooks.request_invalid": 400, "hooks.data_missing": 412}
_WORDS = {
    "hooks.caller_refused": "The call does not prove that it comes from a registered EHR.",
    "hooks.closed": "Confer is switched off for this EHR.",
    "hooks.service_unknown": "There is no service of this id.",
    "hooks.request_invalid": "The body is not what CDS Hooks says.",
    "hooks.foreign_server": "fhirServer is not the one that is registered for this EHR.",
    "hooks.data_missing": "The data was neither sent along nor readable with the token.",
}


def mount(app: Flask, services: GatewayServices, settings: Settings) -> None:
    """Serve the routes; each call proves its EHR, only a browser's preflight cannot."""
    routes = HookRoutes(services, settings)
    blueprint = Blueprint("cds", __name__)
    rules = (
        ("", "discovery", routes.discovery, "GET"),
        ("/<service_id>", "call", routes.call, "POST"),
        ("/<service_id>/feedback", "feedback", routes.feedback, "POST"),
    )
    for path, name, view, method in rules:
        blueprint.add_url_rule(
            f"{_BASE}{path}", name, view, methods=[method], provide_automatic_options=False
        )
        blueprint.add_url_rule(f"{_BASE}{path}", "preflight", routes.preflight, methods=["OPTIONS"])
    blueprint.after_request(routes.share)
    blueprint.register_error_handler(Exception, _refusal)
    policies = {name: routes.called_by_ehr for _, name, _, _ in rules}
    web_guard.register(app, blueprint, policies={**policies, "preflight": web_guard.PUBLIC})


class HookRoutes:
    """The views and their access policy."""

    def __init__(self, services: GatewayServices, settings: Settings) -> None:
        """Put together what calls are checked against and answered with."""
        self._services = services
        self._url = settings.gateway_url
        self._trust = ClientTrust(
            sites=services.sites,
            keys=keys_through(services.hook_calls or services.smart.outbound),
            replays=Replays(services.database),
        )
        self._desk = HookDesk(
            services=services,
            outbound=services.hook_calls,
            launch_url=f"{settings.gateway_url}/launch",
        )

    def called_by_ehr(self) -> None:
        """Let in one registered EHR whose site is not switched off; its token is used up."""
        site = self._trust.caller(
            request.headers.get("Authorization"), url=f"{self._url}{request.path}"
        )
        g.hook_site = site
        if closed_because(site, clock.now()) == "disabled":
            raise HooksClosed(reason="disabled", site_id=site.site_id)

    def discovery(self) -> Response:
        """The services of this gateway."""
        return _json({"services": [service.to_json() for service in SERVICES.values()]})

    def call(self, service_id: str) -> Response:
        """The cards of one hook call; none outside the site's hours."""
        service, site = _service(service_id), _site()
        asked = read_call(request.get_data(cache=False), hook=service.hook)
        cards: tuple[Card, ...] = ()
        if closed_because(site, clock.now()) is None:
            cards = self._desk.cards(site, service, asked)
        logs.emit(
            Event.HOOK_ANSWERED,
            site=site.site_id,
            service=service.service_id,
            cards=len(cards),
        )
        return _json(
            {"cards": [card.to_json(source=SOURCE, source_url=self._url) for card in cards]}
        )

    def feedback(self, service_id: str) -> Response:
        """Count what became of cards; the same word twice counts once."""
        service = _service(service_id)
        said = read_feedback(request.get_data(cache=False))
        take_feedback(self._services, _site(), service, said)
        return _json({})

    def preflight(self, service_id: str = "") -> Response:  # noqa: ARG002 - a part of the path
        """Answer a browser that asks whether it may call; `share` says so to registered pages."""
        return Response(status=204)

    def share(self, response: Response) -> Response:
        """Let pages of registered origins read the answer."""
        origin = request.headers.get("Origin")
        response.vary.add("Origin")
        if origin is not None and origin in self._browser_origins():
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
        return response

    def _browser_origins(self) -> frozenset[str]:
        calling: Site | None = g.get("hook_site")
        sites = [calling] if calling is not None else self._services.sites.every()
        return frozenset(
            origin
            for site in sites
            if site.enabled and site.cds_client is not None
            for origin in site.cds_client.browser_origins
        )


def _site() -> Site:
    found: Site = g.hook_site
    return found


def _service(service_id: str) -> ServiceDescription:
    service = SERVICES.get(service_id)
    if service is None:
        raise ServiceUnknown
    return service


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json_text.dumps(dict(body)), status=status, content_type="application/json")


def _refusal(error: Exception) -> Response:
    """Answer any error as an OperationOutcome: what sort of fault, never a value."""
    if isinstance(error, HTTPException):
        return _outcome(error.code or 500, "exception", "")
    kind, code = kind_of(error), code_of(error)
    if isinstance(error, HookError):
        logs.emit(Event.HOOK_REFUSED, site=error.site_id or "", code=code, reason=error.reason)
    elif kind == "bug":
        logs.emit(
            Event.REQUEST_FAILED,
            route=str(request.url_rule or ""),
            exception=type(error).__name__,
            place=logs.place_of(error),
        )
    words = _WORDS.get(code, "")
    if code == "hooks.request_invalid" and isinstance(error, HookError):
        words = f"{words} See: {error.reason}."
    response = _outcome(_STATUS.get(code, HTTP_STATUS[kind]), ISSUE_TYPE[kind], words)
    if isinstance(error, CallerRefused):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _outcome(status: int, issue: str, words: str) -> Response:
    fault: dict[str, Any] = {"severity": "error", "code": issue}
    if words:
        fault["details"] = {"text": words}
    return _json({"resourceType": "OperationOutcome", "issue": [fault]}, status)
