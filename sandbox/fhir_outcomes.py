"""OperationOutcomes that this EHR makes up itself, in its own or a vendor's words."""

from typing import Any

from fhir_server.messages import FHIR_JSON, FhirAnswer
from runtime import json_text

VENDOR_CODES = "urn:plainview:vendor-code"
_NO_STORE = {"content-type": FHIR_JSON, "cache-control": "no-store"}


def issue(
    code: str, text: str, *, severity: str = "error", vendor_code: str = ""
) -> dict[str, Any]:  # Any: FHIR JSON
    """Return one issue; `vendor_code` stands where vendors put their own number."""
    details: dict[str, Any] = {"text": text}
    if vendor_code:
        details["coding"] = [{"system": VENDOR_CODES, "code": vendor_code, "display": text}]
    return {"severity": severity, "code": code, "details": details}


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    """Return an OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def refusal(status: int, *issues: dict[str, Any]) -> FhirAnswer:
    """Return a refusal with its outcome."""
    body = outcome(*issues)
    return FhirAnswer(
        status=status, headers=dict(_NO_STORE), resource=body, body=json_text.dumps(body)
    )
