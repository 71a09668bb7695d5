"""What leaves as a file: the sealed resources in a Bundle, and the receipt beside it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final

from deid.pipeline import NETWORK_BASE
from deid.sealed_case import DeidentifiedCase
from runtime import json_text

_LABEL: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "PSEUDED",
    "display": "pseudonymized",
}


def bundle(case: DeidentifiedCase) -> bytes:
    """Return the case as a FHIR collection; every resource is the very bytes that were searched."""
    head = {"resourceType": "Bundle", "meta": {"security": [_LABEL]}, "type": "collection"}
    base = f"{NETWORK_BASE}/case/{case.case_id}"
    entries = [
        b'{"fullUrl":%b,"resource":%b}'
        % (json_text.dumps(f"{base}/{entry.resource_type}/{entry.n}"), entry.body)
        for entry in case.entries
    ]
    return b'%b,"entry":[%b]}\n' % (json_text.dumps(head)[:-1], b",".join(entries))


def receipt(case: DeidentifiedCase, body: bytes) -> dict[str, Any]:
    """Return the receipt as JSON values, with the hash of the bytes that it is for."""
    facts: dict[str, Any] = plain(case.receipt)
    return {
        "case_id": case.case_id,
        **facts,
        "date_anchor": case.receipt.date_anchor,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def plain(value: Any) -> Any:
    """Return our own values as JSON values: dataclasses, mappings and sets too."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(plain(each) for each in value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [plain(each) for each in value]
    return value if isinstance(value, (str, int, float, Decimal, type(None))) else str(value)
