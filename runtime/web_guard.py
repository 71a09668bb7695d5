"""What every web program has in front of its views: a policy per route, headers, limits.

Default deny: an endpoint without a policy is not served, and `seal` refuses to start a
program that has one. Headers go on every answer, errors included; the access line names
the route pattern, never the path.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from runtime import clock, logs, tokens
from runtime.errors import CsrfRefused, HostRefused, OriginRefused, PolicyMissing, RuntimeFault
from runtime.log_events import Event
from runtime.outbound import is_loopback_origin
from runtime.settings_schema import Settings

RoutePolicy = Callable[[], None]

_STATE = "confer_web_guard"
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_FORM_PARTS = 500
_MAX_FORM_MEMORY = 1_000_000
_PROGRAM_URLS = {"gateway": "gateway_url", "consult": "consult_url", "ehr": "ehr_url"}
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class FrameAncestors(Protocol):
    """Answers which origins may frame the present answer; empty means none."""

    def __call__(self) -> Sequence[str]:
        """Return origins such as `https://ehr.example`."""
        ...


def public() -> None:
    """Let everybody in: for pages and files without any protected content."""


PUBLIC: RoutePolicy = public


@dataclass(kw_only=True)
class _GuardState:
    hosts: frozenset[str]
    loopback: bool
    https: bool
    frame_ancestors: FrameAncestors
    policies: dict[str, RoutePolicy] = field(default_factory=dict)


def install(
    app: Flask, *, settings: Settings, frame_ancestors: FrameAncestors, program: str
) -> None:
    """Put the guard in front of an app; `program` is gateway, consult or ehr."""
    public_url = str(getattr(settings, _PROGRAM_URLS[program]))
    app.extensions[_STATE] = _GuardState(
        hosts=frozenset({urlsplit(public_url).netloc.lower()}),
        loopback=settings.is_sandbox,
        https=public_url.startswith("https://"),
        frame_ancestors=frame_ancestors,
    )
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=_MAX_FORM_MEMORY,
        MAX_FORM_PARTS=_MAX_FORM_PARTS,
        PROPAGATE_EXCEPTIONS=False,
    )
    if settings.behind_proxy:
        # Throttles count callers: without this they would all be the proxy.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.before_request(_before)
    app.after_request(_after)
    app.teardown_request(_teardown)
    app.context_processor(lambda: {"csp_nonce": getattr(g, "csp_nonce", "")})


def register(
    app: Flask,
    blueprint: Blueprint,
    *,
    policies: Mapping[str, RoutePolicy],
    url_prefix: str | None = None,
) -> None:
    """Register a blueprint with one policy per view function, `static` included.

    Raises `PolicyMissing` when a view has no policy or a policy names no view.
    """
    before = set(app.view_functions)
    if url_prefix is None:
        app.register_blueprint(blueprint)
    else:
        app.register_blueprint(blueprint, url_prefix=url_prefix)
    prefix = f"{blueprint.name}."
    views = {name.removeprefix(prefix) for name in set(app.view_functions) - before}
    wrong = views.symmetric_difference(policies)
    if wrong:
        raise PolicyMissing(endpoints=tuple(sorted(prefix + name for name in wrong)))
    for name, policy in policies.items():
        protect(app, prefix + name, policy)


def protect(app: Flask, endpoint: str, policy: RoutePolicy) -> None:
    """Give one endpoint, such as the app's own `static`, its policy."""
    _state(app).policies[endpoint] = policy


def seal(app: Flask) -> None:
    """Check at the end of a factory that every endpoint has a policy.

    Raises `PolicyMissing` otherwise: a program with an unguarded route does not start.
    """
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    if missing := endpoints - set(_state(app).policies):
        raise PolicyMissing(endpoints=tuple(sorted(missing)))


def policies_of(app: Flask) -> Mapping[str, RoutePolicy]:
    """Return the policies by endpoint (architecture tests, reference pages)."""
    return dict(_state(app).policies)


def allow_form_action(origin: str) -> None:
    """Let a form of this page lead, by redirect, to another origin (authorize pages)."""
    _allow("form-action", origin)


def allow_frame(origin: str) -> None:
    """Let this page show a frame of another origin (the EHR's chart page)."""
    _allow("frame-src", origin)


