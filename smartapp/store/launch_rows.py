"""Sites, launches, and what one launch holds while a doctor works."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from smartapp.store.rows import SmartAppBase


class SiteRow(SmartAppBase):
    """One registered EHR: the only issuers a launch may come from."""

    __tablename__ = "gw_site"

    site_id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(unique=True)
    facts: Mapped[str]
    updated_at: Mapped[datetime]
    # A removed site whose cases are still in the vault stays as a row; its issuer is freed.
    removed_at: Mapped[datetime | None]


class SiteSecretRow(SmartAppBase):
    """The shared secret by which one EHR knows us; encrypted, and shown nowhere."""

    __tablename__ = "gw_site_secret"

    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"), primary_key=True)
    secret_sealed: Mapped[bytes]
    changed_at: Mapped[datetime]


class SiteProbeRow(SmartAppBase):
    """What a site said about itself when an operator last asked."""

    __tablename__ = "gw_site_probe"

    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"), primary_key=True)
    found: Mapped[str]
    probed_at: Mapped[datetime]


class LaunchStateRow(SmartAppBase):
    """One authorization request under way; used once, then gone."""

    __tablename__ = "gw_launch_state"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TokenRow(SmartAppBase):
    """The tokens of one grant: a launch, or a site's Backend Services client."""

    __tablename__ = "gw_token"

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    saved_at: Mapped[datetime]


class TokenLeaseRow(SmartAppBase):
    """Who is refreshing a grant right now; one row keeps refreshes single across workers."""

    __tablename__ = "gw_token_lease"

    grant_id: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]


class LaunchRow(SmartAppBase):
    """One launch: its handle stands in the path, its browser is known by a cookie's hash."""

    __tablename__ = "gw_launch"

    handle_hash: Mapped[str] = mapped_column(primary_key=True)
    browser_hash: Mapped[str]
    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"))
    doctor_key: Mapped[str]
    patient_key: Mapped[str]
    grant_id: Mapped[str]
    context_sealed: Mapped[bytes]
    draft_id: Mapped[str]
    framed: Mapped[bool]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class HandoffRow(SmartAppBase):
    """A one-use code that opens a launch in another window of the same person."""

    __tablename__ = "gw_handoff"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class MemberRow(SmartAppBase):
    """A doctor's network membership: pairwise subject and the member id the network gave."""

    __tablename__ = "gw_member"

    site_id: Mapped[str] = mapped_column(primary_key=True)
    doctor_key: Mapped[str] = mapped_column(primary_key=True)
    subject_sealed: Mapped[bytes]
    member_id: Mapped[str | None]
    valid_until: Mapped[datetime | None]


class RosterRow(SmartAppBase):
    """What the hospital says about one of its doctors; no launch supplies it."""

    __tablename__ = "gw_roster"

    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"), primary_key=True)
    doctor_key: Mapped[str] = mapped_column(primary_key=True)
    facts_sealed: Mapped[bytes]
    changed_at: Mapped[datetime]


class CursorRow(SmartAppBase):
    """How far the poll of the consult server has come."""

    __tablename__ = "gw_cursor"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class DraftRow(SmartAppBase):
    """A question in the making, with the chart it was read from; gone after twelve hours."""

    __tablename__ = "gw_draft"

    draft_id: Mapped[str] = mapped_column(primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("gw_site.site_id"))
    case_id: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    lease_holder: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    patient_sealed: Mapped[bytes]
    key_sealed: Mapped[bytes]
    snapshot_sealed: Mapped[bytes | None]
    form_sealed: Mapped[bytes | None]
    choices_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SectionRow(SmartAppBase):
    """How the reading of one part of the chart went."""

    __tablename__ = "gw_section"

    draft_id: Mapped[str] = mapped_column(
        ForeignKey("gw_draft.draft_id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]
    count: Mapped[int]


Index("ix_gw_launch_doctor", LaunchRow.site_id, LaunchRow.doctor_key)
