"""Code systems and codes that R4 writes otherwise than earlier releases (pure).

Spec: FHIR R4, "Code Systems": most moved to terminology.hl7.org in that release
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_MOVED_V = re.compile(r"http://hl7\.org/fhir/v(?P<number>[23])/(?P<name>[A-Za-z0-9_\-]+)")
_FHIR = "http://hl7.org/fhir/"
_MOVED = "http://terminology.hl7.org/CodeSystem/"
# Systems whose codes stayed the same under the new address.
_MOVED_NAMES = frozenset(
    {
        "admit-source",
        "data-absent-reason",
        "diagnosis-role",
        "diet",
        "discharge-disposition",
        "encounter-special-arrangements",
        "encounter-special-courtesy",
        "goal-category",
        "location-physical-type",
        "medication-statement-category",
        "observation-category",
        "organization-type",
        "practitioner-role",
        "reaction-event-certainty",
        "referencerange-meaning",
    }
)
# Condition categories of DSTU2 are other codes under the same address.
_MOVED_SINCE_STU3 = frozenset({"condition-category"})

CONDITION_CLINICAL = f"{_MOVED}condition-clinical"
CONDITION_VERIFICATION = f"{_MOVED}condition-ver-status"
ALLERGY_CLINICAL = f"{_MOVED}allergyintolerance-clinical"
ALLERGY_VERIFICATION = f"{_MOVED}allergyintolerance-verification"
ACT_CODE = f"{_MOVED}v3-ActCode"
DIAGNOSIS_ROLE = f"{_MOVED}diagnosis-role"
MEDIA_TYPE = f"{_MOVED}media-type"
COVERAGE_CLASS = f"{_MOVED}coverage-class"
FUNCTION = f"{_MOVED}v2-0443"
GENDER = f"{_FHIR}administrative-gender"
DICOM_UID = "urn:dicom:uid"
URI = "urn:ietf:rfc:3986"
ABSENT = {
    "extension": [
        {
            "url": f"{_FHIR}StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}


def same(codes: str) -> Mapping[str, str]:
    """Codes that R4 has as they are."""
    return MappingProxyType({one: one for one in codes.split()})


def moved(value: Any, *, since_stu3: bool) -> Any:
    """Return the JSON value with the systems of its codings at their R4 address."""
    if isinstance(value, list):
        return [moved(one, since_stu3=since_stu3) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: moved(one, since_stu3=since_stu3) for name, one in value.items()}
    system = made.get("system")
    if isinstance(system, str) and "code" in made:
        made["system"] = _address(system, since_stu3=since_stu3)
    return made


def _address(system: str, *, since_stu3: bool) -> str:
    match = _MOVED_V.fullmatch(system)
    if match is not None:
        return f"{_MOVED}v{match['number']}-{match['name']}"
    name = system.removeprefix(_FHIR)
    if name in _MOVED_NAMES or (since_stu3 and name in _MOVED_SINCE_STU3):
        return f"{_MOVED}{name}"
    return system
