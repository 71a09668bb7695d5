"""How one server is read and written: its declared capabilities and its vendor's traits."""

from dataclasses import dataclass, field

from fhir_adapters import read_back, reading, writing
from fhir_adapters.capability import Capability
from fhir_adapters.chart import ChartSnapshot
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import Verified, WriteOutcome
from fhir_adapters.paging import Limits
from fhir_adapters.ports import FhirSession, OnSection
from fhir_adapters.reading import ReadOptions
from fhir_adapters.traits import VendorTraits


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """Reads and writes by what the CapabilityStatement declares and the traits say."""

    capability: Capability
    traits: VendorTraits
    limits: Limits = field(default_factory=Limits)

    def read_chart(
        self,
        session: FhirSession,
        *,
        patient_id: str,
        encounter_id: str | None,
        on_section: OnSection | None = None,
        also_named: tuple[str, ...] = (),
    ) -> ChartSnapshot:
        """Return the chart with the state of every section."""
        return reading.read_chart(
            session,
            patient_id=patient_id,
            encounter_id=encounter_id,
            on_section=on_section,
            options=ReadOptions(
                capability=self.capability,
                limits=self.limits,
                also_named=also_named,
                traits=self.traits,
            ),
        )

    def write_note(
        self, session: FhirSession, note: NoteToWrite, *, tried_before: bool
    ) -> WriteOutcome:
        """Write the note at most once."""
        return writing.write_note(
            session,
            note,
            capability=self.capability,
            writes=self.traits.writes,
            tried_before=tried_before,
        )

    def verify_note(self, session: FhirSession, note: NoteToWrite, *, reference: str) -> Verified:
        """Read the note back and prove subject and text."""
        return read_back.verify_note(
            session,
            note,
            capability=self.capability,
            reference=reference,
            writes=self.traits.writes,
        )
