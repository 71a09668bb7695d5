"""A person settles what was parked: filed by hand, file again, or leave it."""

from typing import Literal

from runtime import audit, clock
from smartapp.errors import CaseMoved
from smartapp.gateway.collect_answers import enqueue_filing
from smartapp.gateway.file_answer import queue_acknowledgment
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, parked
from smartapp.store.launches import Launch

Action = Literal["by_hand", "again", "leave"]
# Where a second copy or another patient is possible, filing again is not offered.
NEVER_AGAIN = frozenset({"two_copies", "wrong_patient", "patient_changed", "answer_unverified"})


def settle_parked(
    services: GatewayServices, launch: Launch, case_id: str, *, parked_id: str, action: Action
) -> None:
    """Act on a parked item once; the second person to decide gets `CaseMoved`."""
    now = clock.now()
    with services.database.transaction() as session:
        found = next(
            (item for item in parked.waiting(session, case_id) if item.parked_id == parked_id),
            None,
        )
        if found is None or (action == "again" and found.reason in NEVER_AGAIN):
            raise CaseMoved(stage="settled")
        parked.resolve(session, parked_id, resolution=action, now=now)
        is_answer = ".opinion." in found.item
        if is_answer and action == "by_hand":
            answers.move(
                session,
                case_id=case_id,
                opinion=found.item,
                state="written",
                only_from=("parked",),
                now=now,
            )
            cases.move(session, case_id, now=now, stage="filed", only_from=("answered", "parked"))
            queue_acknowledgment(services, session, case_id=case_id, opinion=found.item)
        if is_answer and action == "again":
            # `writing` makes the writer look for an earlier copy before it writes.
            answers.move(
                session,
                case_id=case_id,
                opinion=found.item,
                state="writing",
                only_from=("parked",),
                now=now,
            )
            enqueue_filing(services, session, case_id=case_id, opinion=found.item, again=parked_id)
        audit.append(
            session,
            event="parked.settled",
            actor=launch.doctor_key,
            subject=case_id,
            detail={"reason": found.reason, "action": action},
        )
