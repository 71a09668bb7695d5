"""Errors to answers: OperationOutcome on /fhir, a JSON problem elsewhere, a page at the desk.

The one place of the consult server where errors meet HTTP.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from consult.errors import ConsultError, DigestWrong, VersionStale
from exchange.issues import Issue
from fhir_server import outcomes
from fhir_server.messages import FhirAnswer
from runtime import json_text, logs
from runtime.errors import HTTP_STATUS, code_of, kind_of
from runtime.log_events import Event

PROBLEM = "application/problem+json"
_STATUS = {DigestWrong.code: 400, VersionStale.code: 412}
# The desk's pages show errors their own way; its blueprint sets this.
PageOf = Callable[[Exception, int], Response]


def status_of(error: BaseException) -> int:
    """Return the HTTP status of an error; what is not coded is 500."""
    return _STATUS.get(code_of(error), outcomes.status_of(error))


def fhir_answer(error: ConsultError) -> FhirAnswer:
    """Return the OperationOutcome of one of our errors, each broken rule as its own issue."""
    base = outcomes.answer_of(error)
    issues: tuple[Issue, ...] = getattr(error, "issues", ())
    resource: dict[str, Any] = base.resource or {}
    if issues:
        first = resource["issue"][0]
        resource = {
            **resource,
            "issue": [
                {
                    "severity": "error",
                    "code": issue.code,
                    "details": first["details"],
                    "diagnostics": issue.rule,
                    "expression": [issue.expression],
                }
                for issue in issues
            ],
        }
    return replace(base, status=status_of(error), resource=resource, body=json_text.dumps(resource))


def install(app: Flask, *, page_of: PageOf | None = None, page_prefix: str = "/desk") -> None:
    """Catch all errors of the app in one place; below `page_prefix` they become pages."""

    def answer(error: Exception) -> Response:
        status = _http_status(error)
        if kind_of(error) == "bug" and not isinstance(error, HTTPException):
            logs.emit(
                Event.REQUEST_FAILED,
                route=request.url_rule.rule if request.url_rule else "unmatched",
                exception=type(error).__name__,
                place=logs.place_of(error),
            )
        if page_of is not None and request.path.startswith(page_prefix):
            return page_of(error, status)
        return problem(error, status)

    app.register_error_handler(Exception, answer)


def problem(error: Exception, status: int) -> Response:
    """Return an RFC 9457 problem: type and title, never a value."""
    body: dict[str, Any] = {"status": status, "type": "about:blank"}
    if isinstance(error, HTTPException):
        body["title"] = error.name
    elif kind_of(error) != "bug":
        body["type"] = f"urn:confer:error-code:{code_of(error)}"
        body["title"] = (type(error).__doc__ or "").strip().split("\n", 1)[0]
        point = getattr(error, "point", None)
        if isinstance(point, str):
            body["point"] = point
    response = Response(json_text.dumps(body), status=status, content_type=PROBLEM)
    retry_after = getattr(error, "retry_after", None)
    if isinstance(retry_after, int):
        response.headers["Retry-After"] = str(retry_after)
    if status == HTTP_STATUS["unauthenticated"]:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _http_status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.code or 500
    return status_of(error)
