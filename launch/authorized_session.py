"""Requests to one FHIR server with a bearer token that never leaves its origin.

One re-authorization on 401; reads are tried again when the server is busy; redirects are
off and time-outs set in the outbound client below.

Spec: SMART App Launch 2.2, Access FHIR API; rows F1, F2 of our checklist
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from launch import origins
from launch.errors import ForeignAddress, Step
from launch.ports import TokenSource
from runtime import clock
from runtime.errors import OutboundDown
from runtime.outbound import Bearer, OutboundAnswer, OutboundClient

FHIR_JSON = "application/fhir+json"
READ_TRIES = 3
MAX_WAIT_SECONDS = 5.0
_BUSY = frozenset({429, 502, 503, 504})

Attempt = Callable[[Bearer], OutboundAnswer]


@dataclass(frozen=True, kw_only=True)
class AuthorizedSession:
    """A FHIR server as one user or one backend account may see it; safe to share by threads.

    `base_url` is the FHIR base without end slash. Transport faults come as
    `runtime.errors.OutboundDown`; other answers, errors included, are returned as they are.
    """

    base_url: str
    outbound: OutboundClient = field(repr=False)
    tokens: TokenSource = field(repr=False)
    pause: Callable[[float], None] = field(default=clock.sleep, repr=False)

    def get(
        self,
        address: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        accept: str = FHIR_JSON,
    ) -> OutboundAnswer:
        """Read a path below the base, or an absolute address on the same origin.

        Raises `ForeignAddress` before anything is sent elsewhere.
        """
        url = self._url(address, params)

        def attempt(bearer: Bearer) -> OutboundAnswer:
            return self.outbound.request(
                "GET", url, label="fhir_read", headers={"Accept": accept}, bearer=bearer
            )

        return self._patiently(attempt)

    def post(
        self,
        address: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> OutboundAnswer:
        """Create below the base. Never tried twice except after 401, which did nothing."""
        return self._write("POST", address, body, headers)

    def put(
        self,
        address: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> OutboundAnswer:
        """Update below the base. Never tried twice except after 401, which did nothing."""
        return self._write("PUT", address, body, headers)

    def _write(
        self, method: str, address: str, body: bytes, headers: Mapping[str, str] | None
    ) -> OutboundAnswer:
        url = self._url(address, ())
        sent = {"Accept": FHIR_JSON, "Content-Type": FHIR_JSON, **(headers or {})}

        def attempt(bearer: Bearer) -> OutboundAnswer:
            return self.outbound.request(
                method, url, label="fhir_write", headers=sent, body=body, bearer=bearer
            )

        return self._authorized(attempt)

    def _url(self, address: str, params: Sequence[tuple[str, str]]) -> str:
        url = origins.resolve(self.base_url, address)
        if origins.origin_of(url) is None or (
            origins.origin_of(url) != origins.origin_of(self.base_url)
        ):
            raise ForeignAddress(step=Step.FHIR)
        if not params:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"

    def _patiently(self, attempt: Attempt) -> OutboundAnswer:
        for _try in range(READ_TRIES - 1):
            try:
                answer = self._authorized(attempt)
            except OutboundDown as down:
                # A time-out is not repeated: the doctor has waited long enough once. `paused`
                # is our own pause towards this EHR: nothing was sent.
                if down.reason in ("timeout", "paused"):
                    raise
                continue
            if answer.status not in _BUSY:
                return answer
            self.pause(_wait_seconds(answer))
        return self._authorized(attempt)

    def _authorized(self, attempt: Attempt) -> OutboundAnswer:
        token = self.tokens.current()
        answer = attempt(self._bearer(token))
        if answer.status != 401:
            return answer
        return attempt(self._bearer(self.tokens.renew(token)))

    def _bearer(self, token: str) -> Bearer:
        return Bearer(origin=origins.origin_of(self.base_url) or "", token=token)


def _wait_seconds(answer: OutboundAnswer) -> float:
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), MAX_WAIT_SECONDS) if asked.isdecimal() else 0.5
