"""Whether the program is up, and whether it can do its work."""

from flask import Blueprint, Response

from runtime import json_text, readiness
from runtime.tables import RuntimeBase
from smartapp.store.rows import SmartAppBase
from smartapp.web import session

pages = Blueprint("health", __name__)
VIEWS = ("health", "ready")


@pages.get("/health")
def health() -> Response:
    """The process answers."""
    return _answer(200, {"status": "up"})


@pages.get("/ready")
def ready() -> Response:
    """The process answers, its database takes a transaction and has this release's tables."""
    database = session.services().database
    results = readiness.run(
        {
            "database": lambda: readiness.database_answers(database),
            "tables": lambda: readiness.tables_exist(
                database, RuntimeBase.metadata, SmartAppBase.metadata
            ),
        }
    )
    failed = [one.name for one in results if not one.ok]
    if failed:
        return _answer(503, {"status": "not ready", "failed": failed})
    return _answer(200, {"status": "ready"})


def _answer(status: int, body: object) -> Response:
    return Response(json_text.dumps(body), status=status, content_type="application/json")
