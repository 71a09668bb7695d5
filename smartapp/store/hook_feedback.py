"""Feedback on cards: one row per card, counted by site, service and outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from runtime.upsert import insert_if_absent
from smartapp.store.hook_rows import HookFeedbackRow
from smartapp.store.rows import touched

KEEP = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class CardOutcome:
    """What a clinician did with one card; `reason` is a code of ours, `other`, or empty."""

    site_id: str
    service: str
    card: str
    outcome: str
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OutcomeCount:
    """How often cards of a service had one outcome."""

    service: str
    outcome: str
    reason: str
    count: int


def record(session: Session, said: CardOutcome, *, now: datetime) -> bool:
    """Keep what was said about a card; a later word replaces an earlier one.

    Returns whether the card was new: saying it again changes nothing.
    """
    fresh = insert_if_absent(
        session,
        HookFeedbackRow,
        {
            "site_id": said.site_id,
            "service": said.service,
            "card": said.card,
            "outcome": said.outcome,
            "reason": said.reason,
            "outcome_at": said.at,
            "received_at": now,
        },
    )
    if not fresh:
        session.execute(
            update(HookFeedbackRow)
            .where(
                HookFeedbackRow.site_id == said.site_id,
                HookFeedbackRow.service == said.service,
                HookFeedbackRow.card == said.card,
                HookFeedbackRow.outcome_at < said.at,
            )
            .values(outcome=said.outcome, reason=said.reason, outcome_at=said.at)
        )
    return fresh


def counts(session: Session, *, site_id: str) -> Sequence[OutcomeCount]:
    """Count the cards of a site by service, outcome and reason."""
    columns = (HookFeedbackRow.service, HookFeedbackRow.outcome, HookFeedbackRow.reason)
    rows = session.execute(
        select(*columns, func.count())
        .where(HookFeedbackRow.site_id == site_id)
        .group_by(*columns)
        .order_by(*columns)
    )
    return [
        OutcomeCount(service=service, outcome=outcome, reason=reason, count=count)
        for service, outcome, reason, count in rows
    ]


def purge(session: Session, *, now: datetime) -> int:
    """Forget feedback that is older than ninety days; returns how much."""
    gone = session.execute(delete(HookFeedbackRow).where(HookFeedbackRow.received_at <= now - KEEP))
    return touched(gone)
