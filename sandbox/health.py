"""Whether the simulated EHR is up, and whether it can do its work."""

from flask import Blueprint, Flask, Response

from runtime import json_text, readiness, web_guard
from runtime.web_guard import PUBLIC
from sandbox.services import SandboxServices


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve GET /health (the process answers) and GET /ready (the database does, too)."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/health")
    def health() -> Response:
        return _answer(200, {"status": "up"})

    @blueprint.get("/ready")
    def ready() -> Response:
        results = readiness.run({"database": lambda: readiness.database_answers(services.database)})
        failed = [one.name for one in results if not one.ok]
        if failed:
            return _answer(503, {"status": "not ready", "failed": failed})
        return _answer(200, {"status": "ready"})

    web_guard.register(app, blueprint, policies={"health": PUBLIC, "ready": PUBLIC})


def _answer(status: int, body: object) -> Response:
    return Response(json_text.dumps(body), status=status, content_type="application/json")
