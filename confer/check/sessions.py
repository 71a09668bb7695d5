"""How the check speaks to a FHIR base: as a doctor, as the gateway's account, or without token.

Unlike the sessions of the app these neither wait nor repeat: the check wants to see what the
server does. A token goes to the origin of the base only, as everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from confer.check.examination import Examination
from fhir_adapters import reading
from fhir_adapters.capability import Capability
from fhir_adapters.converters import r4_view
from fhir_adapters.errors import AdapterError
from fhir_adapters.ports import FhirReply, FhirSession
from launch import origins, scopes
from launch.refresh import GrantTokens
from runtime.errors import OutboundForbidden
from runtime.outbound import Bearer, OutboundClient, origin_of

_FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, kw_only=True)
class CheckSession:
    """A FHIR server as one caller sees it (fhir_adapters.ports.FhirSession).

    `way` says in words as whom. `granted` is None where nobody needs a scope.
    """

    base_url: str
    outbound: OutboundClient = field(repr=False)
    way: str
    level: str = "patient"
    granted: tuple[str, ...] | None = None
    token: str | None = field(default=None, repr=False)

    def may(self, resource_type: str, right: str) -> bool:
        """Tell whether the caller was granted a right (a letter of `cruds`) on a type."""
        if self.granted is None:
            return True
        return scopes.may(self.granted, resource_type, right, level=self.level)

    def get(
        self, address: str, params: Sequence[tuple[str, str]] = (), *, accept: str = _FHIR_JSON
    ) -> FhirReply:
        """Read below the base, or an absolute address on its origin."""
        query = f"{'&' if '?' in address else '?'}{urlencode(params)}" if params else ""
        return self._send("GET", f"{address}{query}", headers={"Accept": accept})

    def post(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> FhirReply:
        """Create below the base, or search by POST."""
        sent = {"Accept": _FHIR_JSON, "Content-Type": _FHIR_JSON, **(headers or {})}
        return self._send("POST", address, headers=sent, body=body)

    def put(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> FhirReply:
        """Update below the base."""
        sent = {"Accept": _FHIR_JSON, "Content-Type": _FHIR_JSON, **(headers or {})}
        return self._send("PUT", address, headers=sent, body=body)

    def delete(self, address: str) -> FhirReply:
        """Delete below the base."""
        return self._send("DELETE", address, headers={"Accept": _FHIR_JSON})

    def _send(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> FhirReply:
        url = origins.resolve(self.base_url, address)
        own = origin_of(self.base_url)
        if origins.origin_of(url) != own:
            raise OutboundForbidden(rule="other_origin", label="check")
        bearer = Bearer(origin=own, token=self.token) if self.token else None
        return self.outbound.request(
            method, url, label="check", headers=headers, body=body, bearer=bearer
        )


def capability(exam: Examination, stated: Capability) -> Capability:
    """Return what the server declares in the types of R4, whatever release it speaks.

    A release that cannot be read is returned as it is stated; choosing an adapter refuses it.
    """
    if stated.is_r4:
        return stated
    open_session = CheckSession(base_url=exam.base, outbound=exam.outbound, way="without a token")
    try:
        return reading.read_capability(open_session)
    except AdapterError:
        return stated


def as_r4(exam: Examination, session: CheckSession) -> FhirSession:
    """Return the session seen through R4, as charts are read."""
    stated = exam.adapter.capability.fhir_version if exam.adapter else ""
    return r4_view.view(session, fhir_version=stated) if stated else session


def for_reading(exam: Examination) -> CheckSession | None:
    """Return the widest way to read: the doctor who signed in, else our account, else nobody."""
    if exam.signed_in is not None:
        source = GrantTokens(client=exam.client, grant_id=exam.signed_in.grant_id)
        token = source.current()
        exam.hide(token)
        return CheckSession(
            base_url=exam.base,
            outbound=exam.outbound,
            way="as the doctor who signed in",
            granted=exam.signed_in.tokens.scopes,
            token=token,
        )
    return for_writing(exam)


def for_writing(exam: Examination) -> CheckSession | None:
    """Return the gateway's own account, or nobody at an open server."""
    if exam.backend_token is not None:
        return CheckSession(
            base_url=exam.base,
            outbound=exam.outbound,
            way="as the gateway's own account",
            level="system",
            granted=exam.backend_scopes,
            token=exam.backend_token,
        )
    if exam.open_server:
        return CheckSession(base_url=exam.base, outbound=exam.outbound, way="without a token")
    return None
