"""Attested doctors."""

from datetime import datetime

from sqlalchemy import select

from consult.domain.member import Member
from consult.store.rows import MemberRow
from consult.store.unit import Unit


def find(unit: Unit, member_id: str, *, tenant_id: str) -> Member | None:
    """Return a member of this hospital, or None."""
    row = unit.session.get(MemberRow, member_id)
    if row is None or row.tenant_id != tenant_id:
        return None
    return frozen(row)


def find_by_subject(unit: Unit, *, tenant_id: str, subject: str) -> Member | None:
    """Return the member whom a hospital names by this pairwise subject, or None."""
    row = unit.session.scalars(
        select(MemberRow).where(MemberRow.tenant_id == tenant_id, MemberRow.subject == subject)
    ).one_or_none()
    return frozen(row) if row is not None else None


def save(unit: Unit, member: Member, *, subject: str, now: datetime) -> None:
    """Add a member, or renew what their hospital says about them."""
    unit.session.merge(
        MemberRow(
            member_id=member.member_id,
            tenant_id=member.tenant_id,
            subject=subject,
            role=member.role,
            grade=member.grade,
            specialty=member.specialty,
            region=member.region,
            supervisor_subject=member.supervisor_subject,
            valid_until=member.valid_until,
            attested_at=now,
        )
    )
    unit.session.flush()


def frozen(row: MemberRow) -> Member:
    """Turn a row into a frozen member."""
    return Member(
        member_id=row.member_id,
        tenant_id=row.tenant_id,
        role=row.role,
        grade=row.grade,
        specialty=row.specialty,
        region=row.region,
        supervisor_subject=row.supervisor_subject,
        valid_until=row.valid_until,
    )
