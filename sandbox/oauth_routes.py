"""The authorization server over HTTP: authorize, token, introspect, revoke, discovery.

Spec: SMART App Launch 2.2.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, jsonify, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from runtime import clock, signing_keys, web_guard
from sandbox import (
    authorize,
    bench_gate,
    client_auth,
    clients,
    discovery,
    fault_effects,
    grants,
    token_service,
    token_status,
)
from sandbox.clients import Client
from sandbox.errors import ClientUnknown, OAuthRefused, RedirectRefused
from sandbox.faults import Fault
from sandbox.fhir_routes import bearer_of
from sandbox.manners import Manners
from sandbox.services import KEY_PURPOSE, SandboxServices
from sandbox.token_service import TokenCall, TokenDesk

_FORM = "application/x-www-form-urlencoded"
_HTML = "<!doctype html><title>Welcome</title><p>This address has a page and no configuration."
_PATIENT_CONTEXT = frozenset({"patient", "encounter", "need_patient_banner"})


def mount(app: Flask, services: SandboxServices) -> None:
    """Serve the authorization server and the discovery documents."""
    blueprint = Blueprint("oauth", __name__)
    views = OAuthViews(services)
    rules: tuple[tuple[str, str, Callable[..., AnyResponse], tuple[str, ...]], ...] = (
        ("/auth/authorize", "authorize", views.authorize, ("GET", "POST")),
        ("/auth/token", "token", views.token, ("POST", "OPTIONS")),
        ("/auth/introspect", "introspect", views.introspect, ("POST",)),
        ("/auth/revoke", "revoke", views.revoke, ("POST",)),
        ("/auth/jwks", "jwks", views.jwks, ("GET",)),
        ("/auth/.well-known/openid-configuration", "openid", views.openid, ("GET",)),
        ("/fhir/.well-known/smart-configuration", "smart", views.smart, ("GET", "OPTIONS")),
        ("/smart-style.json", "style", views.style, ("GET",)),
    )
    for rule, name, view, methods in rules:
        blueprint.add_url_rule(
            rule, name, view, methods=list(methods), provide_automatic_options=False
        )
    web_guard.register(app, blueprint, policies={name: web_guard.PUBLIC for _, name, _, _ in rules})


class OAuthViews:
    """The views of the authorization server; public by nature, each proves its caller itself."""

    def __init__(self, services: SandboxServices) -> None:
        """Keep the services."""
        self._services = services

    @property
    def _manners(self) -> Manners:
        return bench_gate.state(self._services).manners

    def authorize(self) -> AnyResponse:
        """Check an authorization request; send a code, a refusal, or ask who is there."""
        pairs = request.form if request.method == "POST" else request.args
        parameters = authorize.single(tuple(pairs.items(multi=True)))
        with self._services.database.read() as session:
            asked = authorize.identify(session, parameters)
        try:
            checked = authorize.check(asked, parameters, self._services.places, self._manners)
            with self._services.database.transaction() as session:
                if not checked.launch:
                    handle = authorize.park(session, checked, clock.now())
                    return redirect(url_for("pages.choose", handle=handle), 303)
                address = authorize.grant_launch(session, checked, clock.now())
        except OAuthRefused as refused:
            address = authorize.refusal(asked, refused)
        issuer = discovery.endpoints(self._services.places, self._manners).issuer
        posted = request.method == "POST"
        return redirect(authorize.dressed(address, self._manners, issuer, posted=posted), 303)

    def token(self) -> AnyResponse:
        """Exchange a code, a refresh token or an assertion for tokens."""
        if request.method == "OPTIONS":
            return self._cors(Response(status=204))
        struck = bench_gate.strike(self._services, place="token", method="POST")
        refused_at_once = _simulated(struck, self._services)
        if refused_at_once is not None:
            return refused_at_once
        try:
            body, status = self._token_answer()
        except OAuthRefused as refused:
            body, status = _refusal(refused)
        if any(fault.effect == "no_patient" for fault in struck):
            body = {name: value for name, value in body.items() if name not in _PATIENT_CONTEXT}
        if self._manners.refresh == "refused_403" and body.get("error") == "invalid_grant":
            status = 403
        answered = self._cors(_json(body, status))
        return _late(struck, answered)

    def _token_answer(self) -> tuple[dict[str, Any], int]:  # Any: JSON
        form = _form()
        if self._manners.client_login == "invalid_client":
            raise ClientUnknown(rule="a switch of the test bench")
        services = self._services
        with services.database.transaction() as session:
            client = self._client(session, form)
            g.ledger_client = client.client_id
            desk = TokenDesk(
                places=services.places,
                signing_key=services.signing_key(session),
                engine=services.engine,
                manners=self._manners,
            )
            call = TokenCall(session=session, client=client, form=form, now=clock.now())
            answered = token_service.answer(desk, call)
        if isinstance(answered, OAuthRefused):
            return _refusal(answered)
        g.ledger_scopes = str(answered.get("scope", ""))
        return answered, 200

    def introspect(self) -> AnyResponse:
        """Say whether a token is alive, to the client it belongs to."""
        try:
            form = _form()
            with self._services.database.transaction() as session:
                client = self._client_or_bearer(session, form)
                body = token_status.introspect(
                    session,
                    form.get("token", ""),
                    client=client,
                    places=self._services.places,
                    now=clock.now(),
                )
        except OAuthRefused as refused:
            return _json(*_refusal(refused))
        return _json(body, 200)

    def revoke(self) -> AnyResponse:
        """End a token of the calling client, and everything of its grant."""
        try:
            form = _form()
            with self._services.database.transaction() as session:
                client = self._client(session, form)
                token_status.revoke(session, form.get("token", ""), client=client, now=clock.now())
        except OAuthRefused as refused:
            return _json(*_refusal(refused))
        return _json({}, 200)

    def jwks(self) -> AnyResponse:
        """Publish the keys of id_tokens."""
        with self._services.database.read() as session:
            keys = signing_keys.public_keys(session, KEY_PURPOSE, include_retired=False)
        return _open(jsonify({"keys": keys}))

    def openid(self) -> AnyResponse:
        """Publish the OpenID configuration."""
        if self._manners.openid_configuration == "missing":
            abort(404)
        return _open(jsonify(discovery.openid_configuration(self._services.places, self._manners)))

    def smart(self) -> AnyResponse:
        """Publish the SMART configuration."""
        if request.method == "OPTIONS":
            return _open(Response(status=204))
        state = bench_gate.state(self._services)
        if state.manners.well_known == "missing" or state.manners.authorization == "open":
            abort(404)
        if state.manners.well_known == "not_json":
            return _open(Response(_HTML, mimetype="text/html"))
        document = discovery.smart_configuration(
            self._services.places, state.dialect.capabilities, state.manners
        )
        return _open(jsonify(document))

    def style(self) -> AnyResponse:
        """Publish the SMART style."""
        return _open(jsonify(discovery.smart_style(self._manners)))

    def _client(self, session: Session, form: dict[str, str]) -> Client:
        return client_auth.authenticate(
            session,
            form,
            request.headers.get("Authorization"),
            audience=discovery.endpoints(self._services.places, self._manners).token,
            now=clock.now() + timedelta(seconds=self._manners.clock_shift_seconds),
        )

    def _client_or_bearer(self, session: Session, form: dict[str, str]) -> Client:
        token = bearer_of(request.headers.get("Authorization"))
        if token is None:
            return self._client(session, form)
        access = grants.find_access(session, token, clock.now())
        client = clients.find(session, access.granted.client_id) if access is not None else None
        if client is None:
            raise ClientUnknown(rule="the bearer token is not alive")
        return client

    def _cors(self, response: Response) -> Response:
        origin = request.headers.get("Origin")
        if origin is None:
            return response
        with self._services.database.read() as session:
            known = origin in clients.public_origins(session)
        if known:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Headers"] = "Content-Type"
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.vary.add("Origin")
        return response


def _simulated(struck: tuple[Fault, ...], services: SandboxServices) -> Response | None:
    for fault in struck:
        early = fault_effects.early(fault, services.places, "oauth")
        if early is not None:
            response = Response(
                early.body,
                status=early.status,
                headers=early.headers,
                content_type=early.content_type,
            )
            response.headers["Cache-Control"] = "no-store"
            return response
    return None


def _late(struck: tuple[Fault, ...], answered: Response) -> Response:
    """Spoil an answer that was worked out and kept: what the client hears is another matter."""
    for fault in struck:
        if fault.effect == "broken_json":
            answered.set_data(answered.get_data()[: (answered.content_length or 0) // 2])
        elif fault.effect == "drop_after":
            fault_effects.break_connection()
            return _json({"error": "server_error"}, 500)
        elif fault.effect == "commit_then_500":
            return _json({"error": "server_error"}, 500)
    return answered


def _form() -> dict[str, str]:
    if request.mimetype != _FORM or request.args:
        raise OAuthRefused(error="invalid_request", rule="a form in the body, and no query")
    try:
        return dict(authorize.single(tuple(request.form.items(multi=True))))
    except RedirectRefused as refused:
        raise OAuthRefused(error="invalid_request", rule=refused.rule) from None


def _refusal(refused: OAuthRefused) -> tuple[dict[str, Any], int]:
    body = {"error": refused.error, "error_description": refused.rule}
    return body, 401 if refused.error == "invalid_client" else 400


def _json(body: dict[str, Any], status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    if status == 401 and request.headers.get("Authorization"):
        response.headers["WWW-Authenticate"] = 'Basic realm="Plainview Chart"'
    return response


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=60"
    return response
