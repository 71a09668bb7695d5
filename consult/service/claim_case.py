"""Take a case: compare-and-set on the Task, so that of two specialists one wins."""

from consult.domain.specialist import SignedIn
from consult.errors import CaseMovedOn, CaseTaken, CaseUnknown, VersionStale
from consult.service import desk_access, move_case, offer_case
from consult.service.services import ConsultServices
from consult.store import case_resources
from exchange import offer, task_states
from exchange.task_states import Event
from runtime import clock


def claim_case(services: ConsultServices, signed_in: SignedIn, task_id: str) -> None:
    """Claim an offered case for this specialist; claiming one's own case again changes nothing.

    Raises `CaseTaken` when a colleague was faster, `CaseMovedOn` when it expired or was
    withdrawn, `CredentialLapsed` when a credential does not hold now, `CaseUnknown` when
    it was never offered to this specialist.
    """
    now = clock.now()
    me = signed_in.specialist.member_id
    with services.writing() as unit:
        place, task = desk_access.find_case(unit, task_id)
        if desk_access.owner_of(task.resource) == me:
            return
        offers = case_resources.offers_of(unit, task_id)
        mine = desk_access.open_offer(offers, me)
        if task_states.state_of(task.resource) != task_states.OFFERED or mine is None:
            if not any(desk_access.owner_of(one.resource) == me for one in offers):
                raise CaseUnknown
            raise move_case.taken_or_moved(task.resource, me)
        desk_access.valid_credentials(unit, signed_in, now)
        actor = f"specialist:{me}"
        moved = move_case.advance(unit, place, task.resource, Event.CLAIM, actor=actor, now=now)
        moved["owner"] = case_resources.member_reference(me)
        moved["executionPeriod"] = {"start": task_states.instant(now)}
        try:
            move_case.store(unit, place, moved, version=task.version)
        except (VersionStale, CaseMovedOn):
            raise CaseTaken from None
        taken = offer.settled(mine.resource, "accepted", now)
        case_resources.save_offer(unit, taken, version=mine.version)
        offer_case.withdraw_offers(unit, place, now, reason="not-selected", keep=me)
