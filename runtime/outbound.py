"""Hardened outbound HTTP: the one way out (DESIGN decision 12).

No proxy or netrc from the environment, no redirects, no cookies, time-outs and an overall
deadline, a size cap while streaming, origins from a list, credentials bound to one origin.
"""

import ipaddress
import re
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from runtime import clock, logs
from runtime.errors import OutboundDown, OutboundForbidden, OutboundReason
from runtime.log_events import Event

MAX_BYTES = 20_000_000
_CHUNK = 65_536
# One connection for each thread of a program and of its readings; more are made and dropped.
_POOL = 64
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ODD_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\uffff\\]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]")

AllowedOrigins = Collection[str] | Callable[[str], bool]


@dataclass(frozen=True, kw_only=True)
class OutboundAnswer:
    """What the other side answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """An access token and the only origin it may be sent to."""

    origin: str
    token: str = field(repr=False)


def origin_of(url: str, *, label: str = "url") -> str:
    """Return `scheme://host[:port]` of an absolute URL, strictly parsed.

    Raises `OutboundForbidden` for user info, odd characters, unknown schemes, hosts that
    two parsers could read differently.
    """
    if _ODD_CHARACTERS.search(url):
        raise OutboundForbidden(rule="odd_character", label=label)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise OutboundForbidden(rule="malformed", label=label) from None
    if parts.scheme not in _DEFAULT_PORTS or parts.fragment:
        raise OutboundForbidden(rule="scheme", label=label)
    if "@" in parts.netloc:
        raise OutboundForbidden(rule="user_info", label=label)
    host = parts.netloc.removesuffix(f":{port}") if port is not None else parts.netloc
    if not _HOST.fullmatch(host.lower()):
        raise OutboundForbidden(rule="host", label=label)
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host.lower()}{shown}"


def is_loopback_origin(origin: str) -> bool:
    """Say whether an origin is this machine: localhost, *.localhost, 127.0.0.0/8, ::1."""
    host = urlsplit(origin).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class OutboundRules:
    """Where a session may go and what it may cost."""

    allowed_origins: AllowedOrigins
    allow_loopback_http: bool
    connect_seconds: float = 3.05
    read_seconds: float = 10.0
    total_seconds: float = 60.0
    max_bytes: int = MAX_BYTES

    def check(self, url: str, *, label: str) -> str:
        """Return the origin of an allowed URL; raise `OutboundForbidden` for others."""
        origin = origin_of(url, label=label)
        if origin.startswith("http://") and not (
            self.allow_loopback_http and is_loopback_origin(origin)
        ):
            raise OutboundForbidden(rule="plain_http", label=label)
        allowed = (
            self.allowed_origins(origin)
            if callable(self.allowed_origins)
            else origin in self.allowed_origins
        )
        if not allowed:
            raise OutboundForbidden(rule="origin_not_listed", label=label)
        return origin


class GuardedSession(requests.Session):
    """A requests session that cannot leave the rules; bodies are read here, capped.

    For libraries that insist on a session (fhirclient). `credential_origin` is the only
    origin that may receive an Authorization header. Raises `OutboundDown` and
    `OutboundForbidden` instead of the library's exceptions, which print URLs.
    """

    def __init__(
        self, rules: OutboundRules, *, credential_origin: str | None = None, label: str = "session"
    ) -> None:
        """Take the rules; `label` names the calls in logs."""
        super().__init__()
        self.rules = rules
        self.credential_origin = credential_origin
        self.label = label
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "gzip"
        self.mount("https://", HTTPAdapter(max_retries=0, pool_maxsize=_POOL))
        self.mount("http://", HTTPAdapter(max_retries=0, pool_maxsize=_POOL))

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one prepared request under the rules; redirects are answers, not followed."""
        # Any: the library's own keyword arguments; ours replace them.
        label = str(kwargs.pop("label", self.label))
        try:
            origin = self._check(request, label)
        except OutboundForbidden as refusal:
            logs.emit(Event.OUTBOUND_FORBIDDEN, label=label, rule=refusal.rule)
            raise
        request_id = logs.bound("request_id")
        if request_id is not None:
            request.headers["X-Request-Id"] = request_id
        call = _Call(method=request.method or "", label=label, origin=origin)
        kwargs.update(
            allow_redirects=False,
            stream=True,
            timeout=(self.rules.connect_seconds, self.rules.read_seconds),
            proxies={},
        )
        try:
            response = super().send(request, **kwargs)
            response._content = self._read(response, call)
            response._content_consumed = True  # type: ignore[attr-defined]
        except (requests.RequestException, TransportError, OSError) as error:
            call.failed(_reason(error))
        call.done(response)
        return response

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Check the address before the library parses it: its errors print it."""
        self.rules.check(str(request.url), label=self.label)
        return super().prepare_request(request)

    def resolve_redirects(self, *_: Any, **__: Any) -> Any:
        """Follow nothing, and do not read a redirect's body to find out where it points."""
        # Any: the library's signature, of which we use no part.
        return iter(())

    def _check(self, request: requests.PreparedRequest, label: str) -> str:
        origin = self.rules.check(request.url or "", label=label)
        if "Authorization" in request.headers and origin != self.credential_origin:
            raise OutboundForbidden(rule="credential_origin", label=label)
        return origin

    def _read(self, response: requests.Response, call: "_Call") -> bytes:
        declared = response.headers.get("Content-Length", "")
        if declared.isdigit() and int(declared) > self.rules.max_bytes:
            response.close()
            call.failed("oversize")
        body = bytearray()
        # What one read of the socket brings, so that a dripping answer meets the deadline.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self.rules.max_bytes:
                response.close()
                call.failed("oversize")
            if clock.monotonic() - call.began > self.rules.total_seconds:
                response.close()
                call.failed("timeout")
        return bytes(body)


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One call, for its log line."""

    method: str
    label: str
    origin: str
    began: float = field(default_factory=clock.monotonic)

    def failed(self, reason: OutboundReason) -> NoReturn:
        logs.emit(
            Event.OUTBOUND_FAILED,
            method=self.method,
            label=self.label,
            host=self.origin,
            reason=reason,
            duration_ms=self._duration(),
        )
        raise OutboundDown(reason=reason, label=self.label) from None

    def done(self, response: requests.Response) -> None:
        logs.emit(
            Event.OUTBOUND_DONE,
            method=self.method,
            label=self.label,
            host=self.origin,
            status=response.status_code,
            duration_ms=self._duration(),
            bytes_in=len(response.content),
        )

    def _duration(self) -> int:
        return round((clock.monotonic() - self.began) * 1000)


class OutboundClient:
    """Plain requests to allow-listed origins. One per program; safe to use from threads."""

    def __init__(
        self,
        *,
        allowed_origins: AllowedOrigins,
        allow_loopback_http: bool,
        connect_seconds: float = 3.05,
        read_seconds: float = 10.0,
        total_seconds: float = 60.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Take the limits: seconds to connect, between bytes, in all; bytes of an answer."""
        self.rules = OutboundRules(
            allowed_origins=allowed_origins,
            allow_loopback_http=allow_loopback_http,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            total_seconds=total_seconds,
            max_bytes=max_bytes,
        )
        self._session = GuardedSession(self.rules)

    def request(  # noqa: PLR0913  (an HTTP request has that many parts)
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        bearer: Bearer | None = None,
        basic: tuple[str, str] | None = None,
    ) -> OutboundAnswer:
        """Send one request; any HTTP status is an answer, also a redirect.

        `label` is the route pattern for logs; `form` is sent URL-encoded; `bearer` goes to
        its own origin only; `basic` (user, secret) goes to this URL's origin. Raises
        `OutboundDown` (`reset` and `timeout`: the other side may have acted) and
        `OutboundForbidden`.
        """
        origin = self.rules.check(url, label=label)
        sent = dict(headers or {})
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(form).encode("ascii")
        credential_origin = None
        if bearer is not None:
            credential_origin = bearer.origin
            sent["Authorization"] = f"Bearer {bearer.token}"
        elif basic is not None or any(name.lower() == "authorization" for name in sent):
            # The caller names this very URL, so its origin is the credential's.
            credential_origin = origin
        prepared = requests.Request(method, url, headers=sent, data=body, auth=basic).prepare()
        session = self._session
        if credential_origin is not None:
            session = _with_credential(self._session, credential_origin)
        response = session.send(prepared, label=label)
        return OutboundAnswer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
        )


def _with_credential(session: GuardedSession, origin: str) -> GuardedSession:
    # A view of its own per call, with the shared connection pools: threads do not mix origins.
    view = GuardedSession(session.rules, credential_origin=origin, label=session.label)
    view.adapters = session.adapters
    return view


def _reason(error: Exception) -> OutboundReason:
    if isinstance(error, requests.ConnectTimeout):
        return "connect"
    if isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError)):
        return "timeout"
    if isinstance(error, (requests.exceptions.SSLError, ssl.SSLError)):
        return "tls"
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    if isinstance(cause, (NewConnectionError, NameResolutionError)):
        return "connect"
    if isinstance(cause, ReadTimeoutError):
        return "timeout"
    return "reset"  # it may have arrived: the caller has to look before it repeats
