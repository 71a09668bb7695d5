"""A referral that is drafted in the chart to see what decision support says about it (pure).

It is not kept: the simulated EHR takes no orders.
"""

from types import MappingProxyType
from typing import Any

SNOMED = "http://snomed.info/sct"
# SNOMED CT specialties that a referral can be drafted to
SPECIALTIES = MappingProxyType(
    {
        "394589003": "Nephrology",
        "394579002": "Cardiology",
        "394591006": "Neurology",
        "394584008": "Gastroenterology",
    }
)
DRAFT_ID = "draft-referral"


def draft(patient_id: str, specialty: str, *, requester: str) -> dict[str, Any]:
    """Return the ServiceRequest of a drafted referral; `specialty` is a code of the list."""
    return {
        "resourceType": "ServiceRequest",
        "id": DRAFT_ID,
        "status": "draft",
        "intent": "order",
        "category": [{"coding": [{"system": SNOMED, "code": "3457005"}]}],
        "code": {"text": f"Referral to {SPECIALTIES[specialty].lower()}"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "requester": {"reference": requester},
        "performerType": {"coding": [{"system": SNOMED, "code": specialty}]},
    }
