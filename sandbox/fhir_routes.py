"""Mounts the FHIR engine behind bearer tokens, with the test bench in between."""

from dataclasses import replace

from flask import Flask, Response, g, request

from fhir_server import outcomes
from fhir_server.blueprint import make_blueprint
from fhir_server.messages import FHIR_JSON, FhirAnswer, FhirRequest
from runtime import clock, web_guard
from runtime.settings_schema import Settings
from sandbox import (
    bench_gate,
    capability_manners,
    document_rules,
    fault_effects,
    fhir_answers,
    fhir_outcomes,
    fhir_requests,
    grants,
    scopes,
)
from sandbox.access import TokenCaller
from sandbox.bench import BenchState
from sandbox.errors import SimulatedFault, TokenMissing, TokenRefused
from sandbox.faults import Fault
from sandbox.pace import Pace
from sandbox.rows import AccountRow
from sandbox.services import SandboxServices

_OPEN_PATHS = frozenset({"metadata"})
_AFTER = frozenset({"commit_then_500", "drop_after", "broken_json"})
_EVERYTHING = scopes.clinical(["user/*.cruds"])


def mount(app: Flask, services: SandboxServices, settings: Settings) -> None:
    """Serve the FHIR base of this EHR."""
    desk = FhirDesk(services)
    blueprint = make_blueprint(
        services.engine,
        services.database,
        caller_of=desk.caller,
        intercept=desk.intercept,
        max_body_bytes=settings.max_body_bytes,
    )
    blueprint.after_request(_add_headers)
    web_guard.register(app, blueprint, policies={"serve": web_guard.PUBLIC}, url_prefix="/fhir")


def bearer_of(header: str | None) -> str | None:
    """Read the token of an Authorization header; None when it carries none."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


class FhirDesk:
    """Who asks, and what happens to a request on its way to the engine and back."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services
        self._pace = Pace()

    def caller(self) -> TokenCaller | None:
        """Find the grant behind the bearer token; raises TokenMissing, TokenRefused."""
        path = (request.view_args or {}).get("path", "")
        if path in _OPEN_PATHS:
            return None
        token = bearer_of(request.headers.get("Authorization"))
        if token is None and bench_gate.state(self._services).manners.authorization == "open":
            return _anybody()
        if token is None or "access_token" in request.args:
            raise TokenMissing
        with self._services.database.read() as session:
            access = grants.find_access(session, token, clock.now())
        if access is None:
            raise TokenRefused
        g.ledger_client, g.ledger_scopes = access.granted.client_id, access.scopes
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

    def intercept(self, asked: FhirRequest) -> FhirAnswer | None:
        """Answer in the engine's place where the bench says so; None leaves it to the engine."""
        state = bench_gate.state(self._services)
        struck = self._struck(asked)
        if state.is_plain and not struck:
            return None
        for fault in struck:
            answered = self._before(asked, fault)
            if answered is not None:
                return answered
        done = self._served(asked, state)
        late = [fault for fault in struck if fault.effect in _AFTER]
        return _after(late[0], done) if late else done

    def _struck(self, asked: FhirRequest) -> tuple[Fault, ...]:
        resource_type = asked.path.split("/", 1)[0]
        return bench_gate.strike(
            self._services, place="fhir", method=asked.method, resource_type=resource_type
        )

    def _before(self, asked: FhirRequest, fault: Fault) -> FhirAnswer | None:
        if fault.effect == "expire_token" and isinstance(asked.caller, TokenCaller):
            with self._services.database.transaction() as session:
                grants.expire_access(session, asked.caller.token_hash, clock.now())
            return outcomes.answer_of(TokenRefused())
        early = fault_effects.early(fault, self._services.places, "fhir")
        if early is None:
            return None
        headers = {"content-type": early.content_type, **early.headers}
        return FhirAnswer(status=early.status, headers=headers, body=early.body)

    def _served(self, asked: FhirRequest, state: BenchState) -> FhirAnswer:
        services, manners = self._services, state.manners
        engine = services.engine_of(state.dialect)
        if self._pace.is_too_fast(g.get("ledger_client", ""), manners.calls_per_second):
            return _slower()
        if asked.path == "metadata":
            return capability_manners.answer(engine, manners, services.places)
        refused = fhir_requests.refused(asked, manners)
        if refused is None and manners.strict_documents and _writes_document(asked):
            refused = self._held_to_rules(asked)
        if refused is not None:
            return refused
        done = engine.run(services.database, fhir_requests.shaped(asked, manners))
        return fhir_answers.dressed(asked, done, manners, services.places)

    def _held_to_rules(self, asked: FhirRequest) -> FhirAnswer | None:
        author = ""
        if isinstance(asked.caller, TokenCaller) and asked.caller.account_id:
            with self._services.database.read() as session:
                account = session.get(AccountRow, asked.caller.account_id)
                author = account.practitioner_id if account is not None else ""
        document = FhirAnswer(status=200, body=asked.body).content()
        return document_rules.refused(document or {}, author)


def _slower() -> FhirAnswer:
    refused = fhir_outcomes.refusal(429, fhir_outcomes.issue("throttled", "Too many calls."))
    return replace(refused, headers={**refused.headers, "retry-after": "1"})


def _anybody() -> TokenCaller:
    """Whoever calls an EHR that asks for no sign-in."""
    return TokenCaller(
        grant_id="open",
        client_id="",
        account_id="",
        patient_id="",
        encounter_id="",
        scopes=_EVERYTHING,
        token_hash="",
    )


def _writes_document(asked: FhirRequest) -> bool:
    is_document = asked.path.split("/", 1)[0] == "DocumentReference"
    return is_document and asked.method in ("POST", "PUT") and not asked.path.endswith("_search")


def _add_headers(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Plainview Chart"'
    path = (request.view_args or {}).get("path", "")
    if path in _OPEN_PATHS:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _after(fault: Fault, done: FhirAnswer) -> FhirAnswer:
    if fault.effect == "broken_json":
        half = done.body[: len(done.body) // 2]
        return FhirAnswer(status=done.status, headers={"Content-Type": FHIR_JSON}, body=half)
    if fault.effect == "drop_after":
        fault_effects.break_connection()
    refused = outcomes.answer_of(SimulatedFault())
    return FhirAnswer(
        status=500, headers=refused.headers, resource=refused.resource, body=refused.body
    )
