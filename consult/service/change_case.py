"""What a hospital may change itself: close, decide, take back, complete its request.

The hospital sends the whole resource with If-Match; we read from it which event it means,
refuse anything else that differs, and store what the contract's table makes of it.
"""

from datetime import datetime

from consult.domain.callers import HospitalCaller
from consult.errors import (
    CaseMovedOn,
    CaseUnknown,
    ChangeNotAllowed,
    ContractBroken,
    VersionStale,
)
from consult.service import move_case, offer_case
from consult.service.services import ConsultServices
from consult.store import case_resources, cases
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import cancel, checks, decision, names, parts, task_states
from exchange.canonical import identifier_of
from exchange.errors import ExchangeError
from exchange.issues import Issue
from exchange.names import Resource
from exchange.task_states import Event
from fhir_server.errors import VersionConflict, WriteConflict
from fhir_server.ports import Stored
from runtime import clock

_TASK_EVENTS = (Event.CLOSE, Event.DECIDE, Event.WITHDRAW)


def change_task(
    services: ConsultServices,
    caller: HospitalCaller,
    task_id: str,
    proposed: Resource,
    *,
    if_match: int | None,
) -> Stored:
    """Close, decide or withdraw one of the hospital's cases; return the stored Task.

    Raises `CaseUnknown`, `VersionStale`, `CaseMovedOn`, `ChangeNotAllowed`.
    """
    now = clock.now()
    with services.writing() as unit:
        place, stored = _own_case(unit, caller, task_id)
        if if_match is None or if_match != stored.version:
            raise VersionStale
        event = _event_of(stored.resource, proposed)
        actor = f"client:{caller.client_id}"
        moved = move_case.advance(
            unit,
            place,
            stored.resource,
            event,
            actor=actor,
            now=now,
            reason=_reason_of(proposed) if event is Event.WITHDRAW else None,
        )
        if event is Event.DECIDE:
            moved["output"] = _decided_output(stored.resource, proposed, now)
        if event is Event.WITHDRAW:
            offer_case.withdraw_offers(unit, place, now, reason="patient-moved")
        return move_case.store(unit, place, moved, version=stored.version)


def _own_case(unit: Unit, caller: HospitalCaller, task_id: str) -> tuple[CasePlace, Stored]:
    place = cases.by_task(unit, task_id)
    if place is None or place.tenant_id != caller.tenant_id:
        raise CaseUnknown
    return place, case_resources.load_task(unit, task_id)


def _event_of(stored: Resource, proposed: Resource) -> Event:
    """Return the one hospital event that leads from the stored state to the proposed one."""
    try:
        target = task_states.state_of(proposed)
    except ExchangeError:
        raise ChangeNotAllowed from None
    for event in _TASK_EVENTS:
        if not task_states.allowed(stored, event, by="gateway"):
            continue
        if task_states.step_for(stored, event).to != target:
            continue
        but = ("output",) if event is Event.DECIDE else ()
        if not checks.unchanged_but_state(proposed, stored, but=but):
            raise ChangeNotAllowed
        return event
    if any(target == step.to for (event, _), step in _hospital_rows()):
        status, business = task_states.state_of(stored)
        raise CaseMovedOn(status=status, business=business)
    raise ChangeNotAllowed


def _hospital_rows() -> list[tuple[tuple[Event, task_states.State], task_states.Step]]:
    return [row for row in task_states.TRANSITIONS.items() if row[0][0] in _TASK_EVENTS]


def _reason_of(proposed: Resource) -> str | None:
    reason = parts.code_of(proposed.get("statusReason"), names.CS_STATUS_REASON)
    return reason if reason in names.STATUS_REASONS else None


def _decided_output(stored: Resource, proposed: Resource, now: datetime) -> list[Resource]:
    code = decision.decision_of(proposed)
    if code is None or code not in names.DECISIONS:
        raise ChangeNotAllowed
    expected: list[Resource] = decision.decided(stored, code, now)["output"]
    if proposed.get("output") != expected:
        raise ChangeNotAllowed
    return expected


