"""The answer as one text in a QuestionnaireResponse, for sites that agreed to it (pure).

Some EHRs take nothing else from outside (athenahealth, MEDITECH, 2026).

Spec: spec/smart.md section 4, write plan (4)
"""

from typing import Any

from exchange import names
from fhir_adapters.note import NoteToWrite
from fhir_adapters.write_back.checking import checked

LINK_ID = "second-opinion"
QUESTION = "Second opinion (de-identified e-consult, patient not examined)"


def build(note: NoteToWrite) -> dict[str, Any]:
    """Return the QuestionnaireResponse; raises `NoteInvalid` when it breaks FHIR R4."""
    resource: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "identifier": identifier(note.opinion_id),
        "status": "completed",
        "subject": {"reference": f"Patient/{note.patient_id}"},
        "authored": note.filed_at.isoformat(timespec="seconds"),
        "item": [{"linkId": LINK_ID, "text": QUESTION, "answer": [{"valueString": note.text}]}],
    }
    if note.encounter_id is not None:
        resource["encounter"] = {"reference": f"Encounter/{note.encounter_id}"}
    if note.author is not None:
        resource["author"] = {"reference": note.author}
    return checked(resource)


def identifier(opinion_id: str) -> dict[str, str]:
    """Return the identifier that makes it findable and its write idempotent."""
    return {"system": names.SID_OPINION, "value": opinion_id}
