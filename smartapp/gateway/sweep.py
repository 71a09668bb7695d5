"""Forget what is past its time, and let nothing wait past its promise in silence."""

from runtime import clock, logs
from runtime.errors import code_of
from runtime.log_events import Event
from smartapp.errors import ConsultRefused, ConsultUnreachable, TryLater
from smartapp.gateway.end_launch import end_silent
from smartapp.gateway.park_dead_job import park_dead_job
from smartapp.gateway.park_news import POISON
from smartapp.gateway.send_case import send_case
from smartapp.gateway.services import GatewayServices
from smartapp.store import drafts, hook_feedback, launches, outbox


def sweep(services: GatewayServices) -> int:
    """Forget old drafts, launches and feedback, end idle sign-ins; returns how many drafts."""
    now = clock.now()
    with services.database.transaction() as session:
        gone = drafts.delete_expired(session, now=now)
        hook_feedback.purge(session, now=now)
    end_silent(services)
    with services.database.transaction() as session:
        launches.delete_expired(session, now=now)
    if gone:
        logs.emit(Event.DRAFTS_EXPIRED, count=gone)
    return gone


def park_overdue(services: GatewayServices) -> int:
    """Settle what was not sent by its promised time; a retry's pause may be longer than that."""
    with services.database.read() as session:
        late = outbox.overdue(session, now=clock.now())
    for submission in late:
        try:
            send_case(services, submission)
        except (TryLater, ConsultUnreachable):
            continue  # it may have arrived already; asked again next time
        except ConsultRefused as refused:
            logs.emit(Event.TIMER_ITEM_FAILED, code=code_of(refused))
            with services.database.transaction() as session:
                park_dead_job(
                    session,
                    kind="send",
                    args={"submission": submission},
                    reason=f"refused_{refused.facts.get('status', 0)}",
                )
        except POISON as problem:
            logs.emit(Event.TIMER_ITEM_FAILED, code=code_of(problem))
    return len(late)
