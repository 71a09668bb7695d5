"""The door to the fault switches: sandbox mode only, behind a secret from the settings."""

import hmac

from flask import Blueprint, Flask, Response, jsonify, request

from runtime import json_text, web_guard
from runtime.settings_schema import Settings
from sandbox import faults
from sandbox.errors import FaultDoorClosed, FaultUnknown
from sandbox.fhir_routes import bearer_of
from sandbox.services import SandboxServices

_FIELDS = frozenset(faults.Fault.__dataclass_fields__)


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve GET, POST and DELETE on /sandbox/faults."""
    blueprint = Blueprint("switches", __name__)

    def policy() -> None:
        presented = bearer_of(request.headers.get("Authorization")) or ""
        secret = settings.ehr_fault_secret
        if not settings.is_sandbox or not secret:
            raise FaultDoorClosed
        if not hmac.compare_digest(presented.encode(), secret.encode()):
            raise FaultDoorClosed

    @blueprint.get("/sandbox/faults")
    def show() -> Response:
        with services.database.read() as session:
            return _shown(faults.listed(session))

    @blueprint.post("/sandbox/faults")
    def arm() -> Response:
        wanted = json_text.loads(request.get_data(), max_bytes=10_000)
        rules = [_fault(rule) for rule in (wanted if isinstance(wanted, list) else [wanted])]
        with services.database.transaction() as session:
            faults.arm(session, rules)
            return _shown(faults.listed(session))

    @blueprint.delete("/sandbox/faults")
    def clear() -> Response:
        with services.database.transaction() as session:
            left = faults.clear(session)
        return jsonify({"cleared": left})

    web_guard.register(app, blueprint, policies={"show": policy, "arm": policy, "clear": policy})


def _shown(rules: tuple[faults.Fault, ...]) -> Response:
    return jsonify([{name: getattr(rule, name) for name in sorted(_FIELDS)} for rule in rules])


def _fault(rule: object) -> faults.Fault:
    if not isinstance(rule, dict) or not set(rule) <= _FIELDS or "effect" not in rule:
        raise FaultUnknown(field="name")
    for name in ("times", "every", "milliseconds"):
        if not isinstance(rule.get(name, 1), int):
            raise FaultUnknown(field=name)
    return faults.Fault(**rule)
