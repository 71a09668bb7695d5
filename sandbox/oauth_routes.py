"""The authorization server over HTTP: authorize, token, introspect, revoke, discovery.

Spec: SMART App Launch 2.2.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from runtime import clock, signing_keys, web_guard
from sandbox import (
    authorize,
    client_auth,
    clients,
    discovery,
    faults,
    grants,
    token_service,
    token_status,
)
from sandbox.clients import Client
from sandbox.errors import ClientUnknown, OAuthRefused, RedirectRefused
from sandbox.faults import Fault
from sandbox.fhir_routes import bearer_of
from sandbox.services import KEY_PURPOSE, SandboxServices
from sandbox.token_service import TokenCall, TokenDesk

_FORM = "application/x-www-form-urlencoded"
# Faults after which the request is still answered as asked, or nearly.
_ANSWERED = frozenset({"latency", "no_patient"})
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
        self._desk = TokenDesk(places=services.places, signing_key=services.signing_key)

    def authorize(self) -> AnyResponse:
        """Check an authorization request; send a code, a refusal, or ask who is there."""
        pairs = request.form if request.method == "POST" else request.args
        parameters = authorize.single(tuple(pairs.items(multi=True)))
        with self._services.database.read() as session:
            asked = authorize.identify(session, parameters)
        try:
            checked = authorize.check(asked, parameters, self._services.places)
            with self._services.database.transaction() as session:
                if checked.launch:
                    address = authorize.grant_launch(session, checked, clock.now())
                else:
                    handle = authorize.park(session, checked, clock.now())
                    address = url_for("pages.choose", handle=handle)
        except OAuthRefused as refused:
            address = authorize.refusal(asked, refused)
        return redirect(address, 303)

    def token(self) -> AnyResponse:
        """Exchange a code, a refresh token or an assertion for tokens."""
        if request.method == "OPTIONS":
            return self._cors(Response(status=204))
        struck = self._struck()
        refused_at_once = _simulated(struck)
        if refused_at_once is not None:
            return refused_at_once
        try:
            body, status = self._token_answer()
        except OAuthRefused as refused:
            body, status = _refusal(refused)
        if any(fault.effect == "no_patient" for fault in struck):
            body = {name: value for name, value in body.items() if name not in _PATIENT_CONTEXT}
        return self._cors(_json(body, status))

    def _token_answer(self) -> tuple[dict[str, Any], int]:  # Any: JSON
        form = _form()
        with self._services.database.transaction() as session:
            client = self._client(session, form)
            call = TokenCall(session=session, client=client, form=form, now=clock.now())
            answered = token_service.answer(self._desk, call)
        if isinstance(answered, OAuthRefused):
            return _refusal(answered)
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
            keys = signing_keys.public_keys(session, KEY_PURPOSE)
        return _open(jsonify({"keys": keys}))

    def openid(self) -> AnyResponse:
        """Publish the OpenID configuration."""
        return _open(jsonify(discovery.openid_configuration(self._services.places)))

    def smart(self) -> AnyResponse:
        """Publish the SMART configuration."""
        if request.method == "OPTIONS":
            return _open(Response(status=204))
        document = discovery.smart_configuration(
            self._services.places, self._services.dialect.capabilities
        )
        return _open(jsonify(document))

    def style(self) -> AnyResponse:
        """Publish the SMART style."""
        return _open(jsonify(discovery.smart_style()))

    def _client(self, session: Session, form: dict[str, str]) -> Client:
        return client_auth.authenticate(
            session,
            form,
            request.headers.get("Authorization"),
            audience=self._services.places.token,
            now=clock.now(),
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

    def _struck(self) -> tuple[Fault, ...]:
        with self._services.database.read() as session:
            if not faults.any_armed(session):
                return ()
        with self._services.database.transaction() as session:
            return faults.strike(session, place="token", method="POST", resource_type="")


def _simulated(struck: tuple[Fault, ...]) -> Response | None:
    for fault in struck:
        clock.sleep(fault.milliseconds / 1000)
        if fault.effect not in _ANSWERED:
            status = 429 if fault.effect == "throttle" else 500
            return _json({"error": "server_error"}, status)
    return None


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
