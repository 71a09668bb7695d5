"""Memberships and the poll cursor: what the gateway remembers about the network."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.store.launch_rows import CursorRow, MemberRow
from smartapp.store.sealed import Cell, seal, unseal


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A doctor's standing at the network; `member_id` is None until it was attested."""

    subject: str = field(repr=False)
    member_id: str | None
    valid_until: datetime | None


def _cell(site_id: str, doctor_key: str) -> Cell:
    return Cell(tenant=site_id, table="gw_member", row=doctor_key, column="subject")


def find(session: Session, keyring: Keyring, *, site_id: str, doctor_key: str) -> Membership | None:
    """The membership of a doctor, or None before the first attestation."""
    row = session.get(MemberRow, (site_id, doctor_key))
    if row is None:
        return None
    subject = unseal(keyring, row.subject_sealed, _cell(site_id, doctor_key)).decode()
    return Membership(subject=subject, member_id=row.member_id, valid_until=row.valid_until)


def remember(
    session: Session,
    keyring: Keyring,
    *,
    site_id: str,
    doctor_key: str,
    membership: Membership,
) -> None:
    """Store the pairwise subject, and the member id once the network gave it."""
    session.merge(
        MemberRow(
            site_id=site_id,
            doctor_key=doctor_key,
            subject_sealed=seal(keyring, membership.subject.encode(), _cell(site_id, doctor_key)),
            member_id=membership.member_id,
            valid_until=membership.valid_until,
        )
    )
    session.flush()


def cursor(session: Session, name: str) -> str | None:
    """How far a poll has come, or None at the first time."""
    row = session.get(CursorRow, name)
    return row.value if row else None


def move_cursor(session: Session, name: str, value: str) -> None:
    """Remember how far a poll has come."""
    session.merge(CursorRow(name=name, value=value))
    session.flush()
