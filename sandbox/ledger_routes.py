"""The request ledger for programs: read, export as a trace, forget."""

from flask import Blueprint, Flask, Response, jsonify, request

from runtime import json_text, web_guard
from runtime.settings_schema import Settings
from sandbox import ledger
from sandbox.secret_door import SecretDoor
from sandbox.services import SandboxServices


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve /sandbox/ledger (JSON) and /sandbox/trace (HTTP archive)."""
    blueprint = Blueprint("ledger", __name__)
    door = SecretDoor(settings).let_in

    def show() -> Response:
        lines = services.ledger.lines(after=_number("after", 0), most=_number("most", 500))
        return jsonify([line.as_json() for line in lines])

    def clear() -> Response:
        return jsonify({"cleared": services.ledger.clear()})

    def export() -> Response:
        return trace_of(services)

    rules = (
        ("/sandbox/ledger", "show", show, "GET"),
        ("/sandbox/ledger", "clear", clear, "DELETE"),
        ("/sandbox/trace", "export", export, "GET"),
    )
    for rule, name, view, method in rules:
        blueprint.add_url_rule(rule, name, view, methods=[method])
    web_guard.register(app, blueprint, policies={name: door for _, name, _, _ in rules})


def trace_of(services: SandboxServices) -> Response:
    """Return everything in the ledger as a file that browsers' developer tools open."""
    lines = services.ledger.lines(most=ledger.KEPT)
    body = json_text.dumps(ledger.trace(lines, software=services.dialect.software))
    return Response(
        body,
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="plainview-trace.har"'},
    )


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return min(int(text), ledger.KEPT) if text.isascii() and text.isdigit() else default
