"""HTTP in, HTTP out: the only Flask file of the engine.

Mount it with `url_prefix` equal to the path of the FHIR base. It has one endpoint, `serve`,
and answers FHIR JSON to everything below that path, whatever goes wrong.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from fhir_server import outcomes
from fhir_server.engine import FhirEngine
from fhir_server.errors import BodyTooLarge, BodyUnreadable
from fhir_server.messages import FhirAnswer, FhirRequest
from runtime import logs
from runtime.database import Database
from runtime.errors import kind_of
from runtime.log_events import Event

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# Every Flask route of the engine, for logs: the path itself may name a patient.
ROUTE_LABEL = "fhir"


def make_blueprint(
    engine: FhirEngine,
    database: Database,
    *,
    caller_of: Callable[[], Any],
    intercept: Callable[[FhirRequest], FhirAnswer | None] | None = None,
    max_body_bytes: int = 20_000_000,
) -> Blueprint:
    """Return the FHIR routes.

    `caller_of` names who asks, from Flask's request, or raises a coded error.
    `intercept` may answer a request in the engine's place; None leaves it to the engine.
    """
    blueprint = Blueprint("fhir", __name__)

    def serve(path: str = "") -> Response:
        asked = _request(path, caller_of, max_body_bytes)
        answered = intercept(asked) if intercept is not None else None
        return _response(answered if answered is not None else engine.run(database, asked))

    for rule in ("/", "/<path:path>"):
        blueprint.add_url_rule(
            rule,
            endpoint="serve",
            view_func=serve,
            methods=_METHODS,
            provide_automatic_options=False,
            strict_slashes=False,
        )
    blueprint.register_error_handler(Exception, _failed)
    return blueprint


def _request(path: str, caller_of: Callable[[], Any], max_body_bytes: int) -> FhirRequest:
    length = request.content_length
    if length is not None and length > max_body_bytes:
        raise BodyTooLarge()
    request.max_content_length = max_body_bytes
    return FhirRequest(
        method=request.method,
        path=path,
        query=tuple(request.args.items(multi=True)),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.get_data(cache=False),
        caller=caller_of(),
    )


def _response(answer: FhirAnswer) -> Response:
    response = Response(answer.body, status=answer.status)
    # Flask's default is text/html; a body-less answer names no type at all.
    del response.headers["Content-Type"]
    for name, value in answer.headers.items():
        response.headers[name] = value
    return response


def _failed(error: Exception) -> Response:
    """The one place of the engine that catches all: a FHIR client always gets FHIR JSON."""
    if isinstance(error, HTTPException):
        return _response(outcomes.answer_of(_translated(error)))
    if kind_of(error) == "bug":
        logs.emit(
            Event.REQUEST_FAILED,
            route=ROUTE_LABEL,
            exception=type(error).__name__,
            place=logs.place_of(error),
        )
    return _response(outcomes.answer_of(error))


def _translated(error: HTTPException) -> Exception:
    return BodyTooLarge() if error.code == 413 else BodyUnreadable()
