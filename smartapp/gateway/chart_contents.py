"""What a chart holds, in the groups a doctor ticks; and which of it is proposed to be sent.

Minimum necessary: each group proposes its newest entries only, and groups that a question
rarely needs start unticked. Who a person is (names, addresses, staff) is never in a group:
those resources serve de-identification alone. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Group:
    """One line of "What to include". `most` is how many newest entries are sent."""

    key: str
    title: str
    most: int
    proposed: bool
    sections: tuple[str, ...]


GROUPS: tuple[Group, ...] = (
    Group(key="problems", title="Problems", most=60, proposed=True, sections=("conditions",)),
    Group(
        key="medications", title="Medications", most=60, proposed=True, sections=("medications",)
    ),
    Group(key="allergies", title="Allergies", most=40, proposed=True, sections=("allergies",)),
    Group(key="labs", title="Labs", most=80, proposed=True, sections=("labs",)),
    Group(key="vitals", title="Vitals", most=40, proposed=True, sections=("vitals",)),
    Group(key="reports", title="Reports", most=4, proposed=True, sections=("reports",)),
    Group(key="notes", title="Notes", most=2, proposed=True, sections=("notes", "documents")),
    Group(key="imaging", title="Imaging", most=5, proposed=False, sections=("imaging",)),
    Group(
        key="procedures", title="Procedures", most=20, proposed=False, sections=("procedures",)
    ),
    Group(
        key="immunizations",
        title="Immunizations",
        most=20,
        proposed=False,
        sections=("immunizations",),
    ),
    Group(
        key="social", title="Social history", most=10, proposed=False, sections=("social_history",)
    ),
    Group(
        key="family", title="Family history", most=10, proposed=False, sections=("family_history",)
    ),
)
BY_KEY: Mapping[str, Group] = {group.key: group for group in GROUPS}

_BY_TYPE = {
    "Condition": "problems",
    "AllergyIntolerance": "allergies",
    "MedicationRequest": "medications",
    "MedicationStatement": "medications",
    "MedicationAdministration": "medications",
    "MedicationDispense": "medications",
    "Procedure": "procedures",
    "DiagnosticReport": "reports",
    "DocumentReference": "notes",
    "ImagingStudy": "imaging",
    "Immunization": "immunizations",
    "FamilyMemberHistory": "family",
}
_OBSERVATIONS = {
    "laboratory": "labs",
    "vital-signs": "vitals",
    "social-history": "social",
    "survey": "social",
    "imaging": "imaging",
}
_DATES = (
    "effectiveDateTime",
    "effectiveInstant",
    "issued",
    "recordedDate",
    "onsetDateTime",
    "authoredOn",
    "performedDateTime",
    "occurrenceDateTime",
    "date",
    "started",
    "assertedDate",
    "dateAsserted",
)
_PERIODS = ("effectivePeriod", "performedPeriod", "period", "onsetPeriod")


def group_of(resource: Resource) -> str | None:
    """The group a resource belongs to; None for what only says who somebody is."""
    kind = str(resource.get("resourceType"))
    if kind != "Observation":
        return _BY_TYPE.get(kind)
    for category in resource.get("category") or []:
        for coding in category.get("coding") or []:
            found = _OBSERVATIONS.get(str(coding.get("code")))
            if found is not None:
                return found
    return "labs"


def moment_of(resource: Resource) -> str:
    """When it happened, as FHIR text to sort by; empty when the resource does not say."""
    for name in _DATES:
        value = resource.get(name)
        if isinstance(value, str) and value:
            return value
    for name in _PERIODS:
        period = resource.get(name)
        if isinstance(period, Mapping):
            value = period.get("end") or period.get("start")
            if isinstance(value, str):
                return value
    return ""


@dataclass(frozen=True, kw_only=True)
class GroupContent:
    """How much of a group the chart holds and how new it is."""

    key: str
    count: int
    newest: str


def contents(resources: Iterable[Resource]) -> tuple[GroupContent, ...]:
    """Count every group that the chart holds something of."""
    found: dict[str, tuple[int, str]] = {}
    for resource in resources:
        key = group_of(resource)
        if key is not None:
            count, newest = found.get(key, (0, ""))
            found[key] = (count + 1, max(newest, moment_of(resource)))
    return tuple(
        GroupContent(key=group.key, count=found[group.key][0], newest=found[group.key][1])
        for group in GROUPS
        if group.key in found
    )


def chosen(resources: Sequence[Resource], ticked: Iterable[str]) -> tuple[Resource, ...]:
    """The resources to send: the patient first, then the newest of each ticked group.

    Resources that a chosen one needs to be understood (a medication, a specimen) come along.
    """
    wanted = set(ticked)
    grouped: dict[str, list[Resource]] = {}
    for resource in resources:
        key = group_of(resource)
        if key in wanted and key is not None:
            grouped.setdefault(key, []).append(resource)
    picked: list[Resource] = [r for r in resources if r.get("resourceType") == "Patient"][:1]
    for group in GROUPS:
        newest_first = sorted(grouped.get(group.key, ()), key=moment_of, reverse=True)
        picked.extend(newest_first[: group.most])
    picked.extend(_needed_by(picked, resources))
    return tuple(picked)


def _needed_by(picked: Sequence[Resource], resources: Sequence[Resource]) -> list[Resource]:
    """Medications that picked prescriptions only refer to."""
    wanted = {
        str(reference.get("reference", "")).rsplit("/", 1)[-1]
        for resource in picked
        if isinstance(reference := resource.get("medicationReference"), Mapping)
    }
    return [
        resource
        for resource in resources
        if resource.get("resourceType") == "Medication" and resource.get("id") in wanted
    ]


def patient_of(resources: Iterable[Resource]) -> Resource | None:
    """The Patient resource of a chart."""
    for resource in resources:
        if resource.get("resourceType") == "Patient":
            return resource
    return None
