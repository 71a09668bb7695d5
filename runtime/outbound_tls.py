"""A look at the TLS of a server that we may call: version, certificate, and what is wrong.

Trusts what the outbound client trusts, so that both come to the same verdict; sends no request.
"""

import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from runtime.errors import OutboundDown
from runtime.outbound import OutboundRules

TlsProblem = Literal[
    "expired",
    "not yet valid",
    "self-signed",
    "unknown authority",
    "other host name",
    "no common version",
    "no TLS at all",
    "unusable",
]
_BY_VERIFY_CODE: Final[dict[int, TlsProblem]] = {
    9: "not yet valid",
    10: "expired",
    18: "self-signed",
    19: "unknown authority",
    20: "unknown authority",
    21: "unknown authority",
    62: "other host name",
    64: "other host name",
}
_BY_REASON: Final[dict[str, TlsProblem]] = {
    "UNSUPPORTED_PROTOCOL": "no common version",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no common version",
    "NO_PROTOCOLS_AVAILABLE": "no common version",
    "WRONG_VERSION_NUMBER": "no TLS at all",
}


@dataclass(frozen=True, kw_only=True)
class TlsSeen:
    """What a handshake showed: the version (`TLSv1.3`) and the end of the certificate, or why
    there was none."""

    version: str = ""
    ends_at: datetime | None = None
    problem: TlsProblem | None = None


def look(
    rules: OutboundRules, url: str, *, label: str, trusted: str = DEFAULT_CA_BUNDLE_PATH
) -> TlsSeen:
    """Shake hands with the server of an allowed https URL; `trusted` is a file of authorities.

    Raises `OutboundForbidden` for other origins, `OutboundDown` when no connection comes about.
    """
    parts = urlsplit(rules.check(url, label=label))
    host, port = parts.hostname or "", parts.port or 443
    try:
        with socket.create_connection((host, port), timeout=rules.connect_seconds) as plain:
            return _shake_hands(plain, host, trusted)
    except TimeoutError:
        raise OutboundDown(reason="timeout", label=label) from None
    except OSError:
        raise OutboundDown(reason="connect", label=label) from None


def _shake_hands(plain: socket.socket, host: str, trusted: str) -> TlsSeen:
    context = ssl.create_default_context(cafile=trusted)
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            return TlsSeen(version=secure.version() or "", ends_at=_end(secure.getpeercert()))
    except ssl.SSLCertVerificationError as refused:
        return TlsSeen(problem=_BY_VERIFY_CODE.get(refused.verify_code, "unusable"))
    except ssl.SSLError as refused:
        return TlsSeen(problem=_BY_REASON.get(refused.reason or "", "unusable"))


def _end(certificate: object) -> datetime | None:
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not isinstance(ends, str):
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), tz=UTC)
