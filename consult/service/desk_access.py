"""What the desk's use cases ask first: which case, and may this specialist act on it now."""

from datetime import datetime

from consult.domain.credential import Credential, lapsed_kinds
from consult.domain.specialist import SignedIn
from consult.errors import AlreadyAnswered, CaseUnknown, CredentialLapsed, NotYourCase
from consult.service import move_case
from consult.store import case_resources, specialists
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import offer, parts, task_states
from exchange.names import Resource
from fhir_server.ports import Stored

_DONE = frozenset({task_states.ANSWERED, task_states.ESCALATED, task_states.CLOSED})


def owner_of(task: Resource) -> str | None:
    """Return the member id of the specialist who holds a case."""
    return parts.member_of(task.get("owner"))


def open_offer(offers: tuple[Stored, ...], member_id: str) -> Stored | None:
    """Return this specialist's open offer among a case's offers, or None."""
    for one in offers:
        if (
            offer.is_offer(one.resource)
            and one.resource.get("status") == "requested"
            and parts.member_of(one.resource.get("owner")) == member_id
        ):
            return one
    return None


def find_case(unit: Unit, task_id: str) -> tuple[CasePlace, Stored]:
    """Return a case and its Task; raises `CaseUnknown`."""
    found = move_case.find(unit, task_id)
    if found is None:
        raise CaseUnknown
    return found


def case_in_sight(unit: Unit, signed_in: SignedIn, task_id: str) -> tuple[CasePlace, Stored]:
    """Return a case that this specialist holds or is offered; raises `CaseUnknown` otherwise."""
    place, task = find_case(unit, task_id)
    me = signed_in.specialist.member_id
    if owner_of(task.resource) != me:
        offered = open_offer(case_resources.offers_of(unit, task_id), me)
        if offered is None:
            raise CaseUnknown
    return place, task


def held_case(unit: Unit, signed_in: SignedIn, task_id: str) -> tuple[CasePlace, Stored]:
    """Return a case that this specialist holds and can still work on.

    Raises `CaseUnknown` also for a case that was never offered to this specialist: whether it
    exists is not theirs to know. Raises `NotYourCase`, `AlreadyAnswered`.
    """
    place, task = find_case(unit, task_id)
    me = signed_in.specialist.member_id
    if owner_of(task.resource) != me:
        offers = case_resources.offers_of(unit, task_id)
        if not any(owner_of(one.resource) == me for one in offers):
            raise CaseUnknown
        raise NotYourCase
    if task_states.state_of(task.resource) in _DONE:
        raise AlreadyAnswered
    return place, task


def valid_credentials(unit: Unit, signed_in: SignedIn, now: datetime) -> tuple[Credential, ...]:
    """Return the specialist's evidence; raises `CredentialLapsed` unless it holds right now."""
    specialist = specialists.find(unit, signed_in.specialist.member_id)
    credentials = specialists.credentials_of(unit, signed_in.specialist.member_id)
    lapsed = lapsed_kinds(credentials, now.date())
    if specialist is None or not specialist.active:
        raise CredentialLapsed(kinds=("account",))
    if lapsed:
        raise CredentialLapsed(kinds=lapsed)
    return credentials
