"""What waited for a closed site goes on when it opens, instead of at its next late attempt."""

from runtime.durable import JobView
from smartapp.gateway import site_open
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases, outbox


def wake_waiting(services: GatewayServices) -> int:
    """Start the waiting jobs of sites that are open now; return how many."""
    with services.database.read() as session:
        asleep = services.durable.waiting_for(session, reason=site_open.WAITS)
    woken = 0
    for job in asleep:
        if _may_go_on(services, job):
            with services.database.transaction() as session:
                woken += services.durable.hurry(session, job)
    return woken


def _may_go_on(services: GatewayServices, job: JobView) -> bool:
    with services.database.read() as session:
        case_id = job.args.get("case") or outbox.case_of(session, job.args.get("submission", ""))
        if case_id is None or not cases.exists(session, case_id):
            return True  # the job itself knows what to do about a case that is gone
        site_id = cases.find(session, case_id).site_id
    # A removed site is no reason to sleep on: the job parks what hangs on it.
    return site_open.closed(services, site_id) in (None, "removed")
