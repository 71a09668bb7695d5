"""Browser sessions in the database: the secret's hash, an encrypted blob, two time-outs.

The browser holds the secret; a copy of the table opens no session, and the content is
bound to its row. Idle and absolute time-outs are both enforced on every load.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from runtime import clock, json_text, tokens
from runtime.errors import SessionEnded
from runtime.keyring import Keyring
from runtime.tables import SessionRow


@dataclass(frozen=True, kw_only=True)
class BrowserSession:
    """A live session: hash of its secret, content, and when it began."""

    id_hash: str
    kind: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    data: dict[str, Any] = field(repr=False)  # Any: JSON the caller stored


def create(
    session: Session,
    keyring: Keyring,
    *,
    kind: str,
    data: Mapping[str, Any],
    idle_minutes: int = 30,
    hours: float = 12,
) -> str:
    """Start a session; return its secret (256 bits), which is stored nowhere here."""
    secret = tokens.new_secret()
    moment = clock.now()
    id_hash = hash_secret(secret)
    session.add(
        SessionRow(
            id_hash=id_hash,
            kind=kind,
            content=keyring.encrypt(json_text.dumps(dict(data)), **_place(kind, id_hash)),
            created_at=moment,
            seen_at=moment,
            idle_seconds=idle_minutes * 60,
            expires_at=moment + timedelta(hours=hours),
        )
    )
    session.flush()
    return secret


def load(session: Session, keyring: Keyring, *, kind: str, secret: str) -> BrowserSession:
    """Return a live session of this kind; raises `SessionEnded` for any other."""
    row = _live_row(session, kind, secret)
    content = keyring.decrypt(row.content, **_place(kind, row.id_hash))
    return BrowserSession(
        id_hash=row.id_hash,
        kind=row.kind,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        data=json_text.loads(content),
    )


def touch(session: Session, *, kind: str, secret: str) -> None:
    """Record activity now, so that the idle time starts again; raises `SessionEnded`."""
    _live_row(session, kind, secret).seen_at = clock.now()
    session.flush()


def take(session: Session, keyring: Keyring, *, kind: str, secret: str) -> BrowserSession:
    """Return a live session and end it; only one taker gets it, all others `SessionEnded`."""
    found = load(session, keyring, kind=kind, secret=secret)
    gone = session.execute(
        delete(SessionRow).where(SessionRow.id_hash == found.id_hash, SessionRow.kind == kind)
    )
    if not isinstance(gone, CursorResult) or gone.rowcount != 1:
        raise SessionEnded
    return found


def save(
    session: Session, keyring: Keyring, *, kind: str, secret: str, data: Mapping[str, Any]
) -> None:
    """Replace the content of a live session; raises `SessionEnded`."""
    row = _live_row(session, kind, secret)
    row.content = keyring.encrypt(json_text.dumps(dict(data)), **_place(kind, row.id_hash))
    row.seen_at = clock.now()
    session.flush()


def end(session: Session, *, kind: str, secret: str) -> None:
    """End a session; ending an unknown one is no error."""
    session.execute(
        delete(SessionRow).where(SessionRow.id_hash == hash_secret(secret), SessionRow.kind == kind)
    )


def purge(session: Session) -> int:
    """Delete sessions past their absolute time-out; return how many."""
    result = session.execute(delete(SessionRow).where(SessionRow.expires_at <= clock.now()))
    return result.rowcount if isinstance(result, CursorResult) else 0


def hash_secret(secret: str) -> str:
    """Return the SHA-256 under which a secret is stored (64 hex)."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def _live_row(session: Session, kind: str, secret: str) -> SessionRow:
    row = session.scalars(
        select(SessionRow).where(SessionRow.id_hash == hash_secret(secret), SessionRow.kind == kind)
    ).first()
    moment = clock.now()
    if row is None or moment >= row.expires_at:
        raise SessionEnded
    if moment >= row.seen_at + timedelta(seconds=row.idle_seconds):
        raise SessionEnded
    return row


def _place(kind: str, id_hash: str) -> dict[str, str]:
    return {
        "tenant": kind,
        "table": SessionRow.__tablename__,
        "row": id_hash,
        "column": "content",
    }
