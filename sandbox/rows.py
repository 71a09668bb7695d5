"""Tables of the simulated EHR: clients, launches, grants, codes, tokens, people, switches."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from runtime.tables import UtcDateTime


class SandboxBase(DeclarativeBase):
    """Metadata of this room alone; table names start with `ehr_`."""


_TIME = UtcDateTime


class ClientRow(SandboxBase):
    """One registered SMART client."""

    __tablename__ = "ehr_client"

    client_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    auth: Mapped[str] = mapped_column(String(24))
    jwks: Mapped[str] = mapped_column(Text, default="")
    secret_hash: Mapped[str] = mapped_column(String(64), default="")
    redirect_uris: Mapped[str] = mapped_column(Text, default="")
    launch_url: Mapped[str] = mapped_column(String(500), default="")
    scopes: Mapped[str] = mapped_column(Text)
    grant_types: Mapped[str] = mapped_column(String(200))
    access_seconds: Mapped[int] = mapped_column(Integer)
    need_patient_banner: Mapped[bool] = mapped_column(default=True)


class AccountRow(SandboxBase):
    """One doctor who can sign in, and the resources that stand for that doctor."""

    __tablename__ = "ehr_account"

    account_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    practitioner_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    ward: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(Integer)


class PersonaRow(SandboxBase):
    """One seeded patient, and since when changes to the chart are news."""

    __tablename__ = "ehr_persona"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    patient_id: Mapped[str] = mapped_column(String(64), unique=True)
    encounter_id: Mapped[str] = mapped_column(String(64))
    ward: Mapped[str] = mapped_column(String(100))
    bed: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(300))
    code_status: Mapped[str] = mapped_column(String(60))
    listed: Mapped[bool] = mapped_column()
    teaching: Mapped[bool] = mapped_column()
    position: Mapped[int] = mapped_column(Integer)
    resources: Mapped[int] = mapped_column(Integer)
    days_moved: Mapped[int] = mapped_column(Integer)
    seeded_at: Mapped[datetime] = mapped_column(_TIME)


class LaunchRow(SandboxBase):
    """One press of the launch button; the value itself is stored hashed."""

    __tablename__ = "ehr_launch"

    launch_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("ehr_client.client_id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("ehr_account.account_id"))
    patient_id: Mapped[str] = mapped_column(String(64))
    encounter_id: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)


class PendingRow(SandboxBase):
    """One authorization request that waits for sign-in and a choice of patient."""

    __tablename__ = "ehr_pending"

    pending_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("ehr_client.client_id"))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(Text)
    scopes: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(String(43))
    nonce: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(_TIME)


class GrantRow(SandboxBase):
    """One authorization: the family that its code, access and refresh tokens belong to."""

    __tablename__ = "ehr_grant"

    grant_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("ehr_client.client_id"))
    account_id: Mapped[str] = mapped_column(String(40), default="")
    patient_id: Mapped[str] = mapped_column(String(64), default="")
    encounter_id: Mapped[str] = mapped_column(String(64), default="")
    scopes: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)


class CodeRow(SandboxBase):
    """One authorization code, good once within a minute."""

    __tablename__ = "ehr_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("ehr_grant.grant_id"))
    redirect_uri: Mapped[str] = mapped_column(String(500))
    code_challenge: Mapped[str] = mapped_column(String(43))
    nonce: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)


class TokenRow(SandboxBase):
    """One access or refresh token, stored hashed."""

    __tablename__ = "ehr_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    grant_id: Mapped[str] = mapped_column(ForeignKey("ehr_grant.grant_id"))
    kind: Mapped[str] = mapped_column(String(8))
    scopes: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)

    __table_args__ = (Index("ix_ehr_token_grant", "grant_id"),)


class FaultRow(SandboxBase):
    """One armed fault switch; `remaining` counts down, -1 stays until it is cleared."""

    __tablename__ = "ehr_fault"

    fault_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    effect: Mapped[str] = mapped_column(String(24))
    place: Mapped[str] = mapped_column(String(8))
    resource_type: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(8))
    remaining: Mapped[int] = mapped_column(Integer)
    every: Mapped[int] = mapped_column(Integer)
    seen: Mapped[int] = mapped_column(Integer)
    milliseconds: Mapped[int] = mapped_column(Integer)


class BenchRow(SandboxBase):
    """How the test bench stands: one row, which every process reads for each request."""

    __tablename__ = "ehr_bench"

    bench_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    dialect: Mapped[str] = mapped_column(String(40))
    switches: Mapped[str] = mapped_column(Text)


class AppContextRow(SandboxBase):
    """What a card gave a launch to carry; found by the launch's hash, then by its grant."""

    __tablename__ = "ehr_app_context"

    holder: Mapped[str] = mapped_column(String(64), primary_key=True)
    app_context: Mapped[str] = mapped_column(Text)
    kept_until: Mapped[datetime] = mapped_column(_TIME)


class CdsServiceRow(SandboxBase):
    """A CDS Hooks service that the chart page calls, and the app that its cards launch."""

    __tablename__ = "ehr_cds_service"

    base_url: Mapped[str] = mapped_column(String(500), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("ehr_client.client_id"))


class LedgerRow(SandboxBase):
    """One call of an app to this EHR: what kind it was and how it went, no value of a patient."""

    __tablename__ = "ehr_ledger"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(_TIME)
    place: Mapped[str] = mapped_column(String(8))
    method: Mapped[str] = mapped_column(String(8))
    route: Mapped[str] = mapped_column(String(120))
    resource_type: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    milliseconds: Mapped[int] = mapped_column(Integer)
    client_id: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)


class DraftRow(SandboxBase):
    """One unsigned draft that an app put into the scratchpad of a chart."""

    __tablename__ = "ehr_draft"

    draft_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    patient_id: Mapped[str] = mapped_column(String(64), index=True)
    account_id: Mapped[str] = mapped_column(String(40))
    made_at: Mapped[datetime] = mapped_column(_TIME)
    body: Mapped[str] = mapped_column(Text)
