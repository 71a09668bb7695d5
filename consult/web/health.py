"""Is the program up, and can it do its work."""

from flask import Blueprint, Response

from consult.service.services import ConsultServices
from consult.store import probe
from runtime import json_text


def make_health_routes(services: ConsultServices) -> Blueprint:
    """Return `health` (the process answers) and `ready` (the database does, too)."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        return Response(json_text.dumps({"status": "up"}), content_type="application/json")

    @blueprint.get("/ready")
    def ready() -> Response:
        with services.reading() as unit:
            well = probe.answers(unit)
        if not well:
            body = json_text.dumps({"status": "not ready", "check": "database"})
            return Response(body, status=503, content_type="application/json")
        return Response(json_text.dumps({"status": "ready"}), content_type="application/json")

    return blueprint
