"""Puts every outgoing resource into its section of the snapshot."""

from collections.abc import Iterable, Mapping
from typing import Any

from deid.sealed_case import SealedSection
from deid.structured.numbering import Numbered, address
from deid.structured.rules import Section


def assign(
    numbered: Mapping[int, Numbered], sections: Iterable[Section], base: str
) -> tuple[SealedSection, ...]:
    """Return the sections that have entries, each resource in the first one that fits."""
    waiting = [each for each in numbered.values() if each.resource["resourceType"] != "Patient"]
    made = []
    for section in sections:
        fitting = [each for each in waiting if _fits(each.resource, section)]
        taken = {id(each) for each in fitting}
        waiting = [each for each in waiting if id(each) not in taken]
        if fitting:
            fitting.sort(key=lambda each: (each.resource["resourceType"], each.number))
            made.append(
                SealedSection(
                    title=section.title,
                    loinc=section.loinc,
                    display=section.display,
                    refs=tuple(address(base, each) for each in fitting),
                )
            )
    return tuple(made)


def _fits(resource: Mapping[str, Any], section: Section) -> bool:
    if resource["resourceType"] not in section.types:
        return False
    if not section.categories or resource["resourceType"] != "Observation":
        return True
    return any(
        coding.get("code") in section.categories
        for category in resource.get("category", ())
        for coding in category.get("coding", ())
    )
