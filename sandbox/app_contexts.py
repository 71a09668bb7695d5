"""What a CDS Hooks card gives its launch to carry: kept by launch, handed on to the grant.

Spec: CDS Hooks 2.0, Link (appContext).
"""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from sandbox.clients import hash_secret
from sandbox.rows import AppContextRow

_LIFE = timedelta(hours=1)


def give(session: Session, launch: str, app_context: str, now: datetime) -> None:
    """Let a launch value carry a text."""
    session.execute(delete(AppContextRow).where(AppContextRow.kept_until < now))
    session.add(
        AppContextRow(holder=hash_secret(launch), app_context=app_context, kept_until=now + _LIFE)
    )


def hand_on(session: Session, launch: str, grant_id: str) -> None:
    """Move the text of a launch, if it has one, to the grant it led to."""
    row = session.get(AppContextRow, hash_secret(launch))
    if row is not None:
        session.add(
            AppContextRow(holder=grant_id, app_context=row.app_context, kept_until=row.kept_until)
        )
        session.delete(row)


def of_grant(session: Session, grant_id: str) -> str:
    """Return the text of a grant; empty when there is none."""
    row = session.get(AppContextRow, grant_id)
    return "" if row is None else row.app_context
