"""A person settles what was parked: filed by hand, file again, or leave it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from runtime import audit, clock
from smartapp.errors import CaseMoved
from smartapp.gateway.collect_answers import enqueue_filing
from smartapp.gateway.file_answer import queue_acknowledgment
from smartapp.gateway.services import GatewayServices
from smartapp.store import answers, cases, parked
from smartapp.store.launches import Launch
from smartapp.store.parked import Parked

Action = Literal["by_hand", "again", "leave"]
# Where a second copy or another patient is possible, filing again is not offered.
NEVER_AGAIN = frozenset({"two_copies", "wrong_patient", "patient_changed", "answer_unverified"})
# The chart or the decision is settled here; only the job that tells the network was given up.
_JOBS: Mapping[str, str] = {
    "gave_up_acknowledge": "acknowledge",
    "gave_up_decide": "decide",
}


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
        if found is None or not _may(found, action):
            raise CaseMoved(stage="settled")
        parked.resolve(session, parked_id, resolution=action, now=now)
        if action == "again" and found.reason in _JOBS:
            _restart(services, session, found)
        elif action != "leave":
            _settle_answer(services, session, found, action, now)
        audit.append(
            session,
            event="parked.settled",
            actor=launch.doctor_key,
            subject=case_id,
            detail={"reason": found.reason, "action": action},
        )


def _may(found: Parked, action: Action) -> bool:
    if action == "leave":
        return True
    if found.reason in _JOBS:
        return action == "again"
    return ".opinion." in found.item and not (action == "again" and found.reason in NEVER_AGAIN)


def _restart(services: GatewayServices, session: Session, found: Parked) -> None:
    """Start the given-up job again; a new one when its key is not known any more."""
    kind = _JOBS[found.reason]
    args = {"case": found.case_id}
    if kind == "acknowledge":
        args["opinion"] = found.item
    if kind == "decide" or not services.durable.retry(session, key=f"{kind}:{found.item}"):
        # Every decision has a job of its own; whichever runs sends the newest one.
        key = f"{kind}:{found.item}:{found.parked_id}"
        services.durable.enqueue(session, kind=kind, key=key, args=args)


def _settle_answer(
    services: GatewayServices, session: Session, found: Parked, action: Action, now: datetime
) -> None:
    # `writing` makes the writer look for an earlier copy before it writes.
    moved = answers.move(
        session,
        case_id=found.case_id,
        opinion=found.item,
        state="written" if action == "by_hand" else "writing",
        only_from=("parked",),
        now=now,
    )
    if not moved:
        raise CaseMoved(stage="settled")
    case_id, opinion = found.case_id, found.item
    if action == "by_hand":
        cases.move(session, case_id, now=now, stage="filed", only_from=("answered", "parked"))
        queue_acknowledgment(services, session, case_id=case_id, opinion=opinion)
    else:
        enqueue_filing(services, session, case_id=case_id, opinion=opinion, again=found.parked_id)
