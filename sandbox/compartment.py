"""To which patient a resource belongs (pure).

Spec: FHIR R4, CompartmentDefinition patient; narrowed to the one element that says whose
chart a resource is in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHARED = "shared"  # directory and catalogue resources that belong to no patient
NOBODY = "nobody"  # a patient's kind of resource that names no patient: no launch may see it

SHARED_TYPES = frozenset(
    {
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Questionnaire",
    }
)
_BY_PATIENT = frozenset(
    {
        "AllergyIntolerance",
        "Consent",
        "Device",
        "FamilyMemberHistory",
        "Immunization",
        "RelatedPerson",
    }
)

_BY_OTHER = {"Coverage": "beneficiary", "Task": "for"}


# Any below: FHIR JSON as it came, of arbitrary shape until it has been looked at.
def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "reference" and isinstance(inner, str):
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _references(inner)


def local(reference: str, base_url: str) -> str:
    """Strip our own base from a reference, and a version behind it."""
    reference = reference.removeprefix(base_url + "/")
    return reference.split("/_history/", 1)[0]


def _patient_id(reference: object, base_url: str) -> str | None:
    if not isinstance(reference, Mapping) or not isinstance(reference.get("reference"), str):
        return None
    kind, _, logical_id = local(reference["reference"], base_url).partition("/")
    return logical_id if kind == "Patient" and logical_id and "/" not in logical_id else None


def compartment_of(resource: Mapping[str, Any], base_url: str) -> str:
    """Name the compartment of a resource: a patient's logical id, SHARED or NOBODY."""
    kind = resource.get("resourceType")
    if kind == "Patient":
        return str(resource.get("id") or NOBODY)
    if kind in SHARED_TYPES:
        return SHARED
    if kind == "Provenance":
        return _of_targets(resource.get("target"), base_url)
    if kind == "Binary":
        return _patient_id(resource.get("securityContext"), base_url) or NOBODY
    element = "patient" if kind in _BY_PATIENT else _BY_OTHER.get(str(kind), "subject")
    return _patient_id(resource.get(element), base_url) or NOBODY


def _of_targets(targets: object, base_url: str) -> str:
    for target in targets if isinstance(targets, Sequence) else ():
        patient = _patient_id(target, base_url)
        if patient is not None:
            return patient
    return NOBODY


def patients_named(resource: Mapping[str, Any], base_url: str) -> frozenset[str]:
    """Collect the logical ids of all patients that any reference in the resource points at."""
    ids = set()
    for reference in _references(resource):
        kind, _, logical_id = local(reference, base_url).partition("/")
        if kind == "Patient":
            ids.add(logical_id)
    return frozenset(ids)


def local_references(resource: Mapping[str, Any], base_url: str) -> frozenset[tuple[str, str]]:
    """Collect (type, id) of all references that point into this server."""
    found = set()
    for reference in _references(resource):
        kind, _, logical_id = local(reference, base_url).partition("/")
        if kind and logical_id and "/" not in logical_id and ":" not in kind:
            found.add((kind, logical_id))
    return frozenset(found)
