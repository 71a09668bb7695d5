"""Network, TLS and clock of every host that belongs to the site."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from confer.check.examination import Examination
from confer.check.findings import Finding, found
from runtime import clock, outbound_tls
from runtime.errors import OutboundDown
from runtime.outbound import origin_of

SOON_DAYS: Final = 21
DRIFT_SECONDS: Final = 30
OFF_SECONDS: Final = 120
# DSTU2 has another name for the same.
STATEMENT: Final = "application/fhir+json, application/json+fhir;q=0.9"
_WORDS: Final = {
    "connect": "connection refused, or the name is unknown",
    "timeout": "time-out",
    "reset": "the connection broke off",
    "oversize": "the answer is too large",
    "tls": "TLS failed",
}


def words_of(down: OutboundDown) -> str:
    """Return what kept an answer away, in words."""
    return _WORDS[down.reason]


def check(exam: Examination) -> Iterator[Finding]:
    """Look at the hosts; without a connection to the EHR nothing else is worth trying."""
    origins = dict.fromkeys((origin_of(exam.base), *exam.site.allowed_origins))
    for origin in origins:
        yield from _host(exam, origin, is_ehr=origin == origin_of(exam.base))
    if exam.reachable:
        yield from _clock(exam)


def _host(exam: Examination, origin: str, *, is_ehr: bool) -> Iterator[Finding]:
    host = urlsplit(origin).netloc
    if origin.startswith("http://"):
        yield found("transport.plain_loopback", host=host)
        return
    try:
        seen = outbound_tls.look(exam.outbound.rules, origin, label="check")
    except OutboundDown as down:
        exam.reachable &= not is_ehr
        yield found("transport.unreachable", host=host, problem=words_of(down))
        return
    if seen.problem == "no common version":
        yield found("transport.tls_too_old", host=host)
    elif seen.problem is not None:
        yield found("transport.certificate_refused", host=host, problem=seen.problem)
    else:
        days = (seen.ends_at - clock.now()).days if seen.ends_at else 0
        if days < SOON_DAYS:
            yield found("transport.certificate_ends_soon", host=host, days=days)
        else:
            yield found("transport.tls_ok", host=host, version=seen.version, days=days)
    if seen.problem is not None:
        exam.reachable &= not is_ehr


def _clock(exam: Examination) -> Iterator[Finding]:
    try:
        exam.metadata = exam.get("metadata", accept=STATEMENT)
    except OutboundDown as down:
        exam.reachable = False
        host = urlsplit(exam.base).netloc
        yield found("transport.unreachable", host=host, problem=words_of(down))
        return
    yield clock_finding(exam.date_header, now=clock.now())


def clock_finding(date_header: str | None, *, now: datetime) -> Finding:
    """Compare an HTTP date with our own time."""
    try:
        theirs = parsedate_to_datetime(date_header or "")
    except ValueError:
        return found("transport.clock_unknown")
    seconds = round(abs((now - theirs.astimezone(UTC)).total_seconds()))
    if seconds > OFF_SECONDS:
        return found("transport.clock_off", seconds=seconds)
    if seconds > DRIFT_SECONDS:
        return found("transport.clock_drifts", seconds=seconds)
    return found("transport.clock_ok", seconds=max(seconds, 1))
