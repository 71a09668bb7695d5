"""A clinical document (C-CDA) as a chart of its own: its patient, and the document as a note."""

import base64
from typing import Any, Final

from confer.errors import ChartFileUnusable
from deid.attachments.identities import identities_in

SUFFIX: Final = ".xml"
_ID: Final = "document-subject"
_FHIR: Final = b"http://hl7.org/fhir"
_HEAD: Final = 2000

Resource = dict[str, Any]  # FHIR JSON


def is_markup(body: bytes) -> bool:
    """Whether a file is XML rather than JSON, by its first character."""
    return body.lstrip()[:1] == b"<"


def resources_of(body: bytes) -> tuple[Resource, ...]:
    """Return the Patient named in the head of a clinical document, and the document as a note.

    Raises `ChartFileUnusable` for any other XML, FHIR in XML among it.
    """
    if _FHIR in body[:_HEAD]:
        raise ChartFileUnusable(problem="FHIR in XML; only FHIR in JSON is read")
    named = [each for each in identities_in(body) if each.get("resourceType") == "Patient"]
    if not named:
        raise ChartFileUnusable(problem="XML, but no clinical document of one patient (C-CDA)")
    patient = {**named[0], "id": _ID}
    note = {
        "resourceType": "DocumentReference",
        "id": "document",
        "status": "current",
        "subject": {"reference": f"Patient/{_ID}"},
        "content": [
            {
                "attachment": {
                    "contentType": "application/xml",
                    "data": base64.b64encode(body).decode("ascii"),
                }
            }
        ],
    }
    return patient, note
