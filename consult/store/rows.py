"""Tables of what is not FHIR at the consult server, prefix `cs_`.

Cases, messages and opinions live as resources in the engine's store. `cs_case` holds only
what never changes after a case was accepted: where its resources are, and how much there is
to read.
"""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from runtime.tables import UtcDateTime


class ConsultBase(DeclarativeBase):
    """Metadata of the consult room."""


class TenantRow(ConsultBase):
    """A hospital."""

    __tablename__ = "cs_tenant"

    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(default=True)


class ClientRow(ConsultBase):
    """A hospital's registered Backend Services client."""

    __tablename__ = "cs_client"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("cs_tenant.tenant_id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)


class ClientKeyRow(ConsultBase):
    """A public key of a client; a retired one still proves receipts that it signed."""

    __tablename__ = "cs_client_key"

    client_id: Mapped[str] = mapped_column(ForeignKey("cs_client.client_id"), primary_key=True)
    kid: Mapped[str] = mapped_column(String(128), primary_key=True)
    jwk: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class MemberRow(ConsultBase):
    """A doctor as their hospital attested them; the subject is the hospital's random name."""

    __tablename__ = "cs_member"

    member_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("cs_tenant.tenant_id"))
    subject: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(60))
    grade: Mapped[str] = mapped_column(String(60))
    specialty: Mapped[str] = mapped_column(String(60))
    region: Mapped[str] = mapped_column(String(60))
    supervisor_subject: Mapped[str | None] = mapped_column(String(128))
    valid_until: Mapped[datetime] = mapped_column(UtcDateTime)
    attested_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("tenant_id", "subject"),)


class SubmissionRow(ConsultBase):
    """A transaction that was accepted: its key, its hash, its bytes and what we answered.

    A privacy purge erases body and response and keeps the hashes.
    """

    __tablename__ = "cs_submission"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("cs_tenant.tenant_id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    response: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReceiptRow(ConsultBase):
    """The claims of an accepted de-identification receipt; its id is used once."""

    __tablename__ = "cs_receipt"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("cs_tenant.tenant_id"), primary_key=True)
    receipt_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), index=True)
    submission: Mapped[str] = mapped_column(String(128))
    claims: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseRow(ConsultBase):
    """Where an accepted case is, and how much there is to read in it."""

    __tablename__ = "cs_case"

    task_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("cs_tenant.tenant_id"))
    case_id: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[str] = mapped_column(String(64))
    snapshot_id: Mapped[str] = mapped_column(String(64))
    snapshot_sha256: Mapped[str] = mapped_column(String(64))
    question_id: Mapped[str] = mapped_column(String(64))
    member_id: Mapped[str] = mapped_column(ForeignKey("cs_member.member_id"))
    specialty: Mapped[str] = mapped_column(String(32), index=True)
    question_type: Mapped[str] = mapped_column(String(32))
    question_head: Mapped[str] = mapped_column(Text)
    results: Mapped[int] = mapped_column(Integer)
    notes: Mapped[int] = mapped_column(Integer)
    documents: Mapped[int] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("tenant_id", "case_id"),)


class SpecialistRow(ConsultBase):
    """How a specialist signs in; name and specialties as the network shows them."""

    __tablename__ = "cs_specialist"

    member_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    specialties: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret: Mapped[bytes] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(Integer, default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EvidenceRow(ConsultBase):
    """One checked credential of a specialist."""

    __tablename__ = "cs_evidence"

    credential_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("cs_specialist.member_id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    verified_on: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    next_check: Mapped[date] = mapped_column(Date)
    revoked: Mapped[bool] = mapped_column(default=False)


class DraftRow(ConsultBase):
    """A specialist's unfinished answer to a case."""

    __tablename__ = "cs_draft"

    task_id: Mapped[str] = mapped_column(ForeignKey("cs_case.task_id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("cs_specialist.member_id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SeenRow(ConsultBase):
    """Which version of a case a specialist has looked at."""

    __tablename__ = "cs_seen"

    task_id: Mapped[str] = mapped_column(ForeignKey("cs_case.task_id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("cs_specialist.member_id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
