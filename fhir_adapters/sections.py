"""Which searches make up each section of a chart, chosen by what the server declares (pure).

Spec: FHIR R4 search parameters; US Core 6.1 search expectations
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_adapters.capability import Capability
from fhir_adapters.chart import Resource, SectionName
from fhir_adapters.search import Query, escaped
from fhir_adapters.traits import SearchTraits

# Where a type names its patient; the first declared parameter is used.
_PATIENT_PARAMS = ("patient", "subject", "beneficiary")
NOTE_CATEGORY = "clinical-note"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One resource type of a section, narrowed by a category where the section has one."""

    resource_type: str
    category: str | None = None


WISHES: Mapping[SectionName, tuple[Wish, ...]] = {
    SectionName.CONDITIONS: (Wish(resource_type="Condition"),),
    SectionName.ALLERGIES: (Wish(resource_type="AllergyIntolerance"),),
    SectionName.MEDICATIONS: (
        Wish(resource_type="MedicationRequest"),
        Wish(resource_type="MedicationStatement"),
    ),
    SectionName.VITALS: (Wish(resource_type="Observation", category="vital-signs"),),
    SectionName.LABS: (Wish(resource_type="Observation", category="laboratory"),),
    SectionName.PROCEDURES: (Wish(resource_type="Procedure"),),
    SectionName.REPORTS: (Wish(resource_type="DiagnosticReport"),),
    # One search serves notes and documents: servers disagree on note categories, so the two
    # are told apart here.
    SectionName.NOTES: (Wish(resource_type="DocumentReference"),),
    SectionName.DOCUMENTS: (Wish(resource_type="DocumentReference"),),
    SectionName.IMAGING: (Wish(resource_type="ImagingStudy"), Wish(resource_type="Media")),
    SectionName.FAMILY_HISTORY: (Wish(resource_type="FamilyMemberHistory"),),
    SectionName.SOCIAL_HISTORY: (Wish(resource_type="Observation", category="social-history"),),
    SectionName.IMMUNIZATIONS: (Wish(resource_type="Immunization"),),
    SectionName.RELATIVES: (Wish(resource_type="RelatedPerson"),),
    SectionName.COVERAGE: (Wish(resource_type="Coverage"),),
}


def queries(
    wishes: Sequence[Wish],
    capability: Capability,
    patient_id: str,
    traits: SearchTraits | None = None,
) -> tuple[Query, ...]:
    """Return the searches for a section that the server declares; none when it offers none."""
    used = traits or SearchTraits()
    found = (_query(wish, capability, patient_id, used) for wish in wishes)
    return tuple(query for query in found if query is not None)


def keeps(name: SectionName, resource: Resource) -> bool:
    """Tell whether a found resource belongs into the section; servers may ignore a category."""
    if resource.get("resourceType") == "DocumentReference":
        return has_category(resource, NOTE_CATEGORY) == (name is SectionName.NOTES)
    wished = {wish.category for wish in WISHES[name]}
    return None in wished or any(has_category(resource, c) for c in wished if c is not None)


def has_category(resource: Resource, code: str) -> bool:
    """Tell whether any coding of `category` has this code, whatever its system."""
    categories = resource.get("category")
    for concept in categories if isinstance(categories, list) else [categories]:
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            if isinstance(coding, dict) and coding.get("code") == code:
                return True
    return False


def _query(
    wish: Wish, capability: Capability, patient_id: str, traits: SearchTraits
) -> Query | None:
    if not capability.offers(wish.resource_type, "search-type"):
        return None
    param = next((p for p in _PATIENT_PARAMS if capability.has_param(wish.resource_type, p)), None)
    if param is None:
        return None
    value = escaped(patient_id) if param == "patient" else f"Patient/{escaped(patient_id)}"
    params = [(param, value)]
    wanted = traits.required.get(wish.resource_type, ())
    needs_category = any("category" in group for group in wanted)
    if wish.category is not None and (
        needs_category or capability.has_param(wish.resource_type, "category")
    ):
        params.append(("category", wish.category))
    named = {name for name, _value in params}
    if any(not named & set(group) for group in wanted):
        return None  # the server would refuse it: that is the same as not offering it
    size = traits.page_size_of(wish.resource_type)
    if size and capability.takes_count(wish.resource_type):
        params.append(("_count", str(size)))
    return Query(resource_type=wish.resource_type, params=tuple(params))
