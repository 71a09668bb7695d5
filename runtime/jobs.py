"""Accepted durable work as rows: one per key, with its state and the retry decision.

The engine (runtime.durable) moves jobs; these functions are its bookkeeping, each inside
the caller's transaction. A job's state decides: a canceled job does nothing when its turn
comes, a finished one is never started again.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from runtime import clock, json_text
from runtime.errors import RETRY, JobInvalid, Kind
from runtime.tables import JobRow
from runtime.upsert import insert_if_absent

JobState = Literal["waiting", "running", "done", "canceled", "dead"]

MAX_PAYLOAD_BYTES = 1024
MAX_KEY_LENGTH = 140
FIRST_DELAY_SECONDS = 10.0
LONGEST_DELAY_SECONDS = 3600.0
GIVE_UP_AFTER = timedelta(days=7)
MAX_BUG_ATTEMPTS = 5
MAX_LOGIN_ATTEMPTS = 2
MAX_CRASHES = 20  # starts of one attempt: a job that kills its worker must not do so for ever


@dataclass(frozen=True, kw_only=True)
class JobView:
    """One job as shown to operators and asked by rooms."""

    key: str
    kind: str
    args: Mapping[str, str]
    state: JobState
    attempt: int
    reason: str
    created_at: datetime
    due_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an attempt ended without success."""

    code: str
    kind: Kind
    after_seconds: float | None = None


def decide_delay(
    failure: Failure, *, attempt: int, tried_since: datetime, now: datetime, jitter: float
) -> float | None:
    """Return the seconds until the next attempt, or None to give up. Pure.

    `attempt` counts from 0; `jitter` lies in [0, 1). Back-off doubles from 10 s to 1 h;
    after 7 days a person has to look.
    """
    if not _may_retry(failure.kind, attempt):
        return None
    grown = FIRST_DELAY_SECONDS * 2 ** min(attempt, 20)
    delay = min(grown, LONGEST_DELAY_SECONDS) * (0.75 + 0.5 * jitter)
    if failure.after_seconds is not None:
        delay = max(delay, failure.after_seconds)
    delay = min(delay, LONGEST_DELAY_SECONDS)
    return delay if now + timedelta(seconds=delay) < tried_since + GIVE_UP_AFTER else None


def _may_retry(kind: Kind, attempt: int) -> bool:
    if kind == "bug":
        return attempt + 1 < MAX_BUG_ATTEMPTS
    rule = RETRY[kind]
    if rule == "after_login":
        return attempt + 1 < MAX_LOGIN_ATTEMPTS
    return rule in ("yes", "after_wait")


def jitter() -> float:
    """Return a random share in [0, 1), so that many jobs do not come back at once."""
    return random.random()  # noqa: S311  (spreads load; guards nothing)


def add(
    session: Session, *, kind: str, key: str, args: Mapping[str, str], delay_seconds: float
) -> bool:
    """Write a new job; say False when the key is taken (the job exists already)."""
    _check(kind, key, args)
    moment = clock.now()
    return insert_if_absent(
        session,
        JobRow,
        {
            "key": key,
            "kind": kind,
            "args": json_text.dumps_sorted(dict(args)).decode("utf-8"),
            "state": "waiting",
            "attempt": 0,
            "starts": 0,
            "reason": "",
            "created_at": moment,
            "tried_since": moment,
            "due_at": moment + timedelta(seconds=delay_seconds),
            "changed_at": moment,
        },
    )


def count_start(session: Session, key: str) -> int:
    """Count that a worker has begun this attempt (again); return how often so far."""
    session.execute(update(JobRow).where(JobRow.key == key).values(starts=JobRow.starts + 1))
    return session.scalar(select(JobRow.starts).where(JobRow.key == key)) or 0


def claim(session: Session, key: str, attempt: int) -> bool:
    """Mark an attempt as running; False when it was canceled, finished or replaced."""
    return _change(
        session, key, attempt, from_states=("waiting", "running"), values={"state": "running"}
    )


def finish(session: Session, key: str, attempt: int) -> bool:
    """Mark an attempt as done; False when it was settled before."""
    return _change(
        session, key, attempt, from_states=("running",), values={"state": "done", "reason": ""}
    )


