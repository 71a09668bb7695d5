"""Launches: a handle in the path, bound to one browser by the hash of its cookie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.errors import HandoffRefused, SessionExpired, SessionMissing
from smartapp.store.launch_rows import HandoffRow, LaunchRow, TokenRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, hashed, seal_json, unseal_json

HANDOFF_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One launch of one doctor for one patient. `context` is PHI: never printed."""

    handle_hash: str
    site_id: str
    doctor_key: str
    patient_key: str
    grant_id: str
    draft_id: str
    framed: bool
    context: Mapping[str, Any] = field(repr=False)


def create(
    session: Session,
    keyring: Keyring,
    launch: Launch,
    *,
    browser_secret: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a launch under the hash of its handle."""
    cell = Cell(tenant=launch.site_id, table="gw_launch", row=launch.handle_hash, column="context")
    session.add(
        LaunchRow(
            handle_hash=launch.handle_hash,
            browser_hash=hashed(browser_secret),
            site_id=launch.site_id,
            doctor_key=launch.doctor_key,
            patient_key=launch.patient_key,
            grant_id=launch.grant_id,
            context_sealed=seal_json(keyring, launch.context, cell),
            draft_id=launch.draft_id,
            framed=launch.framed,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()


def _opened(keyring: Keyring, row: LaunchRow) -> Launch:
    cell = Cell(tenant=row.site_id, table="gw_launch", row=row.handle_hash, column="context")
    return Launch(
        handle_hash=row.handle_hash,
        site_id=row.site_id,
        doctor_key=row.doctor_key,
        patient_key=row.patient_key,
        grant_id=row.grant_id,
        draft_id=row.draft_id,
        framed=row.framed,
        context=unseal_json(keyring, row.context_sealed, cell),
    )


def load(
    session: Session,
    keyring: Keyring,
    *,
    handle: str,
    browser_secret: str | None,
    now: datetime,
    idle: timedelta,
) -> Launch:
    """Return the launch that this browser opened; the handle alone is not enough."""
    row = session.get(LaunchRow, hashed(handle))
    if row is None or browser_secret is None or row.browser_hash != hashed(browser_secret):
        raise SessionMissing
    if row.expires_at <= now or row.seen_at + idle <= now:
        raise SessionExpired
    return _opened(keyring, row)


def touch(session: Session, handle_hash: str, *, now: datetime) -> None:
    """Note that the doctor is still there; at most once a minute, to spare writes."""
    session.execute(
        update(LaunchRow)
        .where(
            LaunchRow.handle_hash == handle_hash,
            LaunchRow.seen_at < now - timedelta(minutes=1),
        )
        .values(seen_at=now)
    )


def point_at(session: Session, handle_hash: str, *, draft_id: str) -> None:
    """Let a launch go on with another draft."""
    session.execute(
        update(LaunchRow).where(LaunchRow.handle_hash == handle_hash).values(draft_id=draft_id)
    )


def offer_handoff(
    session: Session, keyring: Keyring, launch: Launch, *, code: str, now: datetime
) -> None:
    """Keep a one-use code for opening this launch in another window."""
    session.execute(delete(HandoffRow).where(HandoffRow.expires_at <= now))
    cell = Cell(tenant="launch", table="gw_handoff", row=hashed(code), column="sealed")
    session.add(
        HandoffRow(
            code_hash=hashed(code),
            sealed=seal_json(keyring, {"launch": launch.handle_hash}, cell),
            expires_at=now + HANDOFF_LIFETIME,
        )
    )
    session.flush()


def take_handoff(
    session: Session, keyring: Keyring, *, code: str, now: datetime
) -> tuple[Launch, datetime]:
    """Use a code up and return its launch and that launch's end; a second use is refused."""
    code_hash = hashed(code)
    row = session.get(HandoffRow, code_hash)
    if row is None:
        raise HandoffRefused
    sealed, expires_at = row.sealed, row.expires_at
    gone = session.execute(delete(HandoffRow).where(HandoffRow.code_hash == code_hash))
    if touched(gone) == 0 or expires_at <= now:
        raise HandoffRefused
    cell = Cell(tenant="launch", table="gw_handoff", row=code_hash, column="sealed")
    found = session.get(LaunchRow, unseal_json(keyring, sealed, cell)["launch"])
    if found is None or found.expires_at <= now:
        raise HandoffRefused
    return _opened(keyring, found), found.expires_at


def alive(session: Session, marks: Sequence[str], *, now: datetime) -> list[str]:
    """Of the beginnings of handle hashes, those of launches that are open; newest first."""
    rows = session.scalars(
        select(LaunchRow.handle_hash)
        .where(
            or_(*(LaunchRow.handle_hash.startswith(mark, autoescape=True) for mark in marks)),
            LaunchRow.expires_at > now,
        )
        .order_by(LaunchRow.created_at.desc())
    )
    wanted = dict.fromkeys(marks)
    return [mark for found in rows for mark in wanted if found.startswith(mark)]


def silent_grants(
    session: Session, *, now: datetime, idle: timedelta
) -> tuple[tuple[str, str], ...]:
    """Grants whose tokens are still here though none of their windows is in use: (grant, site).

    The launch itself stays until its time is up, so that its pages can say what happened.
    """
    in_use = select(LaunchRow.grant_id).where(
        LaunchRow.expires_at > now, LaunchRow.seen_at > now - idle
    )
    rows = session.execute(
        select(LaunchRow.grant_id, LaunchRow.site_id)
        .join(TokenRow, TokenRow.grant_id == LaunchRow.grant_id)
        .where(LaunchRow.grant_id.not_in(in_use))
        .distinct()
        .order_by(LaunchRow.grant_id)
    )
    return tuple((row.grant_id, row.site_id) for row in rows)


def delete_grant(session: Session, grant_id: str) -> None:
    """Forget every window of a launch."""
    session.execute(delete(LaunchRow).where(LaunchRow.grant_id == grant_id))


def delete_expired(session: Session, *, now: datetime) -> None:
    """Forget launches whose time is up and whose tokens are wiped."""
    held = select(TokenRow.grant_id)
    session.execute(
        delete(LaunchRow).where(LaunchRow.expires_at <= now, LaunchRow.grant_id.not_in(held))
    )
