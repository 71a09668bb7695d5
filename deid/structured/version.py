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
    {("Encounter", "actualPeriod"), ("Encounter", "virtualService"),
     ("Condition", "participant"), ("Procedure", "occurrenceDateTime"),
     ("Procedure", "occurrencePeriod"), ("MedicationRequest", "medication"),
     ("MedicationRequest", "reason"), ("MedicationStatement", "medication"),
     ("DocumentReference", "attester"), ("DiagnosticReport", "supportingInfo"),
     ("Observation", "triggeredBy"), ("CarePlan", "custodian"), ("Goal", "acceptance")}
)  # fmt: skip

_WITH_CODEABLE_REFERENCES: Final = frozenset(
    {"CarePlan", "DeviceRequest", "Immunization", "MedicationAdministration", "MedicationDispense",
     "MedicationStatement", "Procedure", "ServiceRequest"}
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


def _by_kind(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    kinds = {kind for kind, _ in pairs}
    return {kind: frozenset(name for own, name in pairs if own == kind) for kind in kinds}


_OLDER: Final = _by_kind(_OLDER_ELEMENTS)
_NEWER: Final = _by_kind(_NEWER_ELEMENTS)
_NONE: Final[frozenset[str]] = frozenset()


def _foreign_version(resource: Mapping[str, Any]) -> str | None:
    kind, names = kind_of(resource), resource.keys()
    if kind in _OLDER_TYPES or _OLDER.get(kind, _NONE) & names or _older_shape(kind, resource):
        return "DSTU2 or STU3"
    if kind in _NEWER_TYPES or _NEWER.get(kind, _NONE) & names or _newer_shape(kind, resource):
        return "R5"
    return None


def _older_shape(kind: str, resource: Mapping[str, Any]) -> bool:
    """Tell what R4 turned into a list or a concept, or gave another name."""
    match kind:
        case "Condition" | "AllergyIntolerance":
            told = resource.get("clinicalStatus"), resource.get("verificationStatus")
            return any(type(each) is str for each in told)
        case "Observation" | "DiagnosticReport" | "CarePlan":
            return type(resource.get("category")) is dict
        case "Encounter":
            return type(resource.get("class")) is str or _has(
                resource.get("reason"), "coding", "text"
            )
        case "Patient":
            return any(type(each.get("family")) is list for each in _parts(resource.get("name")))
    return False


def _newer_shape(kind: str, resource: Mapping[str, Any]) -> bool:
    """Tell a list of classes, a reason with its use, and references that may be codes as well."""
    if kind == "Encounter":
        return type(resource.get("class")) is list or _has(resource.get("reason"), "use", "value")
    if kind in _WITH_CODEABLE_REFERENCES:
        return any(
            "concept" in each or type(each.get("reference")) is dict
            for name, value in resource.items()
            if name != "activity"  # of a CarePlan: a part that has a reference in R4, too
            for each in _parts(value)
        )
    return False


def _has(value: Any, *names: str) -> bool:
    return any(name in each for each in _parts(value) for name in names)


def _parts(value: Any) -> list[dict[str, Any]]:
    listed = value if type(value) is list else [value]
    return [each for each in listed if type(each) is dict]
