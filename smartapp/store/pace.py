"""How fast each EHR may still be called, in one row per site that all processes share."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fhir_adapters.pacing import Pace, PaceState, Taken, take
from runtime.database import Database
from smartapp.store.pace_rows import PaceRow


class Paces:
    """The pace of every site; each method is one short transaction of its own."""

    def __init__(self, database: Database) -> None:
        """Take the gateway's database."""
        self._database = database

    def take(self, site_id: str, pace: Pace, *, now: datetime, wanted: int) -> Taken:
        """Take tokens from the site's bucket, for all processes at once."""
        with self._database.passing() as session:
            row = _row(session, site_id, pace, now)
            taken = take(_state(row), pace, now=now, wanted=wanted)
            _put(row, taken.state)
            return taken

    def change(
        self, site_id: str, pace: Pace, *, now: datetime, change: Callable[[PaceState], PaceState]
    ) -> PaceState:
        """Apply what an answer taught to the site's state."""
        with self._database.passing() as session:
            row = _row(session, site_id, pace, now)
            changed = change(_state(row))
            _put(row, changed)
            return changed

    def state(self, site_id: str) -> PaceState | None:
        """What is known of a site, None when it was never called."""
        with self._database.read() as session:
            row = session.get(PaceRow, site_id)
            return _state(row) if row else None


def _row(session: Session, site_id: str, pace: Pace, now: datetime) -> PaceRow:
    row = session.get(PaceRow, site_id, with_for_update=True)
    if row is not None:
        return row
    fresh = PaceState.fresh(pace, now)
    try:
        with session.begin_nested():
            row = PaceRow(site_id=site_id, tokens=fresh.tokens, at=now, failures=0)
            session.add(row)
    except IntegrityError:  # another process made it first
        row = session.get_one(PaceRow, site_id, with_for_update=True)
    return row


def _state(row: PaceRow) -> PaceState:
    return PaceState(
        tokens=row.tokens, at=row.at, paused_until=row.paused_until, failures=row.failures
    )


def _put(row: PaceRow, state: PaceState) -> None:
    row.tokens = state.tokens
    row.at = state.at
    row.paused_until = state.paused_until
    row.failures = state.failures
