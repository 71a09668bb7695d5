"""One-time token ids: a unique row per issuer and id, kept until the token expires."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session

from runtime import clock
from runtime.errors import Replayed
from runtime.tables import JtiRow
from runtime.upsert import insert_if_absent

_MARGIN = timedelta(minutes=2)


def remember(session: Session, *, issuer: str, jti: str, expires_at: datetime) -> None:
    """Record that a token id was used; raises `Replayed` when it was used before.

    The database decides (insert or fail), so two workers cannot both accept one.
    """
    fresh = insert_if_absent(
        session,
        JtiRow,
        {
            "issuer": issuer,
            "jti_hash": hashlib.sha256(jti.encode("utf-8")).hexdigest(),
            "expires_at": expires_at,
        },
    )
    if not fresh:
        raise Replayed


def purge(session: Session) -> int:
    """Delete ids of tokens that have expired; return how many.

    Verifiers allow 60 s of clock difference, so ids stay a little longer.
    """
    limit = clock.now() - _MARGIN
    result = session.execute(delete(JtiRow).where(JtiRow.expires_at <= limit))
    return result.rowcount if isinstance(result, CursorResult) else 0
