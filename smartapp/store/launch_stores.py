"""The stores that `launch` asks of its host: sites, one-time states, tokens at rest."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from launch.ports import GrantId, Site, SiteId
from runtime import clock
from runtime.database import Database
from runtime.keyring import Keyring
from smartapp.store import sites
from smartapp.store.launch_rows import LaunchStateRow, TokenLeaseRow, TokenRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, unseal

_TENANT = "launch"


class Sites:
    """The registered EHRs (launch.ports.SiteStore), read anew at every call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_issuer(self, issuer: str) -> Site | None:
        """The site of a FHIR base given without end slash, or None; raises `SiteUnreadable`."""
        with self._database.read() as session:
            return sites.find_issuer(session, issuer)

    def by_id(self, site_id: SiteId) -> Site | None:
        """The site, or None when it is not registered; raises `SiteUnreadable`."""
        with self._database.read() as session:
            return sites.find(session, site_id)

    def every(self) -> Sequence[Site]:
        """All sites that can be used; one that cannot be read does not stop the others."""
        with self._database.read() as session:
            return [one.site for one in sites.listed(session) if one.site is not None]

    def put(self, site: Site) -> None:
        """Register a site or replace its registration, unchecked and without audit.

        For provisioning and tests; operators go through `smartapp.gateway.register_site`.
        """
        with self._database.transaction() as session:
            sites.save(session, site, now=clock.now())


class LaunchStates:
    """Launches that wait for their callback (launch.ports.LaunchStateStore)."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @staticmethod
    def _cell(state_hash: str) -> Cell:
        return Cell(tenant=_TENANT, table="gw_launch_state", row=state_hash, column="sealed")

    def put(self, state_hash: str, record: bytes, *, expires_at: datetime) -> None:
        """Keep a record until its callback; states past their time are swept here."""
        with self._database.passing() as session:
            session.execute(delete(LaunchStateRow).where(LaunchStateRow.expires_at <= clock.now()))
            session.add(
                LaunchStateRow(
                    state_hash=state_hash,
                    sealed=seal(self._keyring, record, self._cell(state_hash)),
                    expires_at=expires_at,
                )
            )

    def take(self, state_hash: str) -> bytes | None:
        """Return and delete a record; the second taker gets None."""
        with self._database.passing() as session:
            row = session.get(LaunchStateRow, state_hash)
            if row is None:
                return None
            sealed, expires_at = row.sealed, row.expires_at
            gone = session.execute(
                delete(LaunchStateRow).where(LaunchStateRow.state_hash == state_hash)
            )
            if touched(gone) == 0 or expires_at <= clock.now():
                return None
        return unseal(self._keyring, sealed, self._cell(state_hash))


class Tokens:
    """Token sets at rest (launch.ports.TokenStore)."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    @staticmethod
    def _cell(grant_id: str) -> Cell:
        return Cell(tenant=_TENANT, table="gw_token", row=grant_id, column="sealed")

    def load(self, grant_id: GrantId) -> bytes | None:
        """The record of a grant, or None when it is gone."""
        with self._database.read() as session:
            row = session.get(TokenRow, grant_id)
            sealed = row.sealed if row else None
        return None if sealed is None else unseal(self._keyring, sealed, self._cell(grant_id))

    def save(self, grant_id: GrantId, record: bytes) -> None:
        """Insert or replace a record."""
        with self._database.passing() as session:
            session.merge(
                TokenRow(
                    grant_id=grant_id,
                    sealed=seal(self._keyring, record, self._cell(grant_id)),
                    saved_at=clock.now(),
                )
            )

    def delete(self, grant_id: GrantId) -> None:
        """Wipe a record."""
        with self._database.passing() as session:
            session.execute(delete(TokenRow).where(TokenRow.grant_id == grant_id))

    def lease(self, grant_id: GrantId, *, holder: str, until: datetime) -> bool:
        """Take the refresh lease when it is free or has run out."""
        now = clock.now()
        try:
            with self._database.passing() as session:
                taken = session.execute(
                    update(TokenLeaseRow)
                    .where(TokenLeaseRow.grant_id == grant_id, TokenLeaseRow.until <= now)
                    .values(holder=holder, until=until)
                )
                if touched(taken) > 0:
                    return True
                if session.get(TokenLeaseRow, grant_id) is not None:
                    return False
                session.add(TokenLeaseRow(grant_id=grant_id, holder=holder, until=until))
        except IntegrityError:
            return False  # another worker inserted the row first
        return True

    def release(self, grant_id: GrantId, *, holder: str) -> None:
        """Give the lease back if this holder still has it."""
        with self._database.passing() as session:
            session.execute(
                delete(TokenLeaseRow).where(
                    TokenLeaseRow.grant_id == grant_id, TokenLeaseRow.holder == holder
                )
            )
