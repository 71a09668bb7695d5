"""A patient's chart as it was read: raw resources, and how complete each section is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

# Any: FHIR JSON has no narrower type; decimals are `Decimal` as written.
Resource: TypeAlias = Mapping[str, Any]

SectionState = Literal["complete", "incomplete", "refused"]


class SectionName(StrEnum):
    """The sections of a chart; the first seventeen may be sent, the rest only names people."""

    PATIENT = "patient"
    ENCOUNTER = "encounter"
    CONDITIONS = "conditions"
    ALLERGIES = "allergies"
    MEDICATIONS = "medications"
    VITALS = "vitals"
    LABS = "labs"
    PROCEDURES = "procedures"
    REPORTS = "reports"
    NOTES = "notes"
    DOCUMENTS = "documents"
    IMAGING = "imaging"
    FAMILY_HISTORY = "family_history"
    SOCIAL_HISTORY = "social_history"
    IMMUNIZATIONS = "immunizations"
    RELATIVES = "relatives"
    COVERAGE = "coverage"
    CARE_TEAM = "care_team"


class Reason(StrEnum):
    """Why a section is not complete; the first of these that applies is shown."""

    NOT_OFFERED = "not_offered"  # the CapabilityStatement does not declare it
    FORBIDDEN = "forbidden"  # the EHR's rules or the granted scopes
    UNREACHABLE = "unreachable"  # time-out, broken connection, 5xx
    REJECTED = "rejected"  # another 4xx
    NOT_FHIR = "not_fhir"  # the answer is not a FHIR searchset
    FOREIGN_PAGE = "foreign_page"  # the next page is on another server
    PAGE_LOOP = "page_loop"  # the next page was read already
    TOO_MANY_PAGES = "too_many_pages"
    TOO_LARGE = "too_large"
    OUT_OF_TIME = "out_of_time"
    THROTTLED = "throttled"  # the EHR asked us to wait, or we spare it after failures
    CAPPED = "capped"  # the EHR lists no more than so many, and there may be more
    EXPIRED_PAGE = "expired_page"  # the pages ran out while they were read, twice
    NOT_CONVERTED = "not_converted"  # another FHIR release; parts have no R4 form
    PARTIAL = "partial"  # the EHR says that it left something out
    WRONG_PATIENT = "wrong_patient"  # entries of somebody else were dropped
    UNREADABLE_ENTRY = "unreadable_entry"  # entries that are not resources were dropped
    ATTACHMENT = "attachment"  # a text could not be fetched
    REFERENCE = "reference"  # somebody who is named could not be read


class PatientFlag(StrEnum):
    """What the doctor must be told about the patient's record before asking."""

    MERGED = "merged"  # replaced by another record
    INACTIVE = "inactive"
    DECEASED = "deceased"
    ENCOUNTER_MISMATCH = "encounter_mismatch"  # the launched encounter is somebody else's


@dataclass(frozen=True, kw_only=True)
class ChartSection:
    """One section: how complete, why not, and how many entries were dropped."""

    name: SectionName
    state: SectionState
    count: int
    reasons: tuple[Reason, ...] = ()
    dropped_wrong_patient: int = 0
    dropped_duplicate: int = 0
    dropped_unreadable: int = 0

    @property
    def reason(self) -> Reason | None:
        """The reason to show, None for a complete section."""
        return self.reasons[0] if self.reasons else None


@dataclass(frozen=True, kw_only=True)
class ChartSnapshot:
    """Everything that was read about one patient; `repr` shows counts only."""

    patient_id: str = field(repr=False)
    encounter_id: str | None = field(repr=False)
    taken_at: datetime
    sections: tuple[ChartSection, ...]
    by_section: Mapping[SectionName, tuple[Resource, ...]] = field(repr=False)
    flags: frozenset[PatientFlag] = frozenset()

    @property
    def patient(self) -> Resource:
        """The Patient resource."""
        return self.by_section[SectionName.PATIENT][0]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources, in the order of the sections, the Patient first."""
        return tuple(r for name in SectionName for r in self.by_section.get(name, ()))

    def section(self, name: SectionName) -> ChartSection:
        """Return one section's state."""
        return next(section for section in self.sections if section.name == name)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return all(section.state == "complete" for section in self.sections)
