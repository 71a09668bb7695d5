"""Where foreign links, Locations and redirects of this EHR lead: it notes who brought a token.

The same server under its other name (`Places.other_url`) plays the foreign origin. A client
that comes here with credentials has leaked them, and the ledger says so.
"""

from flask import Blueprint, Flask, Response, request

from fhir_server.messages import FHIR_JSON
from runtime import clock, json_text, web_guard
from runtime.settings_schema import Settings
from sandbox import ledger_masks
from sandbox.errors import PageNotFound
from sandbox.ledger import Line
from sandbox.services import SandboxServices

PLACE = "trap"


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve everything below /sandbox/trap."""
    blueprint = Blueprint("trap", __name__)

    def fall(path: str) -> Response:
        if not settings.is_sandbox:
            raise PageNotFound
        services.ledger.note(_line(path))
        empty = {"resourceType": "Bundle", "type": "searchset", "total": 0}
        return Response(json_text.dumps(empty), content_type=FHIR_JSON)

    blueprint.add_url_rule(
        "/sandbox/trap/<path:path>", "fall", fall, methods=["GET", "POST", "PUT"]
    )
    web_guard.register(app, blueprint, policies={"fall": web_guard.PUBLIC})


def _line(path: str) -> Line:
    sent = ledger_masks.headers(request.headers.items())
    leaked = "Authorization" in request.headers or "access_token" in request.values
    return Line(
        at=clock.now(),
        place=PLACE,
        method=request.method,
        route=f"/sandbox/trap/{path.split('/', 1)[0][:40]}",
        status=200,
        milliseconds=0,
        request={"headers": sent},
        answer={"members": {"credentials": "leaked" if leaked else "none"}},
    )
