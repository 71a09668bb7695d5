"""The one door through which anything leaves the hospital for the network.

Three kinds of parcel exist. Sealed bytes are sent exactly as they were approved. A coded
change moves a resource that the network already holds and may touch coded elements only. An
attestation is a signed statement about a member of staff, never about a patient.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exchange import names
from runtime import json_text
from runtime.outbound import OutboundAnswer
from smartapp.errors import BytesAltered, ConsultRefused, ConsultUnreachable
from smartapp.gateway.consult_link import ConsultLink

_JSON = "application/fhir+json"
_CODED_ELEMENTS = {
    "Task": frozenset({"status", "businessStatus", "statusReason", "lastModified", "output"}),
    "ServiceRequest": frozenset({"status"}),
}
_SERVER_ELEMENTS = frozenset({"meta", "text"})
_CODE_SYSTEMS = frozenset(
    {
        names.CS_CASE_STATUS,
        names.CS_STATUS_REASON,
        names.CS_TASK_OUTPUT,
        names.CS_DECISION,
        names.CS_OUTCOME,
        names.CS_CONFIDENCE,
    }
)


@dataclass(frozen=True, kw_only=True)
class SealedParcel:
    """An approved transaction: these bytes and no others."""

    submission: str
    sha256: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CodedParcel:
    """A change of the network's own resource, made against the version that was read."""

    before: Mapping[str, Any] = field(repr=False)
    after: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AttestationParcel:
    """A compact JWS that attests a member (spec/wire.md 2.11)."""

    token: str = field(repr=False)


Parcel = SealedParcel | CodedParcel | AttestationParcel


def leave(link: ConsultLink, parcel: Parcel) -> OutboundAnswer:
    """Send one parcel and return a 2xx answer.

    Raises `ConsultUnreachable` when it may have arrived or not, `ConsultRefused` with the
    status when the network said no, `BytesAltered` when the parcel is not what was approved.
    """
    match parcel:
        case SealedParcel():
            answer = _send_sealed(link, parcel)
        case CodedParcel():
            answer = _send_coded(link, parcel)
        case AttestationParcel():
            body = json_text.dumps({"attestation": parcel.token})
            answer = link.exchange(
                "POST",
                "/members/attestations",
                label="consult:attest",
                headers={"Content-Type": "application/json", "Accept": "application/json"},
                body=body,
            )
    if 200 <= answer.status < 300:
        return answer
    if answer.status >= 500 or answer.status == 429:
        raise ConsultUnreachable(status=answer.status)
    raise ConsultRefused(status=answer.status)


def content_digest(body: bytes) -> str:
    """The Content-Digest field value of a body (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _send_sealed(link: ConsultLink, parcel: SealedParcel) -> OutboundAnswer:
    if hashlib.sha256(parcel.body).hexdigest() != parcel.sha256:
        raise BytesAltered(submission=parcel.submission)
    return link.exchange(
        "POST",
        "/fhir",
        label="consult:submit",
        headers={
            "Content-Type": _JSON,
            "Accept": _JSON,
            "Content-Digest": content_digest(parcel.body),
        },
        body=parcel.body,
    )


def _send_coded(link: ConsultLink, parcel: CodedParcel) -> OutboundAnswer:
    kind = str(parcel.before.get("resourceType"))
    allowed = _CODED_ELEMENTS.get(kind, frozenset())
    for name in set(parcel.before) | set(parcel.after):
        if name in _SERVER_ELEMENTS or parcel.before.get(name) == parcel.after.get(name):
            continue
        if name not in allowed or not _is_coded(name, parcel.after.get(name), parcel.before):
            raise BytesAltered(element=f"{kind}.{name}")
    version = str((parcel.before.get("meta") or {}).get("versionId"))
    return link.exchange(
        "PUT",
        f"/fhir/{kind}/{parcel.before['id']}",
        label="consult:update",
        headers={"Content-Type": _JSON, "Accept": _JSON, "If-Match": f'W/"{version}"'},
        body=json_text.dumps(parcel.after),
    )


def _is_coded(name: str, value: object, before: Mapping[str, Any]) -> bool:
    if value is None:
        return True
    if name in ("status", "lastModified"):
        return isinstance(value, str) and len(value) <= 40 and " " not in value
    if name == "output":
        known = before.get("output") or []
        added = [item for item in value if item not in known] if isinstance(value, list) else []
        return isinstance(value, list) and all(
            set(item) == {"type", "valueCodeableConcept"}
            and _is_concept(item["type"])
            and _is_concept(item["valueCodeableConcept"])
            for item in added
        )
    return _is_concept(value)


def _is_concept(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"coding"}:
        return False
    return all(
        set(coding) == {"system", "code"} and coding["system"] in _CODE_SYSTEMS
        for coding in value["coding"]
    )