def complete_request(
    services: ConsultServices,
    caller: HospitalCaller,
    request_id: str,
    proposed: Resource,
    *,
    if_match: int | None,
) -> Stored:
    """Set the hospital's own ServiceRequest as the table says for the state of its case."""
    with services.writing() as unit:
        stored = case_resources.read_of_tenant(unit, caller.tenant_id, "ServiceRequest", request_id)
        if stored is None:
            raise CaseUnknown
        if if_match is None or if_match != stored.version:
            raise VersionStale
        place = _case_of_request(unit, caller, stored)
        task = case_resources.load_task(unit, place.task_id)
        if not _request_fits(stored.resource, proposed, task.resource):
            raise ChangeNotAllowed
        move_case.note(
            unit,
            place,
            "request.changed",
            actor=f"client:{caller.client_id}",
            detail={"status": str(proposed["status"])},
        )
        return case_resources.save(
            unit, place.tenant_id, {**stored.resource, "status": proposed["status"]}, stored.version
        )


def _case_of_request(unit: Unit, caller: HospitalCaller, stored: Stored) -> CasePlace:
    case_id = str((stored.resource.get("requisition") or {}).get("value"))
    place = cases.by_case(unit, tenant_id=caller.tenant_id, case_id=case_id)
    if place is None:
        raise CaseUnknown
    return place


def _request_fits(stored: Resource, proposed: Resource, task: Resource) -> bool:
    def rest(resource: Resource) -> Resource:
        return {n: v for n, v in resource.items() if n not in ("status", "meta", "text")}

    state = task_states.state_of(task)
    allowed = {step.request for _, step in task_states.TRANSITIONS.items() if step.to == state}
    return rest(stored) == rest(proposed) and proposed.get("status") in allowed


def stop_case(services: ConsultServices, caller: HospitalCaller, abort: Resource) -> Stored:
    """Take the hospital's abort Task: the case ends as withdrawn; return the stored abort Task.

    Raises `ContractBroken` for anything but an abort Task of ours, `CaseUnknown`,
    `CaseMovedOn` when the case is not one that is being worked on.
    """
    now = clock.now()
    reference = parts.reference_of(abort.get("focus")) or ""
    with services.writing() as unit:
        place, stored = _own_case(unit, caller, reference.removeprefix("Task/"))
        reason = _check_abort(abort, stored.resource)
        actor = f"client:{caller.client_id}"
        moved = move_case.advance(
            unit, place, stored.resource, Event.REQUEST_CANCEL, actor=actor, now=now, reason=reason
        )
        moved = move_case.advance(
            unit, place, moved, Event.CANCEL, actor="network", now=now, reason=reason
        )
        try:
            move_case.store(unit, place, moved, version=stored.version)
        except (VersionConflict, WriteConflict):
            raise VersionStale from None
        return case_resources.create(unit, place.tenant_id, {**abort, "status": "completed"})


def _check_abort(abort: Resource, task: Resource) -> str:
    """Return the coded reason of an abort Task that is exactly the one we would build."""
    reason = parts.code_of(abort.get("reasonCode"), names.CS_STATUS_REASON) or ""
    requester = parts.member_of(abort.get("requester")) or ""
    key = identifier_of(abort)
    try:
        written = task_states.read_instant(abort.get("authoredOn"))
        number = int(key[1].rsplit(".", 1)[-1]) if key else 0
        expected = cancel.build_abort(
            task, requester=requester, reason=reason, now=written, cancel_n=number
        )
    except (ExchangeError, ValueError):
        expected = {}
    if abort != expected or requester != parts.member_of(task.get("requester")):
        raise ContractBroken(issues=[Issue(expression="Task", code="structure", rule="abort-task")])
    return reason
