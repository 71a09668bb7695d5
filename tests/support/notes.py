"""One note to write, and servers of the three write classes."""

from datetime import UTC, datetime
from typing import Any

from fhir_adapters import writing
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.note import NoteToWrite
from tests.support.memory_fhir import MemoryFhirSession, statement

TEXT = "External opinion by Dr A, filed automatically, not yet reviewed by Dr B.\nStop ACE.\n"
NOTE = NoteToWrite(
    opinion_id="case7.opinion.1",
    case_id="case7",
    patient_id="p-1",
    encounter_id="e-1",
    author="Practitioner/d-1",
    text=TEXT,
    xhtml='<div xmlns="http://www.w3.org/1999/xhtml"><p>Stop ACE.</p></div>',
    asked_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
    answered_at=datetime(2026, 3, 2, 11, 40, tzinfo=UTC),
    filed_at=datetime(2026, 3, 2, 11, 45, tzinfo=UTC),
)
CLASSES = {
    WriteClass.CONDITIONAL: statement(),
    WriteClass.SEARCHABLE: statement(conditional=False),
    WriteClass.BLIND: statement(conditional=False, identifier=False),
}


def server(write_class: WriteClass = WriteClass.CONDITIONAL) -> MemoryFhirSession:
    """Return a server of a write class."""
    return MemoryFhirSession(
        capability=CLASSES[write_class],
        honors_if_none_exist=write_class is WriteClass.CONDITIONAL,
    )


def capability_of(session: MemoryFhirSession) -> Capability:
    """Return what the server declares."""
    return Capability.from_statement(session.capability)


def write(session: MemoryFhirSession, note: NoteToWrite = NOTE, **more: Any) -> Any:
    """Write the note by what the server declares."""
    return writing.write_note(session, note, capability=capability_of(session), **more)
