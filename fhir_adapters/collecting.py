"""Makes a section out of what its searches returned: only this patient, each entry once (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fhir_adapters import references, search, sections
from fhir_adapters.chart import ChartSection, Reason, Resource, SectionName, SectionState
from fhir_adapters.paging import Pages

# A section that met only these has not been read at all by the EHR's will.
_REFUSALS = frozenset({Reason.NOT_OFFERED, Reason.FORBIDDEN, Reason.REJECTED})


@dataclass(kw_only=True)
class SectionContent:
    """One section while it is being read."""

    name: SectionName
    resources: list[Resource] = field(default_factory=list)
    included: list[Resource] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    wrong_patient: int = 0
    duplicate: int = 0
    unreadable: int = 0

    def note(self, reason: Reason) -> None:
        """Remember a reason once."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    @property
    def section(self) -> ChartSection:
        """The section's state as it is shown and kept."""
        order = list(Reason)
        return ChartSection(
            name=self.name,
            state=self._state(),
            count=len(self.resources),
            reasons=tuple(sorted(self.reasons, key=order.index)),
            dropped_wrong_patient=self.wrong_patient,
            dropped_duplicate=self.duplicate,
            dropped_unreadable=self.unreadable,
        )

    def _state(self) -> SectionState:
        if not self.reasons:
            return "complete"
        refused = not self.resources and set(self.reasons) <= _REFUSALS
        return "refused" if refused else "incomplete"


def collect(
    name: SectionName, pages: Sequence[Pages], *, patient_id: str, base_url: str
) -> SectionContent:
    """Return the section's content; entries of others and second copies are counted and dropped."""
    content = SectionContent(name=name)
    seen: set[str | None] = set()
    for one in pages:
        for reason in one.reasons:
            content.note(reason)
        content.unreadable += one.unreadable
        for resource in one.resources:
            key = search.key_of(resource)
            if key in seen:
                content.duplicate += 1
            else:
                _take(content, resource, patient_id=patient_id, base_url=base_url)
            seen.add(key)
    return content


def _take(content: SectionContent, resource: Resource, *, patient_id: str, base_url: str) -> None:
    resource_type = resource.get("resourceType")
    if resource_type in references.PEOPLE_TYPES | references.DRUG_TYPES:
        content.included.append(resource)
    elif resource_type not in {wish.resource_type for wish in sections.WISHES[content.name]}:
        # Something nobody asked for; without a rule about whose it is, it stays out.
        content.unreadable += 1
        content.note(Reason.UNREADABLE_ENTRY)
    elif not search.belongs_to(resource, patient_id, base_url=base_url):
        content.wrong_patient += 1
        content.note(Reason.WRONG_PATIENT)
    elif sections.keeps(content.name, resource):
        content.resources.append(resource)
