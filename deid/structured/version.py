"""Tells content of another FHIR version from R4, before a rule is misapplied to it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from deid.errors import ContentUnusable
from deid.structured.reference_index import kind_of

_OLDER_TYPES: Final = frozenset(
    {"BodySite", "Conformance", "DataElement", "DeviceComponent", "DeviceUseRequest",
     "DiagnosticOrder", "EligibilityRequest", "EligibilityResponse", "MedicationOrder",
     "ProcedureRequest", "ProcessRequest", "ProcessResponse", "ReferralRequest", "Sequence"}
)  # fmt: skip
_NEWER_TYPES: Final = frozenset(
    {"ActorDefinition", "ArtifactAssessment", "BiologicallyDerivedProductDispense",
     "DeviceAssociation", "DeviceDispense", "DeviceUsage", "EncounterHistory", "FormularyItem",
     "GenomicStudy", "ImagingSelection", "InventoryItem", "InventoryReport", "NutritionIntake",
     "Permission", "Requirements", "SubscriptionTopic", "TestPlan", "Transport"}
)  # fmt: skip
_OLDER_ELEMENTS: Final = frozenset(
    {("Condition", "dateRecorded"), ("Condition", "assertedDate"), ("Condition", "context"),
     ("Observation", "comments"), ("Observation", "comment"), ("Observation", "context"),
     ("Observation", "related"), ("AllergyIntolerance", "substance"),
     ("AllergyIntolerance", "assertedDate"), ("Procedure", "context"), ("Procedure", "notDone"),
     ("Immunization", "notGiven"), ("Immunization", "wasNotGiven"), ("Immunization", "date"),
     ("Encounter", "incomingReferral"), ("DocumentReference", "indexed"),
     ("DocumentReference", "class"), ("MedicationStatement", "taken"),
     ("MedicationStatement", "wasNotTaken"), ("DiagnosticReport", "codedDiagnosis"),
     ("Patient", "animal"), ("Patient", "careProvider"), ("CarePlan", "definition")}
)  # fmt: skip
_NEWER_ELEMENTS: Final = frozenset(
    {("Encounter", "actualPeriod"), ("Encounter", "virtualService"), ("Encounter", "reason"),
     ("Condition", "participant"), ("Procedure", "occurrenceDateTime"),
     ("Procedure", "occurrencePeriod"), ("MedicationRequest", "medication"),
     ("MedicationRequest", "reason"), ("MedicationStatement", "medication"),
     ("DocumentReference", "attester"), ("DiagnosticReport", "supportingInfo"),
     ("Observation", "triggeredBy"), ("CarePlan", "custodian"), ("Goal", "acceptance")}
)  # fmt: skip


def require_r4(resources: Iterable[Mapping[str, Any]]) -> None:
    """Refuse content of another version: its elements mean other things under the same names.

    Raises:
        ContentUnusable: a resource has a type, an element or a shape that R4 does not have.
    """
    for position, resource in enumerate(resources):
        version = _foreign_version(resource)
        if version is not None:
            raise ContentUnusable(
                problem=f"this is FHIR {version} content; only R4 can be prepared",
                position=position,
            )


def _foreign_version(resource: Mapping[str, Any]) -> str | None:
    kind = kind_of(resource)
    pairs = {(kind, name) for name in resource}
    if kind in _OLDER_TYPES or pairs & _OLDER_ELEMENTS or _older_shape(kind, resource):
        return "DSTU2 or STU3"
    if kind in _NEWER_TYPES or pairs & _NEWER_ELEMENTS or _newer_shape(kind, resource):
        return "R5"
    return None


def _older_shape(kind: str, resource: Mapping[str, Any]) -> bool:
    return kind in ("Condition", "AllergyIntolerance") and (
        isinstance(resource.get("clinicalStatus"), str)
        or isinstance(resource.get("verificationStatus"), str)
    )


def _newer_shape(kind: str, resource: Mapping[str, Any]) -> bool:
    return kind == "Encounter" and isinstance(resource.get("class"), list)
