"""Word to the asking doctor's EHR inbox that the note is there; the answer does not hang on it.

Spec: spec/wire.md 2.8 (2)
"""

from fhir_adapters import writing
from fhir_adapters.errors import AdapterError
from fhir_adapters.note import NoteToWrite
from fhir_adapters.ports import FhirSession
from fhir_adapters.traits import Rung
from launch.errors import LaunchError
from runtime import logs
from runtime.errors import RuntimeFault, code_of
from runtime.log_events import Event
from smartapp.gateway.write_plan import WritePlan


def tell_inbox(
    chart: FhirSession, note: NoteToWrite, *, plan: WritePlan, rung: Rung, reference: str
) -> bool:
    """Write the word once where the EHR, its grant and the site allow it; True when it is there.

    Called after the note was proven to be in the chart. What fails here is logged: the note
    is there, the worklist shows it, and a second word would be worse than none.
    """
    if rung is not Rung.DOCUMENT_REFERENCE or not plan.allows(Rung.COMMUNICATION):
        return False
    if note.author is None:
        return False  # an inbox message without a receiver is nobody's
    try:
        writing.write_message(
            chart, note, note_reference=reference, capability=plan.capability, writes=plan.writes
        )
    except (AdapterError, LaunchError, RuntimeFault) as problem:
        logs.emit(Event.INBOX_NOT_TOLD, code=code_of(problem))
        return False
    return True
