"""The answer as a consult note: DocumentReference with the text inside (pure).

Spec: spec/wire.md 2.8; US Core 9, Writing Clinical Notes
"""

import base64
from typing import Any

from exchange import names
from fhir_adapters.note import NoteToWrite
from fhir_adapters.write_back.checking import checked

# Shown in lists of documents: says what kind of paper it is, nothing about the patient.
DESCRIPTION = "Confer second opinion (de-identified e-consult, patient not examined)"
TEXT, XHTML, PDF = "text/plain", "application/xhtml+xml", "application/pdf"
_CHARSET = "; charset=utf-8"


def build(note: NoteToWrite, *, formats: tuple[str, ...] = (TEXT,)) -> dict[str, Any]:
    """Return the DocumentReference of a note; raises `NoteInvalid` when it breaks FHIR R4.

    `formats` are the media types the EHR takes, the preferred first; one content is written.
    """
    resource: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "identifier": [identifier(note.opinion_id)],
        "status": "current",
        "docStatus": "final",
        "type": {
            "coding": [
                {
                    "system": names.LOINC,
                    "code": names.LOINC_CONSULT_NOTE,
                    "display": "Consult note",
                }
            ]
        },
        "category": [{"coding": [{"system": names.CS_NOTE_CATEGORY, "code": "clinical-note"}]}],
        "subject": {"reference": f"Patient/{note.patient_id}"},
        "date": note.filed_at.isoformat(timespec="seconds"),
        "description": DESCRIPTION,
        "content": [_attachment(*content(note, formats))],
        "context": _context(note),
    }
    if note.author is not None:
        resource["author"] = [{"reference": note.author}]
    if note.replaces is not None:
        resource["relatesTo"] = [{"code": "replaces", "target": {"reference": note.replaces}}]
    return checked(resource)


def as_draft(note: NoteToWrite) -> dict[str, Any]:
    """Return the note as something that a doctor still has to sign in the EHR."""
    return checked({**build(note), "docStatus": "preliminary"})


def identifier(opinion_id: str) -> dict[str, str]:
    """Return the identifier that makes the note findable and its write idempotent."""
    return {"system": names.SID_OPINION, "value": opinion_id}


def content(note: NoteToWrite, formats: tuple[str, ...]) -> tuple[str, bytes]:
    """Return media type and bytes of the first format that the note has; text it always has."""
    made = {
        TEXT: note.content,
        XHTML: note.xhtml.encode("utf-8") if note.xhtml is not None else None,
        PDF: note.pdf,
    }
    for media in formats:
        found = made.get(media)
        if found is not None:
            return media, found
    return TEXT, note.content


def _attachment(media: str, data: bytes) -> dict[str, Any]:
    shown = media if media == PDF else f"{media}{_CHARSET}"
    encoded = base64.b64encode(data).decode("ascii")
    return {"attachment": {"contentType": shown, "language": "en", "data": encoded}}


def _context(note: NoteToWrite) -> dict[str, Any]:
    context: dict[str, Any] = {
        # Oracle Health (2024) wants an end, and a time of day in every date.
        "period": {
            "start": note.asked_at.isoformat(timespec="seconds"),
            "end": note.answered_at.isoformat(timespec="seconds"),
        },
        "related": [{"identifier": {"system": names.SID_CASE, "value": note.case_id}}],
    }
    if note.encounter_id is not None:
        context["encounter"] = [{"reference": f"Encounter/{note.encounter_id}"}]
    return context
