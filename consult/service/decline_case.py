"""Say no to an offer, or give a claimed case back; a code says why, no words."""

from datetime import datetime

from consult.domain.specialist import SignedIn
from consult.errors import CaseUnknown, InputInvalid
from consult.service import desk_access, move_case, offer_case
from consult.service.services import ConsultServices
from consult.store import case_resources, drafts
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import names, offer, task_states
from exchange.names import Resource
from exchange.task_states import Event
from fhir_server.ports import Stored
from runtime import clock


def decline_case(
    services: ConsultServices, signed_in: SignedIn, task_id: str, *, reason: str
) -> None:
    """Decline an offer, or release a case that this specialist holds.

    `reason` is one of `names.DECLINE_REASONS`. The case goes back to routing when nobody
    else has an open offer, and is offered to whoever was not asked yet. Raises
    `InputInvalid`, `CaseUnknown`, `CaseMovedOn`, `AlreadyAnswered`.
    """
    if reason not in names.DECLINE_REASONS:
        raise InputInvalid(field="reason")
    now = clock.now()
    me = signed_in.specialist.member_id
    with services.writing() as unit:
        place, task = desk_access.find_case(unit, task_id)
        if desk_access.owner_of(task.resource) == me:
            _release(unit, signed_in, place, task, reason, now)
            return
        mine = desk_access.open_offer(case_resources.offers_of(unit, task_id), me)
        if mine is None:
            raise CaseUnknown
        rejected = offer.settled(mine.resource, "rejected", now, reason=reason)
        case_resources.save_offer(unit, rejected, version=mine.version)
        move_case.note(
            unit,
            place,
            "offer.declined",
            actor=f"specialist:{me}",
            detail={"reason": reason},
        )
        state = task_states.state_of(task.resource)
        if state == task_states.OFFERED and not offer_case.open_offers(unit, task_id):
            moved = move_case.advance(
                unit,
                place,
                task.resource,
                Event.DECLINE,
                actor=f"specialist:{me}",
                now=now,
                reason=reason,
            )
            _offer_on(unit, place, task, moved, now)


def _release(
    unit: Unit,
    signed_in: SignedIn,
    place: CasePlace,
    task: Stored,
    reason: str,
    now: datetime,
) -> None:
    me = signed_in.specialist.member_id
    desk_access.held_case(unit, signed_in, place.task_id)
    for one in case_resources.offers_of(unit, place.task_id):
        if one.resource.get("status") == "accepted" and desk_access.owner_of(one.resource) == me:
            given_back = offer.settled(one.resource, "rejected", now, reason=reason)
            case_resources.save_offer(unit, given_back, version=one.version)
    drafts.discard(unit, task_id=place.task_id, member_id=me)
    moved = move_case.advance(
        unit,
        place,
        task.resource,
        Event.RELEASE,
        actor=f"specialist:{me}",
        now=now,
        reason=reason,
    )
    _offer_on(unit, place, task, moved, now)


def _offer_on(unit: Unit, place: CasePlace, task: Stored, moved: Resource, now: datetime) -> None:
    moved.pop("owner", None)
    moved.pop("executionPeriod", None)
    moved = offer_case.offer_again(unit, place, moved, now)
    move_case.store(unit, place, moved, version=task.version)
