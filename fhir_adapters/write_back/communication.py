"""To the requesting doctor's inbox: word that an answer is in the chart, or the answer (pure).

The whole answer goes this way only where the chart takes no note.

Spec: spec/wire.md 2.8 (2); spec/smart.md section 4, write plan (3)
"""

from typing import Any

from exchange import names
from fhir_adapters.note import NoteToWrite
from fhir_adapters.write_back.checking import checked

# No clinical words: inbox previews are read over shoulders.
TEXT = "The answer to your second-opinion request is in the chart as a consult note."


def build(note: NoteToWrite, *, note_reference: str) -> dict[str, Any]:
    """Return the Communication that points at the written note."""
    resource = _message(note, identifier(note.opinion_id), TEXT)
    resource["about"] = [{"reference": note_reference}]
    return checked(resource)


def build_answer(note: NoteToWrite) -> dict[str, Any]:
    """Return the Communication that carries the whole text of the answer."""
    return checked(_message(note, answer_identifier(note.opinion_id), note.text))


def _message(note: NoteToWrite, identified: dict[str, str], text: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Communication",
        "identifier": [identified],
        "status": "completed",
        "subject": {"reference": f"Patient/{note.patient_id}"},
        "sent": note.filed_at.isoformat(timespec="seconds"),
        "payload": [{"contentString": text}],
    }
    if note.encounter_id is not None:
        resource["encounter"] = {"reference": f"Encounter/{note.encounter_id}"}
    if note.author is not None:
        resource["recipient"] = [{"reference": note.author}]
    return resource


def identifier(opinion_id: str) -> dict[str, str]:
    """Return the identifier that makes the word findable and its write idempotent."""
    return {"system": names.SID_MESSAGE, "value": f"{opinion_id}.notice"}


def answer_identifier(opinion_id: str) -> dict[str, str]:
    """Return the identifier of a message that is the answer itself."""
    return {"system": names.SID_OPINION, "value": opinion_id}
