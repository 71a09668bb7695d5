"""Attempt limits in the database, so that several processes share one count."""

import hashlib
import math
from datetime import UTC, datetime

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from runtime import clock
from runtime.errors import Throttled
from runtime.tables import LimitRow
from runtime.upsert import insert_if_absent


def hit(session: Session, *, bucket: str, key: str, limit: int, per_seconds: int) -> None:
    """Count one attempt; raises `Throttled` when the window already holds `limit`.

    Windows are fixed, `per_seconds` long. The key (an address, a user) is stored hashed.
    Call it in a transaction of its own, so that a refused attempt stays counted.
    """
    window, ends = _window(per_seconds)
    name = {
        "bucket": bucket,
        "key_hash": hashlib.sha256(key.encode("utf-8")).hexdigest(),
        "window": window,
    }
    insert_if_absent(session, LimitRow, {**name, "hits": 0, "expires_at": ends})
    place = [getattr(LimitRow, column) == value for column, value in name.items()]
    counted = session.execute(
        update(LimitRow)
        .where(*place, LimitRow.hits < limit)
        .values(hits=LimitRow.hits + 1)
        .execution_options(synchronize_session=False)
    )
    if not isinstance(counted, CursorResult) or counted.rowcount != 1:
        wait = max(1, math.ceil((ends - clock.now()).total_seconds()))
        raise Throttled(bucket=bucket, retry_after=wait)


def count(session: Session, *, bucket: str, key: str, per_seconds: int) -> int:
    """Return the attempts counted in the present window."""
    window, _ = _window(per_seconds)
    key_hash = hashlib.sha256(key.encode("utf-8")).hexdigest()
    found = session.scalar(
        select(LimitRow.hits).where(
            LimitRow.bucket == bucket, LimitRow.key_hash == key_hash, LimitRow.window == window
        )
    )
    return found or 0


def purge(session: Session) -> int:
    """Delete windows that are over; return how many."""
    result = session.execute(delete(LimitRow).where(LimitRow.expires_at <= clock.now()))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _window(per_seconds: int) -> tuple[int, datetime]:
    window = int(clock.now().timestamp()) // per_seconds
    return window, datetime.fromtimestamp((window + 1) * per_seconds, tz=UTC)
