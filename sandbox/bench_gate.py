"""Stands in front of every address that an app calls: reads how the bench stands, keeps the
EHR down when it is to be down, lets faults strike on discovery and sign-in, shifts the clock,
and writes the call into the ledger.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, g, request

from runtime import clock, json_text
from runtime.errors import JsonTextError
from sandbox import fault_effects, faults, ledger_masks
from sandbox.bench import BenchState
from sandbox.faults import Fault, Place
from sandbox.ledger import Line
from sandbox.services import SandboxServices

_TOKEN_PATHS = frozenset({"/auth/token", "/auth/introspect", "/auth/revoke"})
_CONFIG_PATHS = frozenset(
    {"/auth/jwks", "/auth/.well-known/openid-configuration", "/smart-style.json"}
)
_LARGEST_SHOWN = 20_000
_DOWN = b"<!doctype html><title>Maintenance</title><p>The EHR is down for maintenance."


def install(app: Flask, services: SandboxServices) -> None:
    """Put the gate in front of the EHR's interface; its own pages stay as they are."""
    app.before_request(lambda: _before(services))
    app.after_request(lambda response: _after(services, response))
    app.wsgi_app = _own_date(app.wsgi_app)  # type: ignore[method-assign,assignment]


def place_of(path: str) -> Place | None:
    """Return which part of the EHR's interface a path belongs to; None for pages."""
    if path in _TOKEN_PATHS:
        return "token"
    if path == "/auth/authorize":
        return "auth"
    if path in _CONFIG_PATHS or path.startswith("/fhir/.well-known/"):
        return "config"
    return "fhir" if path == "/fhir" or path.startswith("/fhir/") else None


def state(services: SandboxServices) -> BenchState:
    """Return how the bench stands, read once per request."""
    if "bench" not in g:
        with services.database.read() as session:
            g.bench = services.bench(session)
            g.any_fault = faults.any_armed(session)
    found: BenchState = g.bench
    return found


def strike(
    services: SandboxServices, *, place: Place, method: str, resource_type: str = ""
) -> tuple[Fault, ...]:
    """Count this request against the armed faults; returns those that strike now."""
    state(services)
    if not g.any_fault:
        return ()
    with services.database.transaction() as session:
        return faults.strike(session, place=place, method=method, resource_type=resource_type)


def _before(services: SandboxServices) -> Response | None:
    place = place_of(request.path)
    if place is None:
        return None
    if state(services).manners.down:
        return Response(_DOWN, status=503, mimetype="text/html")
    if place not in ("config", "auth") or request.method == "OPTIONS":
        return None
    speech: fault_effects.Speech = "oauth" if place == "config" else "page"
    for fault in strike(services, place=place, method=request.method):
        early = fault_effects.early(fault, services.places, speech)
        if early is not None:
            return Response(
                early.body,
                status=early.status,
                headers=early.headers,
                content_type=early.content_type,
            )
    return None


def _after(services: SandboxServices, response: Response) -> Response:
    place = place_of(request.path)
    if place is None:
        return response
    shift = state(services).manners.clock_shift_seconds
    if shift:
        moment = clock.now() + timedelta(seconds=shift)
        response.headers["Date"] = format_datetime(moment, usegmt=True)
    if request.method != "OPTIONS":
        services.ledger.note(_line(place, response))
    return response


def _line(place: Place, response: Response) -> Line:
    route, kind = request.path, ""
    if place == "fhir":
        route, kind = ledger_masks.fhir_route(request.path.removeprefix("/fhir"))
    return Line(
        at=clock.now(),
        place=place,
        method=request.method,
        route=route,
        resource_type=kind,
        status=response.status_code,
        milliseconds=round((clock.monotonic() - g.get("began", clock.monotonic())) * 1000),
        client_id=g.get("ledger_client", ""),
        scopes=g.get("ledger_scopes", ""),
        request={
            "headers": ledger_masks.headers(request.headers.items()),
            "query": ledger_masks.parameters(request.args.items(multi=True)),
            "form": ledger_masks.parameters(request.form.items(multi=True)),
            "content_type": request.mimetype,
            "bytes": request.content_length or 0,
        },
        answer={
            "headers": ledger_masks.headers(response.headers.items()),
            "content_type": response.mimetype or "",
            "bytes": response.content_length or 0,
            "members": _members(response),
            "leads_to": ledger_masks.MASK if "Location" in response.headers else "",
        },
    )


def _members(response: Response) -> dict[str, Any]:  # Any: JSON
    """Look into small JSON answers: what a large one holds is chart, and of no interest here."""
    size = response.content_length or 0
    if response.is_streamed or not response.is_json or not 0 < size <= _LARGEST_SHOWN:
        return {}
    try:
        return ledger_masks.members(json_text.loads(response.get_data()))
    except JsonTextError:
        return {"not": "readable JSON"}


def _own_date(serve: WSGIApplication) -> WSGIApplication:
    """Let a Date header of ours go out under gunicorn, which drops it and writes its own."""

    def served(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            for name, value in headers:
                if name == "Date":
                    _replace_date(start_response, value)
            return start_response(status, headers, *more)

        return serve(environ, started)

    return served


def _replace_date(start_response: StartResponse, value: str) -> None:
    writer = getattr(start_response, "__self__", None)
    lines: Callable[[], list[str]] | None = getattr(writer, "default_headers", None)
    if writer is not None and lines is not None:
        writer.default_headers = lambda: [
            f"Date: {value}\r\n" if one.startswith("Date:") else one for one in lines()
        ]
