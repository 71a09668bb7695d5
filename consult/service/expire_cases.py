"""End cases that nobody answered: one window after the promised time (a timer)."""

from datetime import datetime
from typing import Any

from consult.errors import CaseMovedOn, ConsultError, VersionStale
from consult.service import move_case, offer_case
from consult.service.services import ConsultServices
from consult.store import case_resources, cases
from exchange import task_states
from exchange.errors import ExchangeError
from exchange.task_states import Event
from runtime import clock, logs
from runtime.errors import RuntimeFault, code_of
from runtime.log_events import Event as LogEvent

# One bad case must not stop the timer for the others.
_BROKEN = (
    ConsultError,
    ExchangeError,
    RuntimeFault,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)


def expire_cases(services: ConsultServices) -> int:
    """Expire every open case past its time whose clock runs; return how many."""
    now = clock.now()
    with services.reading() as unit:
        overdue = [
            task.id for task in case_resources.open_tasks(unit) if _is_over(task.resource, now)
        ]
    expired = sum(_expire(services, task_id) for task_id in overdue)
    if expired:
        logs.emit(LogEvent.CASES_EXPIRED, count=expired)
    return expired


def _is_over(task: dict[str, Any], now: datetime) -> bool:
    try:
        return task_states.expires_at(task) <= now and task_states.allowed(
            task, Event.EXPIRE, by="network"
        )
    except _BROKEN as problem:
        logs.emit(LogEvent.CASE_NOT_EXPIRED, code=code_of(problem))
        return False


def _expire(services: ConsultServices, task_id: str) -> int:
    now = clock.now()
    try:
        with services.writing() as unit:
            place = cases.by_task(unit, task_id)
            task = case_resources.load_task(unit, task_id)
            if place is None or task_states.expires_at(task.resource) > now:
                return 0
            moved = move_case.advance(
                unit, place, task.resource, Event.EXPIRE, actor="network", now=now, reason="expired"
            )
            offer_case.withdraw_offers(unit, place, now, reason="expired")
            move_case.store(unit, place, moved, version=task.version)
    except (CaseMovedOn, VersionStale):
        return 0  # somebody acted on it just now: it lives on
    except _BROKEN as problem:
        logs.emit(LogEvent.CASE_NOT_EXPIRED, code=code_of(problem))
        return 0
    return 1
