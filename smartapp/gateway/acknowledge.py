"""Tell the network that the answer is safely in the chart: Task closed, then request completed."""

from exchange import decision, parts, task_states
from exchange.task_states import Event as CaseEvent
from runtime import audit, clock
from smartapp.errors import ConsultRefused, ConsultUnreachable, TryLater
from smartapp.gateway.egress import CodedParcel, leave
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, parked

_MOVED_MEANWHILE = (409, 412)


def acknowledge(services: GatewayServices, case_id: str, opinion: str) -> str:
    """Close a case at the network; harmless when repeated.

    Raises `TryLater` when the network does not answer or the Task moved meanwhile.
    """
    with services.database.read() as session:
        case = cases.find(session, case_id)
        answer = answers.find(
            session, services.keyring, case_id=case_id, opinion=opinion, site_id=case.site_id
        )
    if answer is None or answer.state not in ("written", "acknowledged") or case.task_ref is None:
        return "nothing"
    try:
        _close(services, case.task_ref)
    except ConsultUnreachable:
        raise TryLater from None
    except ConsultRefused as refused:
        if refused.facts.get("status") in _MOVED_MEANWHILE:
            raise TryLater from None
        raise
    now = clock.now()
    with services.database.transaction() as session:
        if answers.move(
            session,
            case_id=case_id,
            opinion=opinion,
            state="acknowledged",
            only_from=("written",),
            now=now,
        ):
            cases.note_status(session, case_id, "closed")
            parked.resolve_item(
                session, case_id=case_id, item=opinion, resolution="acknowledged", now=now
            )
            audit.append(session, event="case.acknowledged", actor="gateway", subject=case_id)
    return "acknowledged"


def _close(services: GatewayServices, task_ref: str) -> None:
    link = services.consult
    task = link.read(task_ref)
    if task_states.allowed(task, CaseEvent.CLOSE, by="gateway"):
        leave(link, CodedParcel(before=task, after=decision.closed(task, clock.now())))
    request_ref = parts.reference_of(task.get("focus"))
    if request_ref is None:
        raise ConsultRefused(reason="task_without_request")
    request = link.read(request_ref)
    if request.get("status") != "completed":
        leave(link, CodedParcel(before=request, after=decision.request_completed(request)))
