"""Offer a case to the specialists who may take it; settle offers when it moves on."""

from datetime import datetime, timedelta

from consult.domain.routing import whom_to_offer
from consult.service.move_case import advance, note, store
from consult.service.services import ConsultServices
from consult.store import case_resources, cases, specialists
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import offer, parts, task_states
from exchange.names import Resource
from exchange.task_states import Event
from fhir_server.ports import Stored
from runtime import clock, logs
from runtime.log_events import Event as LogEvent

NETWORK_ACTOR = "network"


def screen_and_offer(unit: Unit, place: CasePlace, task: Resource, now: datetime) -> Resource:
    """Return a fresh Task screened, routed and, when somebody can take it, offered."""
    moved = advance(unit, place, task, Event.SCREEN, actor=NETWORK_ACTOR, now=now)
    moved = advance(unit, place, moved, Event.ROUTE, actor=NETWORK_ACTOR, now=now)
    return offer_again(unit, place, moved, now)


def offer_again(unit: Unit, place: CasePlace, task: Resource, now: datetime) -> Resource:
    """Return a Task in routing as offered, if there is a specialist not asked before."""
    before = case_resources.offers_of(unit, place.task_id)
    asked = frozenset(filter(None, (parts.member_of(o.resource.get("owner")) for o in before)))
    chosen = whom_to_offer(
        place.specialty,
        specialists.active(unit),
        specialists.all_credentials(unit),
        today=now.date(),
        not_again=asked,
    )
    if not chosen:
        logs.emit(LogEvent.CASE_UNOFFERED, specialty=place.specialty)
        return task
    until = max(task_states.expires_at(task), now + timedelta(minutes=1))
    for n, one in enumerate(chosen, start=len(before) + 1):
        made = offer.build_offer(
            task, case_id=place.case_id, owner=one.member_id, offer_n=n, now=now, until=until
        )
        made["owner"] = case_resources.member_reference(one.member_id)
        case_resources.add_offer(unit, made)
        note(
            unit,
            place,
            "offer.made",
            actor=NETWORK_ACTOR,
            detail={"specialist": one.member_id},
        )
    return advance(unit, place, task, Event.OFFER, actor=NETWORK_ACTOR, now=now)


def open_offers(unit: Unit, task_id: str) -> list[Stored]:
    """Return the offers of a case that nobody settled yet."""
    return [
        one
        for one in case_resources.offers_of(unit, task_id)
        if one.resource.get("status") == "requested"
    ]


def withdraw_offers(
    unit: Unit, place: CasePlace, now: datetime, *, reason: str, keep: str | None = None
) -> None:
    """Cancel all open offers of a case, except one specialist's."""
    for one in open_offers(unit, place.task_id):
        owner = parts.member_of(one.resource.get("owner"))
        if owner != keep:
            settled = offer.settled(one.resource, "cancelled", now, reason=reason)
            case_resources.save_offer(unit, settled, version=one.version)


def offer_waiting_cases(services: ConsultServices) -> int:
    """Offer every case that waits in routing; returns how many found somebody (a timer)."""
    with services.reading() as unit:
        waiting = [
            task.id
            for task in case_resources.open_tasks(unit)
            if task_states.state_of(task.resource) in (task_states.ROUTING, task_states.REDIRECTED)
        ]
    found = 0
    for task_id in waiting:
        with services.writing() as unit:
            place = cases.by_task(unit, task_id)
            task = case_resources.load_task(unit, task_id)
            if place is None or task_states.state_of(task.resource) != task_states.ROUTING:
                continue
            moved = offer_again(unit, place, task.resource, clock.now())
            if moved is not task.resource:
                store(unit, place, moved, version=task.version)
                found += 1
    return found
