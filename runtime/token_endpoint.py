"""The one door to Authlib: a token endpoint for client_credentials with private_key_jwt.

SMART 2.2 Backend Services: RS384 and ES384 assertions of at most 300 s, each id used
once (a unique row), opaque access tokens of 300 s stored as hashes. Every refused
assertion gets the same answer; the reason goes to our log.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, InvalidRequestError  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant  # type: ignore[import-untyped]
from authlib.oauth2.rfc6750 import BearerTokenGenerator  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion  # type: ignore[import-untyped]
from flask import Response, request

from runtime import clock, jose, jti, logs, tokens
from runtime.database import Database
from runtime.errors import JoseRefused, Replayed, TokenRefused
from runtime.jose import Jwk
from runtime.log_events import Event
from runtime.tables import AccessTokenRow

EXPIRES_IN_SECONDS = 300
MAX_ASSERTION_SECONDS = 300
_METHOD = JWTBearerClientAssertion.CLIENT_AUTH_METHOD
_GRANT = ClientCredentialsGrant.GRANT_TYPE
_MAX_ID_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class ClientKeys:
    """A registered client: its public keys and the scopes it may ask for."""

    client_id: str
    keys: tuple[Jwk, ...]
    scopes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """A valid access token, as presented."""

    client_id: str
    scopes: frozenset[str]
    expires_at: datetime


FindClient = Callable[[str], ClientKeys | None]


class TokenEndpoint:
    """One token endpoint: `respond` in its view, `authenticate` before protected routes."""

    def __init__(
        self,
        *,
        database: Database,
        audiences: Collection[str],
        find_client: FindClient,
        expires_in: int = EXPIRES_IN_SECONDS,
    ) -> None:
        """Take the audiences that assertions may name (the token URL), and the registry."""
        self._database = database
        self._server = _Server(database, find_client, expires_in)
        self._server.register_client_auth_method(
            _METHOD, _ClientAssertion(database, frozenset(audiences))
        )
        self._server.register_grant(_Grant)

    def respond(self) -> Response:
        """Answer the present Flask request (POST, form-encoded) with a token or an error."""
        response = self._server.create_token_response()
        if not isinstance(response, Response):
            raise TypeError("not a Flask response")
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        return response

    def authenticate(self, authorization: str | None = None) -> AccessToken:
        """Return the token of an Authorization header (default: the present request's).

        Raises `TokenRefused` when it is missing, unknown or has expired.
        """
        header = authorization if authorization is not None else _present_header()
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TokenRefused
        with self._database.read() as session:
            row = session.get(AccessTokenRow, jose.token_digest(token.strip()))
        if row is None or row.expires_at <= clock.now():
            raise TokenRefused
        return AccessToken(
            client_id=row.client_id,
            scopes=frozenset(row.scope.split()),
            expires_at=row.expires_at,
        )


def _present_header() -> str:
    return request.headers.get("Authorization", "")


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """A registered client as Authlib wants to see it."""

    def __init__(self, registered: ClientKeys) -> None:
        self.registered = registered

    def get_client_id(self) -> str:
        return self.registered.client_id

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Narrow to what is registered; None (invalid_scope) when nothing is left."""
        wanted = (scope or "").split()
        granted = [name for name in dict.fromkeys(wanted) if name in self.registered.scopes]
        return " ".join(granted) or None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == (_METHOD, "token")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == str(_GRANT)


class _ClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # no types
    """RFC 7523 with our own verification: the stock class refuses RS384 and ES384."""

    def __init__(self, database: Database, audiences: frozenset[str]) -> None:
        super().__init__()
        self._database = database
        self._audiences = audiences

    def __call__(self, query_client: Callable[[str], _Client | None], request: Any) -> _Client:
        # Any: Authlib's request wrapper.
        form = request.form
        if form.get("client_assertion_type") != self.CLIENT_ASSERTION_TYPE:
            raise _refused("unknown", "assertion_type")
        assertion = form.get("client_assertion") or ""
        client_id = self._claimed_client(assertion)
        client = query_client(client_id)
        if client is None:
            raise _refused("unknown", "unknown_client")
        self.process_assertion_claims(assertion, client)
        request.client = client
        return client

    def process_assertion_claims(self, assertion: str, client: _Client) -> Mapping[str, Any]:
        """Verify an assertion and use up its id; raises invalid_client without a reason."""
        client_id = client.get_client_id()
        try:
            claims = jose.verify(
                assertion,
                client.registered.keys,
                typ="JWT",
                algorithms=jose.ASSERTION_ALGORITHMS,
                issuer=client_id,
                audience=self._audiences,
                require=("iss", "sub", "aud", "exp", "jti"),
                max_lifetime=MAX_ASSERTION_SECONDS,
            )
        except JoseRefused as error:
            raise _refused(client_id, error.reason) from None
        jti_value = claims["jti"]
        if claims["sub"] != client_id:
            raise _refused(client_id, "subject")
        if not isinstance(jti_value, str) or len(jti_value) > _MAX_ID_LENGTH:
            raise _refused(client_id, "jti")
        self._use_up(client_id, jti_value, claims["exp"])
        return claims

    def _use_up(self, client_id: str, jti_value: str, expires: Any) -> None:
        expires_at = datetime.fromtimestamp(int(expires), tz=UTC)
        try:
            # Its own transaction: the id stays used even when the rest of the request fails.
            with self._database.transaction() as session:
                jti.remember(session, issuer=client_id, jti=jti_value, expires_at=expires_at)
        except Replayed:
            raise _refused(client_id, "replayed") from None

    def _claimed_client(self, assertion: str) -> str:
        try:
            claimed = jose.read_unverified_claims(assertion).get("iss")
        except JoseRefused as error:
            raise _refused("unknown", error.reason) from None
        if not isinstance(claimed, str) or not 0 < len(claimed) <= _MAX_ID_LENGTH:
            raise _refused("unknown", "issuer")
        return claimed


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # no types
    """client_credentials; the scope is required (SMART 2.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS = [_METHOD]  # noqa: RUF012  (the library's own class attribute)

    def validate_token_request(self) -> None:
        super().validate_token_request()
        if not (self.request.payload.scope or "").strip():
            raise InvalidRequestError("scope is required")


class _Server(AuthorizationServer):  # type: ignore[misc]  # no types
    """Authlib's server on our registry and our token table."""

    def __init__(self, database: Database, find_client: FindClient, expires_in: int) -> None:
        super().__init__()
        self._database = database
        self._find_client = find_client
        self._expires_in = expires_in
        self.scopes_supported = None
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: tokens.new_secret(),
                expires_generator=lambda *_: expires_in,
            ),
        )

    def query_client(self, client_id: str) -> _Client | None:
        found = self._find_client(client_id)
        return _Client(found) if found is not None else None

    def save_token(self, token: Mapping[str, Any], request: Any) -> None:
        # Any: Authlib's token dict and request wrapper.
        client_id = request.client.get_client_id()
        with self._database.transaction() as session:
            session.add(
                AccessTokenRow(
                    token_hash=jose.token_digest(token["access_token"]),
                    client_id=client_id,
                    scope=token["scope"],
                    expires_at=clock.now() + timedelta(seconds=self._expires_in),
                )
            )
        logs.emit(Event.TOKEN_ISSUED, client=client_id, scope_count=len(token["scope"].split()))


def _refused(client: str, reason: str) -> InvalidClientError:
    logs.emit(Event.TOKEN_REFUSED, client=client, reason=reason)
    return InvalidClientError(description="client authentication failed", status_code=401)
