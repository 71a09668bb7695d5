"""What the adapters need from a signed-in FHIR session, and what they offer to the gateway.

`launch.authorized_session.AuthorizedSession` fits `FhirSession` without either room knowing
the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from fhir_adapters.chart import ChartSection, ChartSnapshot
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import Verified, WriteOutcome
from runtime.outbound import OutboundAnswer

FhirReply: TypeAlias = OutboundAnswer
OnSection: TypeAlias = Callable[[ChartSection], None]


class FhirSession(Protocol):
    """One FHIR server as one user may see it; used by several threads at once.

    Transport faults come as `runtime.errors.OutboundDown`; HTTP errors are answers.
    """

    @property
    def base_url(self) -> str:
        """The FHIR base without end slash."""

    def get(
        self,
        address: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        accept: str = "application/fhir+json",
    ) -> FhirReply:
        """Read a path below the base or an absolute address on the base's origin."""

    def post(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> FhirReply:
        """Create below the base."""


class ChartReader(Protocol):
    """Reads one patient's chart."""

    def read_chart(
        self,
        session: FhirSession,
        *,
        patient_id: str,
        encounter_id: str | None,
        on_section: OnSection | None = None,
        also_named: tuple[str, ...] = (),
    ) -> ChartSnapshot:
        """Return the chart with the state of every section, and whoever is also named."""


class ChartWriter(Protocol):
    """Writes answers into a chart and proves that they are there."""

    def write_note(
        self, session: FhirSession, note: NoteToWrite, *, tried_before: bool
    ) -> WriteOutcome:
        """Write the note at most once."""

    def verify_note(self, session: FhirSession, note: NoteToWrite, *, reference: str) -> Verified:
        """Read the note back and prove subject and text."""
