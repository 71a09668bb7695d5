"""What the runtime tables need not keep: expired sessions, limits, token ids, tokens."""

from sqlalchemy.orm import Session

from runtime import jti, limits, sessions, token_rows


def purge_expired(session: Session) -> int:
    """Delete rows whose time is over; return how many."""
    return sum(
        purge(session) for purge in (sessions.purge, limits.purge, jti.purge, token_rows.purge)
    )
