"""HTTP answers to interactions that went well."""

from email.utils import format_datetime
from typing import Any

from fhir_server import bundles, outcomes
from fhir_server.messages import FHIR_JSON, FhirAnswer
from fhir_server.negotiate import Preference
from fhir_server.ports import Stored
from runtime import json_text


def json_answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> FhirAnswer:
    """Return an answer with a FHIR JSON body."""
    return FhirAnswer(status=status, headers=_headers() | (headers or {}), body=body)


def resource_answer(status: int, resource: dict[str, Any]) -> FhirAnswer:
    """Return an answer with a resource that exists only for this answer."""
    return FhirAnswer(
        status=status, headers=_headers(), resource=resource, body=json_text.dumps(resource)
    )


def version_answer(stored: Stored, *, unless_version: str | None) -> FhirAnswer:
    """Return one version, or 304 when the caller already holds it."""
    headers = version_headers(stored)
    if unless_version is not None and unless_version.strip() == bundles.etag(stored):
        return FhirAnswer(status=304, headers=headers)
    return json_answer(200, stored.body, headers)


def write_answer(
    stored: Stored, *, created: bool, base_url: str, preference: Preference | None
) -> FhirAnswer:
    """Return the answer to a create or update: where it is, and as much as was asked for."""
    headers = version_headers(stored)
    headers["location"] = f"{base_url}/{stored.reference}/_history/{stored.version}"
    status = 201 if created else 200
    if preference == "minimal":
        return FhirAnswer(status=status, headers=headers | {"cache-control": "no-store"})
    if preference == "OperationOutcome":
        return json_answer(status, json_text.dumps(outcomes.success("stored")), headers)
    return json_answer(status, stored.body, headers)


def deleted_answer(stored: Stored) -> FhirAnswer:
    """Return the answer to a delete."""
    return FhirAnswer(status=204, headers={"etag": bundles.etag(stored)})


def version_headers(stored: Stored) -> dict[str, str]:
    """Return the headers that name a version."""
    return {
        "etag": bundles.etag(stored),
        "last-modified": format_datetime(stored.updated, usegmt=True),
    }


def _headers() -> dict[str, str]:
    return {"content-type": FHIR_JSON, "cache-control": "no-store"}
