"""Take a case back before it has left; afterwards it is too late and the doctor is told so."""

from runtime import audit, clock
from smartapp.errors import TakeBackTooLate
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases, outbox
from smartapp.store.launches import Launch


def take_back(services: GatewayServices, launch: Launch, case_id: str) -> None:
    """Cancel the send job in the transaction that marks the bytes as taken back.

    Raises `TakeBackTooLate` once the sending has begun.
    """
    now = clock.now()
    submission = f"{case_id}.submit.1"
    with services.database.transaction() as session:
        if not outbox.move(session, submission, state="taken_back", only_from=("waiting",)):
            raise TakeBackTooLate
        cases.move(session, case_id, now=now, stage="taken_back")
        services.durable.cancel(session, key=f"send:{submission}")
        audit.append(session, event="case.taken_back", actor=launch.doctor_key, subject=case_id)
