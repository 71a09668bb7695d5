"""Word to the requesting doctor's inbox that an answer is in the chart (pure).

Spec: spec/wire.md 2.8 (2)
"""

from typing import Any

from fhir.resources.R4B.communication import Communication

from exchange import names
from fhir_adapters.note import NoteToWrite
from fhir_adapters.write_back.checking import checked

# No clinical words: inbox previews are read over shoulders.
TEXT = "The answer to your second-opinion request is in the chart as a consult note."


def build(note: NoteToWrite, *, note_reference: str) -> dict[str, Any]:
    """Return the Communication that points at the written note."""
    resource: dict[str, Any] = {
        "resourceType": "Communication",
        "identifier": [identifier(note.opinion_id)],
        "status": "completed",
        "subject": {"reference": f"Patient/{note.patient_id}"},
        "about": [{"reference": note_reference}],
        "sent": note.filed_at.isoformat(timespec="seconds"),
        "payload": [{"contentString": TEXT}],
    }
    if note.encounter_id is not None:
        resource["encounter"] = {"reference": f"Encounter/{note.encounter_id}"}
    if note.author is not None:
        resource["recipient"] = [{"reference": note.author}]
    return checked(Communication, resource)


def identifier(opinion_id: str) -> dict[str, str]:
    """Return the identifier that makes the word findable and its write idempotent."""
    return {"system": names.SID_MESSAGE, "value": f"{opinion_id}.notice"}
