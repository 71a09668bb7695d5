"""Charts for adapter tests: small resources of one patient, and a few that must not get in."""

import base64
from typing import Any

from fhir_adapters import reading
from fhir_adapters.chart import ChartSnapshot, SectionName
from fhir_adapters.reading import ReadOptions
from runtime.errors import OutboundDown
from runtime.outbound import OutboundAnswer
from tests.support.memory_fhir import MemoryFhirSession

PATIENT_ID = "p-1"
SUBJECT = {"reference": f"Patient/{PATIENT_ID}"}


def patient(**changes: Any) -> dict[str, Any]:
    """Return the patient."""
    return {
        "resourceType": "Patient",
        "id": PATIENT_ID,
        "name": [{"family": "Quarrow"}],
        "generalPractitioner": [{"reference": "Practitioner/d-9"}],
        **changes,
    }


def entry(resource_type: str, found: str, **more: Any) -> dict[str, Any]:
    """Return one resource of the patient, named by the element its type uses."""
    patient_types = {"AllergyIntolerance", "Immunization", "FamilyMemberHistory", "RelatedPerson"}
    element = "patient" if resource_type in patient_types else "subject"
    element = "beneficiary" if resource_type == "Coverage" else element
    return {"resourceType": resource_type, "id": found, element: SUBJECT, **more}


def category(code: str) -> list[dict[str, Any]]:
    """Return a category element."""
    return [{"coding": [{"code": code}]}]


def note(found: str, text: str | None = None, **attachment: Any) -> dict[str, Any]:
    """Return a clinical note with its text inside, or with an attachment as given."""
    inside = {"contentType": "text/plain", **attachment}
    if text is not None:
        inside["data"] = base64.b64encode(text.encode()).decode()
    return entry(
        "DocumentReference",
        found,
        category=category("clinical-note"),
        content=[{"attachment": inside}],
    )


def full_chart() -> list[dict[str, Any]]:
    """Return a chart that has something in every section."""
    return [
        patient(),
        entry("Encounter", "e-1"),
        entry("Condition", "c-1", recorder={"reference": "Practitioner/d-1"}),
        entry("AllergyIntolerance", "a-1"),
        entry("MedicationRequest", "m-1", medicationReference={"reference": "Medication/drug-1"}),
        entry("MedicationStatement", "ms-1"),
        entry("Observation", "o-1", category=category("vital-signs")),
        entry("Observation", "o-2", category=category("laboratory")),
        entry("Observation", "o-3", category=category("social-history")),
        entry("Observation", "o-4", category=category("survey")),
        entry("Procedure", "pr-1", performer=[{"actor": {"reference": "Organization/org-1"}}]),
        entry(
            "DiagnosticReport",
            "dr-1",
            presentedForm=[{"contentType": "text/html", "url": "Binary/report-1"}],
        ),
        note("n-1", "seen at night"),
        note("n-2", url="Binary/note-2"),
        entry("DocumentReference", "d-1", category=category("letter"), content=[]),
        entry("ImagingStudy", "i-1"),
        entry("FamilyMemberHistory", "f-1"),
        entry("Immunization", "im-1"),
        entry("RelatedPerson", "r-1"),
        entry("Coverage", "cov-1"),
        {"resourceType": "Medication", "id": "drug-1"},
        {"resourceType": "Practitioner", "id": "d-1"},
        {"resourceType": "Practitioner", "id": "d-9"},
        {"resourceType": "Organization", "id": "org-1"},
        {"resourceType": "Binary", "id": "note-2", "data": "c2Vjb25k", "contentType": "text/plain"},
        {"resourceType": "Binary", "id": "report-1", "data": "PHA+eDwvcD4="},
    ]


def read(session: MemoryFhirSession, **more: Any) -> ChartSnapshot:
    """Read the patient's chart; `limits` and `encounter_id` may be given."""
    more.setdefault("encounter_id", "e-1")
    if "limits" in more:
        more["options"] = ReadOptions(limits=more.pop("limits"))
    return reading.read_chart(session, patient_id=PATIENT_ID, **more)


def ids(snapshot: ChartSnapshot, name: SectionName) -> set[str]:
    """Return the ids of a section's resources."""
    return {resource["id"] for resource in snapshot.by_section[name]}


def down(reason: str = "timeout") -> Any:
    """Return a fault that breaks the connection."""

    def fault() -> OutboundAnswer:
        raise OutboundDown(reason=reason, label="test")  # type: ignore[arg-type]

    return fault
