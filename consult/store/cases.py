"""Where accepted cases are, and what there is to read in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, select

from consult.store import members
from consult.store.rows import CaseRow, MemberRow, SeenRow
from consult.store.unit import Unit


@dataclass(frozen=True, kw_only=True)
class CasePlace:
    """The resources of a case, and the facts about it that never change."""

    task_id: str
    tenant_id: str
    case_id: str
    request_id: str
    subject_id: str
    snapshot_id: str
    snapshot_sha256: str
    question_id: str
    member_id: str
    specialty: str
    question_type: str
    question_head: str = field(repr=False)
    results: int
    notes: int
    documents: int
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseSummary:
    """A case with its asker, as one specialist finds it in the inbox."""

    place: CasePlace
    asker_title: str
    asker_region: str
    seen_version: int


def add(unit: Unit, place: CasePlace) -> None:
    """Record an accepted case."""
    unit.session.add(CaseRow(**{name: getattr(place, name) for name in _FIELDS}))
    unit.session.flush()


def by_task(unit: Unit, task_id: str) -> CasePlace | None:
    """Return the case of a Task, or None."""
    row = unit.session.get(CaseRow, task_id)
    return _frozen(row) if row is not None else None


def by_case(unit: Unit, *, tenant_id: str, case_id: str) -> CasePlace | None:
    """Return a hospital's case by its case id, or None."""
    row = unit.session.scalars(
        select(CaseRow).where(CaseRow.tenant_id == tenant_id, CaseRow.case_id == case_id)
    ).one_or_none()
    return _frozen(row) if row is not None else None


def summaries(unit: Unit, task_ids: Sequence[str], *, reader: str) -> dict[str, CaseSummary]:
    """Return the summaries of these cases by Task id, in one statement."""
    if not task_ids:
        return {}
    rows = unit.session.execute(
        select(CaseRow, MemberRow, SeenRow.version)
        .join(MemberRow, MemberRow.member_id == CaseRow.member_id)
        .outerjoin(SeenRow, and_(SeenRow.task_id == CaseRow.task_id, SeenRow.member_id == reader))
        .where(CaseRow.task_id.in_(task_ids))
    )
    return {
        case.task_id: CaseSummary(
            place=_frozen(case),
            asker_title=members.frozen(member).title,
            asker_region=member.region,
            seen_version=seen or 0,
        )
        for case, member, seen in rows
    }


def note_seen(unit: Unit, *, task_id: str, member_id: str, version: int) -> None:
    """Record that a specialist has looked at a version of a case."""
    unit.session.merge(SeenRow(task_id=task_id, member_id=member_id, version=version))
    unit.session.flush()


_FIELDS = tuple(CasePlace.__dataclass_fields__)


def _frozen(row: CaseRow) -> CasePlace:
    return CasePlace(**{name: getattr(row, name) for name in _FIELDS})
