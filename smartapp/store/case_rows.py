"""The vault, cases, what leaves, what comes back, and what waits for a person."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from smartapp.store.rows import SmartAppBase


class VaultRow(SmartAppBase):
    """Case to patient. The one place that knows; encrypted, and never leaves."""

    __tablename__ = "gw_vault"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"))
    patient_sealed: Mapped[bytes]
    key_sealed: Mapped[bytes]
    words_sealed: Mapped[bytes]
    birth_hash: Mapped[str]
    name_hash: Mapped[str]
    question_time: Mapped[datetime]
    created_at: Mapped[datetime]


class CaseRow(SmartAppBase):
    """What a doctor may see about a case in a list: codes and times, nothing of the patient."""

    __tablename__ = "gw_case"

    case_id: Mapped[str] = mapped_column(ForeignKey("gw_vault.case_id"), primary_key=True)
    site_id: Mapped[str]
    doctor_key: Mapped[str]
    patient_key: Mapped[str]
    specialty: Mapped[str]
    question_type: Mapped[str]
    urgency: Mapped[str]
    stage: Mapped[str]
    business_status: Mapped[str]
    task_ref: Mapped[str | None]
    task_version: Mapped[int]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    unread: Mapped[bool]
    decision: Mapped[str | None]
    decision_sent: Mapped[bool]
    reflection_sealed: Mapped[bytes | None]

    __table_args__ = (
        Index("ix_gw_case_doctor", "site_id", "doctor_key", "changed_at"),
        Index("ix_gw_case_patient", "site_id", "patient_key"),
        CheckConstraint(
            "stage IN ('approved','sent','question','answered','filed','closed','taken_back',"
            "'parked','withdrawn','expired')",
            name="stage",
        ),
    )


class RevisionRow(SmartAppBase):
    """An immutable preview: the whole outgoing body. Approval only flips its state."""

    __tablename__ = "gw_revision"

    revision_id: Mapped[str] = mapped_column(primary_key=True)
    draft_id: Mapped[str]
    draft_version: Mapped[int]
    case_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    sha256: Mapped[str]
    gate: Mapped[str]
    gate_searched: Mapped[int]
    body_sealed: Mapped[bytes]
    preview_sealed: Mapped[bytes]
    facts: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        UniqueConstraint("revision_id", "sha256", "gate"),
        CheckConstraint("state IN ('shown','approved','replaced')", name="state"),
        CheckConstraint("gate IN ('pass','hit')", name="gate"),
    )


class OutboxRow(SmartAppBase):
    """Approved bytes on their way out. The gate's verdict is part of the key, so that a body
    which did not pass, or another body, cannot be queued."""

    __tablename__ = "gw_outbox"

    submission: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("gw_case.case_id"))
    kind: Mapped[str]
    revision_id: Mapped[str]
    sha256: Mapped[str]
    gate: Mapped[str]
    state: Mapped[str]
    body_sealed: Mapped[bytes]
    attempts: Mapped[int]
    send_after: Mapped[datetime]
    stale_after: Mapped[datetime]
    last_problem: Mapped[str]
    sent_at: Mapped[datetime | None]
    response_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        ForeignKeyConstraint(
            ("revision_id", "sha256", "gate"),
            ("gw_revision.revision_id", "gw_revision.sha256", "gw_revision.gate"),
        ),
        CheckConstraint("gate = 'pass'", name="gate_passed"),
        CheckConstraint(
            "state IN ('waiting','sending','sent','taken_back','parked')", name="state"
        ),
        Index("ix_gw_outbox_state", "state"),
    )


class MessageRow(SmartAppBase):
    """One turn of the thread as the doctor sees it; re-linked inside the hospital."""

    __tablename__ = "gw_message"

    case_id: Mapped[str] = mapped_column(ForeignKey("gw_case.case_id"), primary_key=True)
    message: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    reference: Mapped[str]
    text_sealed: Mapped[bytes]
    at: Mapped[datetime]
    sequence: Mapped[int]


class AnswerRow(SmartAppBase):
    """One signed opinion, its rendering for the chart, and how far the filing has come."""

    __tablename__ = "gw_answer"

    case_id: Mapped[str] = mapped_column(ForeignKey("gw_case.case_id"), primary_key=True)
    opinion: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    state: Mapped[str]
    original_sealed: Mapped[bytes]
    view_sealed: Mapped[bytes]
    original_sha256: Mapped[str]
    rendering_sha256: Mapped[str]
    chart_reference_sealed: Mapped[bytes | None]
    received_at: Mapped[datetime]
    written_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    rung: Mapped[str | None]  # the form in which it is being written, from the first try on

    __table_args__ = (
        CheckConstraint(
            "state IN ('received','writing','written','acknowledged','parked','superseded')",
            name="state",
        ),
    )


class ParkedRow(SmartAppBase):
    """Something that stopped and waits, visibly, for a person."""

    __tablename__ = "gw_parked"

    parked_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(index=True)
    item: Mapped[str]
    reason: Mapped[str]
    since: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
