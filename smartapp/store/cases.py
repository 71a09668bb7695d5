"""Cases as a doctor's list shows them: codes and times, nothing of the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.errors import CaseUnknown
from smartapp.store.case_rows import CaseRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal


@dataclass(frozen=True, kw_only=True)
class Case:
    """The present state of one case at this hospital."""

    case_id: str
    site_id: str
    doctor_key: str
    patient_key: str
    specialty: str
    question_type: str
    urgency: str
    stage: str
    business_status: str
    task_ref: str | None
    task_version: int
    asked_at: datetime
    due_at: datetime
    changed_at: datetime
    unread: bool
    decision: str | None
    decision_sent: bool


def _case(row: CaseRow) -> Case:
    return Case(
        case_id=row.case_id,
        site_id=row.site_id,
        doctor_key=row.doctor_key,
        patient_key=row.patient_key,
        specialty=row.specialty,
        question_type=row.question_type,
        urgency=row.urgency,
        stage=row.stage,
        business_status=row.business_status,
        task_ref=row.task_ref,
        task_version=row.task_version,
        asked_at=row.asked_at,
        due_at=row.due_at,
        changed_at=row.changed_at,
        unread=row.unread,
        decision=row.decision,
        decision_sent=row.decision_sent,
    )


def add(session: Session, case: Case) -> None:
    """Store a case at the moment of its approval."""
    session.add(
        CaseRow(
            case_id=case.case_id,
            site_id=case.site_id,
            doctor_key=case.doctor_key,
            patient_key=case.patient_key,
            specialty=case.specialty,
            question_type=case.question_type,
            urgency=case.urgency,
            stage=case.stage,
            business_status=case.business_status,
            task_ref=case.task_ref,
            task_version=case.task_version,
            asked_at=case.asked_at,
            due_at=case.due_at,
            changed_at=case.changed_at,
            unread=case.unread,
            decision=case.decision,
            decision_sent=case.decision_sent,
        )
    )
    session.flush()


def find(session: Session, case_id: str) -> Case:
    """One case; `CaseUnknown` when this hospital has none of that id."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise CaseUnknown
    return _case(row)


def exists(session: Session, case_id: str) -> bool:
    """Whether the case was approved here."""
    return session.get(CaseRow, case_id) is not None


def of_doctor(session: Session, *, site_id: str, doctor_key: str) -> Sequence[Case]:
    """A doctor's cases, latest change first, at most 200."""
    rows = session.scalars(
        select(CaseRow)
        .where(CaseRow.site_id == site_id, CaseRow.doctor_key == doctor_key)
        .order_by(CaseRow.changed_at.desc())
        .limit(200)
    )
    return [_case(row) for row in rows]


def of_patient(
    session: Session, *, site_id: str, doctor_key: str, patient_key: str
) -> Sequence[Case]:
    """A doctor's cases for the patient in context, latest first."""
    return [
        case
        for case in of_doctor(session, site_id=site_id, doctor_key=doctor_key)
        if case.patient_key == patient_key
    ]


def at_patient(session: Session, *, site_id: str, patient_key: str) -> Sequence[Case]:
    """Everybody's cases about one patient, found by the keyed digest; latest first, 50 at most."""
    rows = session.scalars(
        select(CaseRow)
        .where(CaseRow.site_id == site_id, CaseRow.patient_key == patient_key)
        .order_by(CaseRow.changed_at.desc())
        .limit(50)
    )
    return [_case(row) for row in rows]


def move(
    session: Session,
    case_id: str,
    *,
    now: datetime,
    stage: str | None = None,
    unread: bool | None = None,
    only_from: Sequence[str] | None = None,
) -> bool:
    """Change a case's stage; with `only_from` by compare-and-set. True when it changed."""
    values: dict[str, object] = {"changed_at": now}
    if stage is not None:
        values["stage"] = stage
    if unread is not None:
        values["unread"] = unread
    change = update(CaseRow).where(CaseRow.case_id == case_id).values(**values)
    if only_from is not None:
        change = change.where(CaseRow.stage.in_(only_from))
    return touched(session.execute(change)) > 0


def note_status(session: Session, case_id: str, business_status: str) -> None:
    """Remember what the network calls the state of the case."""
    session.execute(
        update(CaseRow).where(CaseRow.case_id == case_id).values(business_status=business_status)
    )


def note_task(
    session: Session, case_id: str, *, task_ref: str, version: int, due_at: datetime | None
) -> bool:
    """Remember the newest version of the case Task seen; False when it was seen before."""
    values: dict[str, object] = {"task_ref": task_ref, "task_version": version}
    if due_at is not None:
        values["due_at"] = due_at
    done = session.execute(
        update(CaseRow)
        .where(CaseRow.case_id == case_id, CaseRow.task_version < version)
        .values(**values)
    )
    return touched(done) > 0


def mark_read(session: Session, case_id: str) -> None:
    """The doctor has seen what was new."""
    session.execute(
        update(CaseRow)
        .where(CaseRow.case_id == case_id, CaseRow.unread.is_(True))
        .values(unread=False)
    )


def record_decision(
    session: Session,
    keyring: Keyring,
    case_id: str,
    *,
    decision: str,
    reflection: str,
    now: datetime,
) -> None:
    """Keep the coded decision, and the private reflection under encryption."""
    row = session.get(CaseRow, case_id)
    if row is None:
        raise CaseUnknown
    row.decision = decision
    row.decision_sent = False
    row.changed_at = now
    if reflection:
        cell = Cell(tenant=row.site_id, table="gw_case", row=case_id, column="reflection")
        row.reflection_sealed = seal(keyring, reflection.encode(), cell)
    session.flush()


def decision_arrived(session: Session, case_id: str, *, sent: str) -> bool:
    """The network has the decision that was sent.

    False when the doctor decided anew meanwhile: then the newer one is still to be sent.
    """
    for condition, arrived in ((CaseRow.decision == sent, True), (CaseRow.decision != sent, False)):
        done = session.execute(
            update(CaseRow)
            .where(CaseRow.case_id == case_id, condition)
            .values(decision_sent=arrived)
        )
        if touched(done) > 0:
            return arrived
    return False


def open_cases(session: Session) -> Sequence[Case]:
    """Cases that still wait for something, for the watch on silent waiting."""
    rows = session.scalars(
        select(CaseRow).where(CaseRow.stage.in_(("approved", "sent", "question", "answered")))
    )
    return [_case(row) for row in rows]
