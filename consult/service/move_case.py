"""Move a case along the contract's table, with the audit row in the same transaction."""

from datetime import datetime

from consult.errors import CaseMovedOn, CaseTaken, VersionStale
from consult.store import case_resources, cases
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import task_states
from exchange.errors import TransitionRefused
from exchange.names import Resource
from exchange.task_states import Event
from fhir_server.errors import VersionConflict, WriteConflict
from fhir_server.ports import Stored
from runtime import audit


def advance(  # noqa: PLR0913 - one event with all that its audit row names
    unit: Unit,
    place: CasePlace,
    task: Resource,
    event: Event,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> Resource:
    """Return the Task moved by one event and write the audit row; the caller stores it.

    Raises `CaseMovedOn` when the table has no such row for the state the case is in.
    """
    try:
        moved = task_states.apply(task, event, now, reason=reason)
    except TransitionRefused as refused:
        raise CaseMovedOn(status=refused.status, business=refused.business) from None
    status, business = task_states.state_of(moved)
    detail: dict[str, str | int] = {"status": status, "business": business}
    if reason is not None:
        detail["reason"] = reason
    note(unit, place, f"case.{event.value}", actor=actor, detail=detail)
    return moved


def note(
    unit: Unit,
    place: CasePlace,
    event: str,
    *,
    actor: str,
    detail: dict[str, str | int] | None = None,
) -> None:
    """Write an audit row about a case."""
    audit.append(
        unit.session,
        event=event,
        actor=actor,
        subject=f"case:{place.case_id}",
        detail={"tenant": place.tenant_id, **(detail or {})},
    )


def store(unit: Unit, place: CasePlace, task: Resource, *, version: int) -> Stored:
    """Store the moved Task; raises `VersionStale` when somebody else was faster."""
    try:
        return case_resources.save_task(unit, place.tenant_id, task, version=version)
    except (VersionConflict, WriteConflict):
        raise VersionStale from None


def find(unit: Unit, task_id: str) -> tuple[CasePlace, Stored] | None:
    """Return a case and its Task as stored now, or None."""
    place = cases.by_task(unit, task_id)
    if place is None:
        return None
    return place, case_resources.load_task(unit, task_id)


def taken_or_moved(task: Resource, member_id: str) -> Exception:
    """Return the error that tells a specialist why a case cannot be claimed any more."""
    status, business = task_states.state_of(task)
    owner = (task.get("owner") or {}).get("identifier", {}).get("value")
    if owner not in (None, member_id):
        return CaseTaken()
    return CaseMovedOn(status=status, business=business)
