"""What a fault does before anything is done: wait, refuse, answer nonsense, hang up."""

import socket
from dataclasses import dataclass, field
from typing import Literal

from flask import request

from fhir_server import outcomes
from fhir_server.messages import FHIR_JSON
from runtime import clock, json_text
from sandbox import fhir_outcomes
from sandbox.errors import SimulatedFault
from sandbox.faults import Effect, Fault
from sandbox.places import Places

Speech = Literal["fhir", "oauth", "page"]
_WAITS = frozenset({"latency", "timeout"})
_STATUS: dict[Effect, int] = {
    "error_500": 500,
    "timeout": 504,
    "throttle": 429,
    "unavailable": 503,
    "forbidden": 403,
    "not_found": 404,
    "bad_request": 400,
    "policy": 403,
    "drop_before": 500,
    "invalid_client": 401,
    "invalid_grant": 400,
}
_HTML = b"<!doctype html><title>Sign in</title><p>Please sign in to the hospital's network."
# The code with which Epic says: break-the-glass, a rule of the hospital.
POLICY_CODE = "4130"


@dataclass(frozen=True, kw_only=True)
class Early:
    """An answer in the place of the right one."""

    status: int
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


def early(fault: Fault, places: Places, speech: Speech) -> Early | None:
    """Let a fault strike; None when the request goes on (perhaps later than it came)."""
    if fault.effect in _WAITS:
        clock.sleep(fault.milliseconds / 1000)
    if fault.effect == "html_page":
        return Early(status=200, content_type="text/html", body=_HTML)
    if fault.effect == "empty_body":
        return Early(status=200, content_type=_type(speech))
    if fault.effect == "redirect":
        return Early(
            status=307, content_type="text/html", headers={"Location": f"{places.trap}/redirect"}
        )
    if fault.effect == "outcome_in_200":
        return Early(status=200, content_type=FHIR_JSON, body=_outcome(fault))
    status = _STATUS.get(fault.effect)
    if status is None:
        return None
    if fault.effect == "drop_before":
        break_connection()
    return Early(
        status=status,
        content_type=_type(speech),
        headers=_headers(fault),
        body=_body(fault, speech),
    )


def _type(speech: Speech) -> str:
    return {"fhir": FHIR_JSON, "oauth": "application/json", "page": "text/html"}[speech]


def _headers(fault: Fault) -> dict[str, str]:
    if fault.effect == "throttle" or (fault.effect == "unavailable" and fault.milliseconds):
        return {"Retry-After": str(max(1, fault.milliseconds // 1000))}
    return {}


def _body(fault: Fault, speech: Speech) -> bytes:
    if speech == "fhir":
        return _outcome(fault)
    if speech == "page":
        return b"<!doctype html><title>Fault</title><p>A switch of the test bench struck."
    known = fault.effect if fault.effect.startswith("invalid_") else "server_error"
    return json_text.dumps({"error": known})


def _outcome(fault: Fault) -> bytes:
    if fault.effect == "policy":
        issue = fhir_outcomes.issue(
            "security", "A rule of the hospital hides this.", vendor_code=POLICY_CODE
        )
        return json_text.dumps(fhir_outcomes.outcome(issue))
    return outcomes.answer_of(SimulatedFault()).body


def break_connection() -> None:
    """Cut the client's socket, so that it sees no answer at all (gunicorn, Werkzeug).

    Without a socket, as under a test client, the caller's 500 goes out instead.
    """
    for name in ("gunicorn.socket", "werkzeug.socket"):
        found = request.environ.get(name)
        if isinstance(found, socket.socket):
            try:
                found.shutdown(socket.SHUT_RDWR)
            except OSError:
                return