def csrf_token(secret: str) -> str:
    """Return a token for a form, bound to the session's secret and different each time."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_csrf_digest(secret, salt)}"


def check_csrf(secret: str, token: str | None) -> None:
    """Raise `CsrfRefused` unless the token was made for this session's secret."""
    salt, separator, digest = (token or "").partition(".")
    wanted = _csrf_digest(secret, salt)
    if not separator or not hmac.compare_digest(digest.encode(), wanted.encode()):
        raise CsrfRefused


def check_origin(allowed: Sequence[str]) -> None:
    """Raise `OriginRefused` when a changing request does not come from our own pages."""
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise OriginRefused
    if request.headers.get("Origin") not in allowed:
        raise OriginRefused


def _before() -> None:
    state = _state_here()
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else tokens.new_uuid()
    g.csp_nonce = secrets.token_urlsafe(16)
    g.csp_extra = {}
    g.began = clock.monotonic()
    context: AbstractContextManager[None] = logs.bind(request_id=g.request_id)
    context.__enter__()
    g.log_context = context
    host = request.host.lower()
    if host not in state.hosts and not (state.loopback and is_loopback_origin(f"http://{host}")):
        raise HostRefused
    if request.endpoint is None:
        return  # 404 and 405 go to the app's own error handlers
    policy = state.policies.get(request.endpoint)
    if policy is None:
        raise PolicyMissing(endpoints=(request.endpoint,))
    policy()


def _after(response: Response) -> Response:
    state = _state_here()
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers["Content-Security-Policy"] = _content_security_policy(state)
    headers["X-Content-Type-Options"] = "nosniff"
    # Not no-referrer: with it browsers send `Origin: null`, and no form would pass the check.
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = _PERMISSIONS
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["X-Request-Id"] = str(g.get("request_id", ""))
    if "no-store" in headers["Cache-Control"] or "private" in headers["Cache-Control"]:
        response.vary.add("Cookie")
    if state.https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    _log(response)
    return response


def _teardown(_error: BaseException | None) -> None:
    context = g.pop("log_context", None)
    if context is not None:
        context.__exit__(None, None, None)


def _log(response: Response) -> None:
    rule = request.url_rule
    logs.emit(
        Event.REQUEST_DONE,
        method=request.method,
        route=rule.rule if rule is not None else "unmatched",
        status=response.status_code,
        duration_ms=round((clock.monotonic() - g.get("began", clock.monotonic())) * 1000),
        bytes_out=response.content_length,
    )


def _content_security_policy(state: _GuardState) -> str:
    nonce = f"'nonce-{g.get('csp_nonce', '')}'"
    extra: Mapping[str, Iterable[str]] = g.get("csp_extra", {})
    directives: dict[str, Sequence[str]] = {
        "default-src": ("'none'",),
        "script-src": ("'self'", nonce),
        "style-src": ("'self'", nonce),
        "img-src": ("'self'", "data:"),
        "font-src": ("'self'",),
        "connect-src": ("'self'",),
        "manifest-src": ("'self'",),
        "form-action": ("'self'", *extra.get("form-action", ())),
        "base-uri": ("'none'",),
        "frame-src": tuple(extra.get("frame-src", ())) or ("'none'",),
        "frame-ancestors": tuple(_ancestors(state)) or ("'none'",),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in directives.items())


def _ancestors(state: _GuardState) -> list[str]:
    try:
        return [_clean_origin(origin) for origin in state.frame_ancestors()]
    except RuntimeFault:
        return []  # a failing look-up frames nothing, and the answer still gets its headers


def _clean_origin(origin: str) -> str:
    if re.search(r"[\s;,]", origin):
        raise OriginRefused
    return origin


def _allow(directive: str, origin: str) -> None:
    g.setdefault("csp_extra", {}).setdefault(directive, []).append(_clean_origin(origin))


def _csrf_digest(secret: str, salt: str) -> str:
    return hmac.new(secret.encode(), f"csrf.{salt}".encode(), hashlib.sha256).hexdigest()


def _state(app: Flask) -> _GuardState:
    state = app.extensions.get(_STATE)
    if not isinstance(state, _GuardState):
        raise PolicyMissing(endpoints=("install was not called",))
    return state


def _state_here() -> _GuardState:
    return _state(current_app)
