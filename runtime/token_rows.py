"""Access tokens our token endpoint issued: taking them back, and forgetting old ones."""

from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session

from runtime import clock
from runtime.tables import AccessTokenRow


def revoke_all(session: Session, client_id: str) -> int:
    """Delete all access tokens of a client (its keys changed or it was suspended)."""
    result = session.execute(delete(AccessTokenRow).where(AccessTokenRow.client_id == client_id))
    return result.rowcount if isinstance(result, CursorResult) else 0


def purge(session: Session) -> int:
    """Delete expired access tokens; return how many."""
    result = session.execute(delete(AccessTokenRow).where(AccessTokenRow.expires_at <= clock.now()))
    return result.rowcount if isinstance(result, CursorResult) else 0
