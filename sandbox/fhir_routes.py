"""Mounts the FHIR engine behind bearer tokens, with the fault switches in between."""

import socket
from collections.abc import Callable

from flask import Flask, Response, request

from fhir_server import outcomes
from fhir_server.blueprint import make_blueprint
from fhir_server.messages import FHIR_JSON, FhirAnswer, FhirRequest
from runtime import clock, web_guard
from runtime.settings_schema import Settings
from sandbox import faults, grants, scopes
from sandbox.access import TokenCaller
from sandbox.errors import SimulatedFault, TokenMissing, TokenRefused
from sandbox.faults import Fault
from sandbox.services import SandboxServices

_OPEN_PATHS = frozenset({"metadata"})
_AFTER = frozenset({"commit_then_500", "drop_after", "broken_json"})


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve the FHIR base of this EHR."""
    blueprint = make_blueprint(
        services.engine,
        services.database,
        caller_of=lambda: _caller(services),
        intercept=lambda asked: _intercept(services, asked),
        max_body_bytes=settings.max_body_bytes,
    )
    blueprint.after_request(_add_headers)
    web_guard.register(app, blueprint, policies={"serve": web_guard.PUBLIC}, url_prefix="/fhir")


def bearer_of(header: str | None) -> str | None:
    """Read the token of an Authorization header; None when it carries none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _caller(services: SandboxServices) -> TokenCaller | None:
    path = (request.view_args or {}).get("path", "")
    if path in _OPEN_PATHS:
        return None
    token = bearer_of(request.headers.get("Authorization"))
    if token is None or "access_token" in request.args:
        raise TokenMissing
    with services.database.read() as session:
        access = grants.find_access(session, token, clock.now())
    if access is None:
        raise TokenRefused
    context = access.granted.context
    return TokenCaller(
        grant_id=access.granted.grant_id,
        client_id=access.granted.client_id,
        account_id=context.account_id,
        patient_id=context.patient_id,
        encounter_id=context.encounter_id,
        scopes=scopes.clinical(scopes.split(access.scopes)),
        token_hash=access.token_hash,
    )


def _add_headers(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Plainview Chart"'
    path = (request.view_args or {}).get("path", "")
    if path in _OPEN_PATHS:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _intercept(services: SandboxServices, asked: FhirRequest) -> FhirAnswer | None:
    struck = _struck(services, asked)
    if not struck:
        return None
    for fault in struck:
        early = _BEFORE.get(fault.effect)
        answered = early(services, asked, fault) if early is not None else None
        if answered is not None:
            return answered
    late = [fault for fault in struck if fault.effect in _AFTER]
    if not late:
        return None
    done = services.engine.run(services.database, asked)
    return _after(late[0], done)


def _struck(services: SandboxServices, asked: FhirRequest) -> tuple[Fault, ...]:
    with services.database.read() as session:
        if not faults.any_armed(session):
            return ()
    resource_type = asked.path.split("/", 1)[0]
    with services.database.transaction() as session:
        return faults.strike(
            session, place="fhir", method=asked.method, resource_type=resource_type
        )


def _refused(status: int, **headers: str) -> FhirAnswer:
    answered = outcomes.answer_of(SimulatedFault())
    return FhirAnswer(
        status=status,
        headers={**answered.headers, **headers},
        resource=answered.resource,
        body=answered.body,
    )


def _late(_: SandboxServices, __: FhirRequest, fault: Fault) -> None:
    clock.sleep(fault.milliseconds / 1000)


def _time_out(_: SandboxServices, __: FhirRequest, fault: Fault) -> FhirAnswer:
    clock.sleep(fault.milliseconds / 1000)
    return _refused(504)


def _throttle(_: SandboxServices, __: FhirRequest, fault: Fault) -> FhirAnswer:
    seconds = max(1, fault.milliseconds // 1000)
    return _refused(429, **{"Retry-After": str(seconds)})


def _expire(services: SandboxServices, asked: FhirRequest, _: Fault) -> FhirAnswer | None:
    if not isinstance(asked.caller, TokenCaller):
        return None
    with services.database.transaction() as session:
        grants.expire_access(session, asked.caller.token_hash, clock.now())
    return outcomes.answer_of(TokenRefused())


def _drop(*_: object) -> FhirAnswer:
    break_connection()
    return _refused(500)


_BEFORE: dict[str, Callable[[SandboxServices, FhirRequest, Fault], FhirAnswer | None]] = {
    "latency": _late,
    "timeout": _time_out,
    "throttle": _throttle,
    "expire_token": _expire,
    "error_500": lambda *_: _refused(500),
    "drop_before": _drop,
}


def _after(fault: Fault, done: FhirAnswer) -> FhirAnswer:
    if fault.effect == "broken_json":
        half = done.body[: len(done.body) // 2]
        return FhirAnswer(status=done.status, headers={"Content-Type": FHIR_JSON}, body=half)
    if fault.effect == "drop_after":
        break_connection()
    return _refused(500)


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
