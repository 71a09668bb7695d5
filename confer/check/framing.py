"""Whether the app opens inside the chart: frame-ancestors and the cookie, as they arrive here.

The gateway sends both rightly; a proxy in front of it may change them, so they are looked at
from outside. Spec: spec/smart.md section 2, cookies in a framed app
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from confer.check import transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import OutboundAnswer, is_loopback_origin, origin_of

_COOKIE: Final = "__Host-confer-app="
_NEEDED: Final[Mapping[str, str]] = {
    "secure": "Secure",
    "httponly": "HttpOnly",
    "samesite=none": "SameSite=None",
    "partitioned": "Partitioned",
    "path=/": "Path=/",
}


def check(exam: Examination) -> Iterator[Finding]:
    """Open the gateway's launch address as a browser would, and look at its headers."""
    if exam.gateway_url.startswith("http://") and not is_loopback_origin(
        origin_of(exam.gateway_url)
    ):
        yield found("frame.not_https")
        return
    query = urlencode({"iss": exam.site.issuer, "launch": "confer-check"})
    try:
        answer = exam.own.request(
            "GET", f"{exam.gateway_url}/launch?{query}", label="check_own_launch"
        )
    except OutboundDown as down:
        yield found("frame.gateway_down", problem=transport.words_of(down))
        return
    except OutboundForbidden:
        yield found("frame.not_https")
        return
    yield from _frame(exam, answer)
    yield from _cookie(exam, answer)


def _frame(exam: Examination, answer: OutboundAnswer) -> Iterator[Finding]:
    refused = answer.headers.get("x-frame-options")
    if refused is not None:
        yield found("frame.x_frame_options", value=refused)
    if not exam.registered:
        return
    if not exam.site.framing_origins:
        yield found("frame.origin_assumed")
    allowed = _ancestors(answer.headers.get("content-security-policy", ""))
    for origin in exam.site.framing_origins or (origin_of(exam.base),):
        parts = urlsplit(origin)
        plain = f"{parts.scheme}://{parts.netloc}"
        yield found("frame.allowed" if plain in allowed else "frame.not_allowed", origin=plain)


def _ancestors(policy: str) -> frozenset[str]:
    for directive in policy.split(";"):
        words = directive.split()
        if words[:1] == ["frame-ancestors"]:
            return frozenset(words[1:])
    return frozenset()


def _cookie(exam: Examination, answer: OutboundAnswer) -> Iterator[Finding]:
    cookie = answer.headers.get("set-cookie", "")
    start = cookie.find(_COOKIE)
    if start < 0:
        reason = f"HTTP {answer.status}" if exam.registered else "not registered"
        yield found("frame.cookie_unseen", reason=reason)
        return
    parts = {part.strip().lower() for part in cookie[start:].split(";")}
    missing = [name for lower, name in _NEEDED.items() if lower not in parts]
    if missing:
        yield found("frame.cookie_spoiled", names=", ".join(missing))
    else:
        yield found("frame.cookie_ok")
