"""Ids of tokens that other programs presented, in the database (launch.cds_hooks.ReplayGuard)."""

from datetime import datetime

from runtime import jti as used_ids
from runtime.database import Database


class Replays:
    """One memory for all processes; an id is accepted once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, *, issuer: str, jti: str, expires_at: datetime) -> None:
        """Record an id in a transaction of its own; raises `Replayed` when it was used."""
        with self._database.transaction() as session:
            used_ids.remember(session, issuer=issuer, jti=jti, expires_at=expires_at)
