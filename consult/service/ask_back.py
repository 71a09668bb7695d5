"""Ask the hospital one thing before answering; the clock stands until the reply is here."""

from consult.domain.specialist import SignedIn
from consult.errors import CaseMovedOn, InputInvalid, VersionStale
from consult.service import desk_access, move_case
from consult.service.services import ConsultServices
from consult.store import case_resources
from exchange import clarification, task_states
from exchange.errors import TransitionRefused
from exchange.task_states import Event
from fhir_server.errors import EntryFailed, VersionConflict, WriteConflict
from runtime import clock

MAX_TEXT = 2_000


def ask_back(services: ConsultServices, signed_in: SignedIn, task_id: str, *, text: str) -> None:
    """Send a clarifying question on a case that this specialist holds.

    Raises `InputInvalid` for an empty or over-long text, `NotYourCase`, `CaseMovedOn`.
    """
    words = text.strip()
    if not words or len(words) > MAX_TEXT:
        raise InputInvalid(field="text")
    now = clock.now()
    me = signed_in.specialist.member_id
    with services.writing() as unit:
        place, task = desk_access.held_case(unit, signed_in, task_id)
        messages = case_resources.thread(unit, task_id)
        try:
            bundle = clarification.build_request(
                case_resources.place_in_thread(unit, place, task, messages),
                sender=me,
                text=words,
                now=now,
            )
            case_resources.transact(unit, place.tenant_id, bundle)
        except TransitionRefused as refused:
            raise CaseMovedOn(status=refused.status, business=refused.business) from None
        except EntryFailed as failed:
            if isinstance(failed.cause, (VersionConflict, WriteConflict)):
                raise VersionStale from None
            raise
        status, business = task_states.ASKED
        move_case.note(
            unit,
            place,
            f"case.{Event.ASK.value}",
            actor=f"specialist:{me}",
            detail={"status": status, "business": business},
        )
