"""What a chart holds, in the groups a doctor ticks; and which of it is proposed to be sent.

Minimum necessary: each group proposes its newest entries only, and groups that a question
rarely needs start unticked. Who a person is (names, addresses, staff) is never in a group:
those resources serve de-identification alone. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]
BySection = Mapping[str, Sequence[Resource]]


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
    Group(key="notes", title="Notes", most=3, proposed=True, sections=("notes", "documents")),
    Group(
        key="pictures",
        title="Pictures",
        most=8,
        proposed=True,
        sections=("notes", "documents", "imaging"),
    ),
    Group(key="imaging", title="Imaging", most=5, proposed=False, sections=("imaging",)),
    Group(key="procedures", title="Procedures", most=20, proposed=False, sections=("procedures",)),
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

_DATES = (
    "createdDateTime",
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
_PICTURE_TYPES = ("image/", "application/dicom")
_PERIODS = ("effectivePeriod", "performedPeriod", "period", "onsetPeriod")


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


def contents(by_section: BySection) -> tuple[GroupContent, ...]:
    """Count every group that the chart holds something of."""
    found: list[GroupContent] = []
    for group in GROUPS:
        entries = _entries(group, by_section)
        if entries:
            newest = max(moment_of(resource) for resource in entries)
            found.append(GroupContent(key=group.key, count=len(entries), newest=newest))
    return tuple(found)


def chosen(
    by_section: BySection, ticked: Iterable[str], *, first: Iterable[str] = ()
) -> tuple[Resource, ...]:
    """The resources to send: the patient first, then the newest of each ticked group.

    `first` names what the question is about (`Type/id`): it counts as the newest of its group.
    """
    wanted, ahead = set(ticked), frozenset(first)

    def rank(resource: Resource) -> tuple[bool, str]:
        named = f"{resource.get('resourceType')}/{resource.get('id')}" in ahead
        return named, moment_of(resource)

    picked: list[Resource] = list(by_section.get("patient", ()))[:1]
    for group in GROUPS:
        if group.key in wanted:
            entries = _entries(group, by_section)
            picked.extend(sorted(entries, key=rank, reverse=True)[: group.most])
    return tuple(picked)


def about_of(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """What the question is about, as the draft's patient facts keep it."""
    return tuple(str(one["reference"]) for one in patient.get("about", ()))


def identifying(by_section: BySection) -> tuple[Resource, ...]:
    """Everything that was read: whoever is named anywhere must be known to the gate."""
    return tuple(resource for entries in by_section.values() for resource in entries)


def _entries(group: Group, by_section: BySection) -> list[Resource]:
    found = [resource for name in group.sections for resource in by_section.get(name, ())]
    return [one for one in found if _is_picture(one) == (group.key == "pictures")]


def _is_picture(document: Resource) -> bool:
    """Tell whether a document or Media says of itself that it is nothing but pictures.

    Only for the list: what a file is, its bytes decide when it is de-identified.
    """
    content = document.get("content")
    parts = content if isinstance(content, list) else [{"attachment": content}]
    files = [part.get("attachment") for part in parts if isinstance(part, Mapping)]
    kinds = [
        str(file.get("contentType", "")).lower() if isinstance(file, Mapping) else ""
        for file in files
    ]
    return bool(kinds) and all(kind.startswith(_PICTURE_TYPES) for kind in kinds)
