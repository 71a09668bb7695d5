"""A launch ends: the EHR is asked to revoke its tokens, and they are wiped here in any case.

SMART has no log-out of its own, so this is what "End session" and the idle time can do.
Spec: RFC 7009; row S4 of our checklist
"""

from datetime import timedelta

from launch import revocation
from launch.ports import GrantId
from launch.revocation import Revocation
from runtime import audit, clock, logs
from runtime.errors import code_of
from runtime.log_events import Event
from smartapp.gateway.park_news import POISON
from smartapp.gateway.services import GatewayServices
from smartapp.store import launches
from smartapp.store.launches import Launch

# A sweep waits for an EHR that is down at most so often.
_MOST_AT_ONCE = 25


def end_launch(services: GatewayServices, launch: Launch) -> Revocation:
    """End a launch in all its windows; tells whether the EHR revoked the tokens too."""
    outcome = _end_grant(services, launch.grant_id, site_id=launch.site_id)
    with services.database.transaction() as session:
        launches.delete_grant(session, launch.grant_id)
        audit.append(
            session,
            event="launch.ended",
            actor=launch.doctor_key,
            subject=launch.patient_key,
            detail={"tokens": outcome},
        )
    return outcome


def end_silent(services: GatewayServices) -> int:
    """Wipe the tokens of launches that are idle or past their time; returns how many."""
    now = clock.now()
    idle = timedelta(minutes=services.policy.session_idle_minutes)
    with services.database.read() as session:
        over = launches.silent_grants(session, now=now, idle=idle)[:_MOST_AT_ONCE]
    for grant_id, site_id in over:
        try:
            _end_grant(services, grant_id, site_id=site_id)
        except POISON as problem:
            logs.emit(Event.TIMER_ITEM_FAILED, code=code_of(problem))
    return len(over)


def _end_grant(services: GatewayServices, grant_id: str, *, site_id: str) -> Revocation:
    outcome = revocation.revoke(services.smart, GrantId(grant_id))
    logs.emit(Event.SIGN_IN_ENDED, site=site_id, outcome=outcome)
    return outcome
