"""Hands what stopped to a person: a parked row and its audit row, always both."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from runtime import audit, tokens
from smartapp.store import parked
from smartapp.store.parked import Parked


def hand_over(  # noqa: PLR0913 - what stopped, why, and how the audit calls it
    session: Session,
    *,
    case_id: str,
    item: str,
    reason: str,
    now: datetime,
    event: str = "case.parked",
    detail: Mapping[str, str] | None = None,
) -> None:
    """Park an item in the caller's transaction; the audit tells the reason, or `detail`."""
    parked.park(
        session,
        Parked(
            parked_id=tokens.new_uuid(),
            case_id=case_id,
            item=item,
            reason=reason,
            since=now,
        ),
    )
    audit.append(
        session,
        event=event,
        actor="gateway",
        subject=case_id,
        outcome="failure",
        detail=detail or {"reason": reason},
    )
