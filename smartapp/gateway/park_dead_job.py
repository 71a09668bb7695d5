"""A job that was given up becomes something a person sees on the case's page."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from runtime import clock
from smartapp.gateway.hand_over import hand_over
from smartapp.store import answers, cases, outbox


def park_dead_job(
    session: Session,
    *,
    kind: str,
    args: Mapping[str, str],
    reason: str = "",
) -> None:
    """Park what a dead job was about, in the caller's transaction."""
    now = clock.now()
    submission = args.get("submission", "")
    case_id = args.get("case") or outbox.case_of(session, submission) or ""
    if not cases.exists(session, case_id):
        return
    item = submission or args.get("opinion", "") or f"{case_id}.{kind}"
    if kind == "send":
        outbox.move(session, submission, state="parked", only_from=("waiting", "sending"))
        cases.move(session, case_id, now=now, stage="parked", only_from=("approved",))
    if kind == "file":
        answers.move(
            session,
            case_id=case_id,
            opinion=args["opinion"],
            state="parked",
            only_from=("received", "writing"),
            now=now,
        )
    cases.move(session, case_id, now=now, unread=True)
    hand_over(session, case_id=case_id, item=item, reason=reason or f"gave_up_{kind}", now=now)