def put_back(session: Session, key: str, attempt: int, *, reason: str, delay: float) -> bool:
    """Let a job wait for its next attempt; False when this attempt was settled before."""
    return _change(
        session,
        key,
        attempt,
        from_states=("running",),
        values={
            "state": "waiting",
            "attempt": attempt + 1,
            "starts": 0,
            "reason": reason[:120],
            "due_at": clock.now() + timedelta(seconds=delay),
        },
    )


def give_up(session: Session, key: str, attempt: int, *, reason: str) -> bool:
    """Make a job a dead letter; False when this attempt was settled before."""
    return _change(
        session,
        key,
        attempt,
        from_states=("waiting", "running"),
        values={"state": "dead", "reason": reason[:120]},
    )


def cancel(session: Session, key: str) -> bool:
    """Cancel a job that waits; False when it runs, has ended or does not exist.

    A job that was tried before and waits for its next attempt may have had effects.
    """
    result = session.execute(
        update(JobRow)
        .where(JobRow.key == key, JobRow.state == "waiting")
        .values(state="canceled", changed_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def revive(session: Session, key: str) -> JobView | None:
    """Let a dead letter wait for a new attempt, its days counted anew; None if it is not dead."""
    moment = clock.now()
    result = session.execute(
        update(JobRow)
        .where(JobRow.key == key, JobRow.state == "dead")
        .values(
            state="waiting",
            attempt=JobRow.attempt + 1,
            starts=0,
            tried_since=moment,
            due_at=moment,
            changed_at=moment,
        )
        .execution_options(synchronize_session=False)
    )
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    return find(session, key)


def find(session: Session, key: str) -> JobView | None:
    """Return one job by key."""
    row = session.get(JobRow, key, populate_existing=True)
    return _view(row) if row is not None else None


def tried_since(session: Session, key: str) -> datetime:
    """Return since when the present series of attempts runs."""
    found = session.scalar(select(JobRow.tried_since).where(JobRow.key == key))
    return found or clock.now()


def in_state(session: Session, *states: JobState, limit: int = 200) -> list[JobView]:
    """Return jobs in these states (all when none is named), last changed first."""
    query = select(JobRow).order_by(JobRow.changed_at.desc(), JobRow.key).limit(limit)
    if states:
        query = query.where(JobRow.state.in_(states))
    return [_view(row) for row in session.scalars(query)]


def waiting_for(session: Session, reason: str, *, limit: int = 500) -> list[JobView]:
    """Return the jobs whose last attempt ended for this reason and that wait for the next."""
    query = (
        select(JobRow)
        .where(JobRow.state == "waiting", JobRow.reason == reason)
        .order_by(JobRow.due_at, JobRow.key)
        .limit(limit)
    )
    return [_view(row) for row in session.scalars(query)]


def purge(session: Session, *, before: datetime) -> int:
    """Delete finished and canceled jobs older than `before`; dead letters stay."""
    result = session.execute(
        delete(JobRow).where(JobRow.state.in_(("done", "canceled")), JobRow.changed_at < before)
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def _change(
    session: Session,
    key: str,
    attempt: int,
    *,
    from_states: tuple[JobState, ...],
    values: Mapping[str, object],
) -> bool:
    result = session.execute(
        update(JobRow)
        .where(JobRow.key == key, JobRow.attempt == attempt, JobRow.state.in_(from_states))
        .values({**values, "changed_at": clock.now()})
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def _check(kind: str, key: str, args: Mapping[str, str]) -> None:
    if not kind or not key or len(key) > MAX_KEY_LENGTH or "#" in key:
        raise JobInvalid(rule="key or kind malformed")
    if not all(isinstance(value, str) for value in args.values()):
        raise JobInvalid(rule="arguments are texts")
    if len(json_text.dumps(dict(args))) > MAX_PAYLOAD_BYTES:
        raise JobInvalid(rule="arguments over 1 KB")


def _view(row: JobRow) -> JobView:
    return JobView(
        key=row.key,
        kind=row.kind,
        args=json_text.loads(row.args.encode("utf-8")),
        state=cast(JobState, row.state),
        attempt=row.attempt,
        reason=row.reason,
        created_at=row.created_at,
        due_at=row.due_at,
        changed_at=row.changed_at,
    )
