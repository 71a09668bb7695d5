"""An EHR's sign-in service played by `responses`: strict by default, wrong on demand.

Its token endpoint makes the checks that the Inferno client suite makes of an app.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import responses
from requests import PreparedRequest

from launch import app_launch
from launch.app_launch import LaunchResult, Redirect
from launch.ports import BrowserRequest, Site
from runtime import clock, jose, json_text
from tests.support.launch_stores import ISSUER, Desk, signing_key

AUTH = "https://auth.example"
OPENID_ISSUER = f"{AUTH}/openid"
BROWSER = "browser-secret-of-this-test"
Answer = tuple[int, Mapping[str, str], bytes]


def json_answer(status: int, value: Any) -> Answer:
    """Return an answer for a callback of `responses`."""
    return status, {"Content-Type": "application/json"}, json_text.dumps(value)


@dataclass
class SmartEhr:
    """One EHR. Change its documents before a launch to make it misbehave."""

    site: Site
    issuer: str = ISSUER
    configuration: dict[str, Any] = field(init=False)
    openid: dict[str, Any] = field(init=False)
    jwks: dict[str, Any] = field(init=False)
    claims: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    seen_jti: set[str] = field(default_factory=set)
    authorized: dict[str, dict[str, str]] = field(default_factory=dict)
    override: list[Answer] = field(default_factory=list)
    refresh_override: list[Answer] = field(default_factory=list)
    key: Any = None
    issued: int = 0

    def __post_init__(self) -> None:
        self.key = self.key or signing_key("RS256")
        self.configuration = {
            "issuer": OPENID_ISSUER,
            "jwks_uri": f"{AUTH}/jwks",
            "authorization_endpoint": f"{AUTH}/authorize",
            "token_endpoint": f"{AUTH}/token",
            "revocation_endpoint": f"{AUTH}/revoke",
            "capabilities": ["launch-ehr", "launch-standalone", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
        }
        self.openid = {"issuer": OPENID_ISSUER, "jwks_uri": f"{AUTH}/jwks"}
        self.jwks = {"keys": [self.public(self.key)]}
        self.context = {
            "patient": "p-1",
            "encounter": "e-1",
            "need_patient_banner": True,
            "scope": "launch openid fhirUser patient/*.rs online_access",
        }

    @staticmethod
    def public(key: Any) -> dict[str, Any]:
        """Return a key as an EHR publishes it."""
        return {**key.public_jwk(), "kid": key.kid, "use": "sig"}

    def serve(self, mock: responses.RequestsMock) -> None:
        """Register the EHR's addresses."""
        base = self.issuer
        mock.add_callback(
            "GET",
            f"{base}/.well-known/smart-configuration",
            lambda _r: json_answer(200, self.configuration),
        )
        mock.add_callback(
            "GET",
            f"{OPENID_ISSUER}/.well-known/openid-configuration",
            lambda _r: json_answer(200, self.openid),
        )
        mock.add_callback("GET", f"{AUTH}/jwks", lambda _r: json_answer(200, self.jwks))
        mock.add_callback("POST", f"{AUTH}/token", self._token)

    def authorize(self, sent: Mapping[str, str]) -> dict[str, str]:
        """Play the authorize page: check the request, return the callback's parameters."""
        assert sent["response_type"] == "code"
        assert sent["client_id"] == self.site.client_id
        assert sent["redirect_uri"] == self.site.redirect_uri
        assert sent["aud"] == self.issuer
        assert sent["code_challenge_method"] == "S256"
        assert len(sent["state"]) >= 22
        assert "max_age" not in sent
        code = f"code-{len(self.authorized)}"
        self.authorized[code] = dict(sent)
        return {"code": code, "state": sent["state"]}

    def id_token(self, sent: Mapping[str, str]) -> str:
        """Sign who signed in; `claims` replaces or, with None, removes claims."""
        now = int(clock.now().timestamp())
        claims = {
            "iss": OPENID_ISSUER,
            "sub": "user-1",
            "aud": self.site.client_id,
            "iat": now,
            "exp": now + 300,
            "nonce": sent["nonce"],
            "fhirUser": f"{self.issuer}/Practitioner/d-1",
            **self.claims,
        }
        kept = {k: v for k, v in claims.items() if v is not None}
        return jose.sign(self.key, kept, typ="JWT")

    def _token(self, request: PreparedRequest) -> Answer:
        form = dict(parse_qsl(_text(request.body), keep_blank_values=True))
        assert len(form) == len(parse_qs(_text(request.body), keep_blank_values=True))
        self.forms.append(form)
        if form["grant_type"] == "refresh_token":
            return self._refresh(request, form)
        if self.override:
            return self.override.pop(0)
        self._check_client(request, form)
        if form["grant_type"] == "client_credentials":
            return json_answer(200, self._granted(scope=form["scope"]))
        sent = self.authorized.pop(form["code"], None)
        if sent is None:
            return json_answer(400, {"error": "invalid_grant"})
        assert form["redirect_uri"] == sent["redirect_uri"]
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert challenge == sent["code_challenge"]
        answer = {**self._granted(), "refresh_token": "refresh-0", **self.context}
        return json_answer(200, {**answer, "id_token": self.id_token(sent), **self.token_answer})

    def _refresh(self, request: PreparedRequest, form: dict[str, str]) -> Answer:
        self._check_client(request, form)
        assert "scope" not in form
        if self.refresh_override:
            return self.refresh_override.pop(0)
        return json_answer(200, self._granted())

    def _granted(self, **more: str) -> dict[str, Any]:
        self.issued += 1
        return {
            "access_token": f"access-{self.issued}",
            "token_type": "Bearer",
            "expires_in": 300,
            **more,
        }

    def _check_client(self, request: PreparedRequest, form: Mapping[str, str]) -> None:
        header = request.headers.get("Authorization", "")
        if self.site.client_auth == "public" and form["grant_type"] != "client_credentials":
            assert form["client_id"] == self.site.client_id
            assert not header
            assert "client_assertion" not in form
            return
        assert "client_id" not in form
        if self.site.client_auth == "client_secret_basic":
            pair = base64.b64decode(header.removeprefix("Basic ")).decode()
            name, secret = (unquote_plus(part) for part in pair.split(":"))
            assert (name, secret) == (self.site.client_id, "s3cret:%+")
            return
        self._check_assertion(form)

    def _check_assertion(self, form: Mapping[str, str]) -> None:
        assert form["client_assertion_type"] == (
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        )
        backend = form["grant_type"] == "client_credentials"
        client_id = self.site.backend_client_id if backend else self.site.client_id
        keys = [self.public(signing_key("ES384")), self.public(signing_key("RS384"))]
        claims = jose.verify(
            form["client_assertion"],
            keys,
            typ="JWT",
            algorithms=["ES384", "RS384"],
            issuer=client_id,
            audience=self.configuration["token_endpoint"],
            require=("iss", "sub", "aud", "exp", "jti"),
        )
        assert claims["sub"] == client_id
        assert claims["exp"] - clock.now().timestamp() <= 241
        assert claims["jti"] not in self.seen_jti
        self.seen_jti.add(claims["jti"])


def _text(body: bytes | str | None) -> str:
    return body.decode() if isinstance(body, bytes) else body or ""


def asked(params: Mapping[str, str], browser: str | None = BROWSER) -> BrowserRequest:
    """Return what a browser brings."""
    return BrowserRequest(params=tuple(params.items()), browser_secret=browser)


def start(desk: Desk, *, issuer: str = ISSUER, launch: str | None = "opaque-1") -> Redirect:
    """Open the app from the EHR, or standalone without `launch`."""
    params = {"iss": issuer} if launch is None else {"iss": issuer, "launch": launch}
    return app_launch.begin(desk.client, asked(params))


def sent_by(target: Redirect) -> dict[str, str]:
    """Return the parameters of the authorization request, however it travels."""
    if target.method == "POST":
        return dict(target.fields)
    return dict(parse_qsl(urlsplit(target.url).query))


def launch(desk: Desk, ehr: SmartEhr, **changes: str) -> LaunchResult:
    """Do the whole dance; keyword arguments change the callback's parameters."""
    callback = ehr.authorize(sent_by(start(desk, issuer=ehr.issuer)))
    return app_launch.finish(desk.client, asked({**callback, **changes}))
