"""Forget what is past its time: drafts with their charts, launches with their tokens."""

from launch.ports import GrantId
from runtime import clock, logs
from runtime.log_events import Event
from smartapp.gateway.services import GatewayServices
from smartapp.store import drafts, launches


def sweep(services: GatewayServices) -> int:
    """Delete expired drafts and the tokens of expired launches; returns how many drafts."""
    now = clock.now()
    with services.database.transaction() as session:
        gone = drafts.delete_expired(session, now=now)
        grants = launches.expired_grants(session, now=now)
        launches.delete_expired(session, now=now)
    for grant_id in grants:
        services.tokens.delete(GrantId(grant_id))
    if gone:
        logs.emit(Event.DRAFTS_EXPIRED, count=gone)
    return gone
