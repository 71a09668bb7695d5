"""Nothing waits in silence: a case that the network says nothing about goes to a person."""

from datetime import datetime, timedelta

from exchange import names
from runtime import clock, logs
from runtime.log_events import Event
from smartapp.gateway.hand_over import hand_over
from smartapp.gateway.park_news import NO_NEWS, NO_RECEIPT
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases
from smartapp.store.cases import Case

# The network ends a case one window after its promise; its news takes a poll to arrive.
_POLL_GRACE = timedelta(minutes=1)


def park_silent(services: GatewayServices) -> int:
    """Park sent cases without a Task or without news past their time; returns how many."""
    now = clock.now()
    with services.database.read() as session:
        every = cases.open_cases(session)
    silent = [(case, reason) for case in every if (reason := _silence(case, now)) is not None]
    return sum(_park(services, case, reason, now) for case, reason in silent)


def _silence(case: Case, now: datetime) -> str | None:
    if case.stage != "sent":
        return None
    if case.task_ref is None:
        return NO_RECEIPT
    window = names.URGENCIES.get(case.urgency, case.due_at - case.asked_at)
    return NO_NEWS if now >= case.due_at + window + _POLL_GRACE else None


def _park(services: GatewayServices, case: Case, reason: str, now: datetime) -> bool:
    with services.database.transaction() as session:
        if not cases.move(
            session, case.case_id, now=now, stage="parked", unread=True, only_from=("sent",)
        ):
            return False  # news came meanwhile
        hand_over(
            session,
            case_id=case.case_id,
            item=f"{case.case_id}.watch",
            reason=reason,
            now=now,
        )
    with logs.bind(case_id=case.case_id):
        logs.emit(Event.CASE_PARKED, reason=reason)
    return True
