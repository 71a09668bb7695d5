"""Registered EHRs as rows: facts, the shared secret, what a probe found, and what hangs on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from launch.ports import Site
from runtime import json_text
from runtime.keyring import Keyring
from smartapp.errors import SiteUnreadable
from smartapp.store import site_facts
from smartapp.store.case_rows import AnswerRow, CaseRow, OutboxRow, ParkedRow, VaultRow
from smartapp.store.launch_rows import (
    DraftRow,
    LaunchRow,
    MemberRow,
    RosterRow,
    SiteProbeRow,
    SiteRow,
    SiteSecretRow,
    TokenRow,
)
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, unseal

# A case in one of these is still owed something: an answer, a place in the chart, a closing.
_OPEN_STAGES = ("approved", "sent", "question", "answered", "filed", "parked")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a site said about itself, and when; addresses and codes, nothing of a patient."""

    at: datetime
    found: Mapping[str, Any]  # Any: JSON of the probe


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What hangs on a site: counts only."""

    open_cases: int
    unsent: int
    unwritten: int
    parked: int


@dataclass(frozen=True, kw_only=True)
class SiteListing:
    """One row of a list: a site, or the error that keeps it from being used."""

    site_id: str
    site: Site | None
    problem: SiteUnreadable | None = None


def _cell(site_id: str) -> Cell:
    return Cell(tenant=site_id, table="gw_site_secret", row=site_id, column="secret")


def save(session: Session, site: Site, *, now: datetime) -> None:
    """Register a site or replace its registration."""
    session.merge(
        SiteRow(
            site_id=site.site_id,
            issuer=site.issuer,
            facts=site_facts.to_text(site),
            updated_at=now,
            removed_at=None,
        )
    )
    session.flush()


def find(session: Session, site_id: str) -> Site | None:
    """The site, or None when it is not (or no longer) registered; raises `SiteUnreadable`."""
    row = session.get(SiteRow, site_id)
    if row is None or row.removed_at is not None:
        return None
    return site_facts.from_text(row.facts, site_id=row.site_id)


def find_issuer(session: Session, issuer: str) -> Site | None:
    """The site of a FHIR base given without end slash, or None; raises `SiteUnreadable`."""
    row = session.scalars(
        select(SiteRow).where(SiteRow.issuer == issuer, SiteRow.removed_at.is_(None))
    ).one_or_none()
    return site_facts.from_text(row.facts, site_id=row.site_id) if row else None


def is_taken(session: Session, site_id: str) -> bool:
    """Whether the id was ever used; the id of a removed site names its old cases."""
    return session.get(SiteRow, site_id) is not None


def listed(session: Session) -> Sequence[SiteListing]:
    """Every registered site by id; one that cannot be read is listed with its error."""
    rows = session.scalars(
        select(SiteRow).where(SiteRow.removed_at.is_(None)).order_by(SiteRow.site_id)
    )
    return [_listing(row) for row in rows]


def _listing(row: SiteRow) -> SiteListing:
    try:
        site = site_facts.from_text(row.facts, site_id=row.site_id)
    except SiteUnreadable as problem:
        return SiteListing(site_id=row.site_id, site=None, problem=problem)
    return SiteListing(site_id=row.site_id, site=site)


def keep_secret(
    session: Session, keyring: Keyring, site_id: str, secret: str, *, now: datetime
) -> None:
    """Keep the shared secret of a site, encrypted, in place of an earlier one."""
    session.merge(
        SiteSecretRow(
            site_id=site_id,
            secret_sealed=seal(keyring, secret.encode("utf-8"), _cell(site_id)),
            changed_at=now,
        )
    )
    session.flush()


def forget_secret(session: Session, site_id: str) -> bool:
    """Delete the shared secret of a site; False when there was none."""
    gone = session.execute(delete(SiteSecretRow).where(SiteSecretRow.site_id == site_id))
    return touched(gone) > 0


def secret_of(session: Session, keyring: Keyring, site_id: str) -> str | None:
    """The shared secret of a site; None when none is kept."""
    row = session.get(SiteSecretRow, site_id)
    if row is None:
        return None
    return unseal(keyring, row.secret_sealed, _cell(site_id)).decode("utf-8")


def secret_since(session: Session, site_id: str) -> datetime | None:
    """When the shared secret was entered; None when none is kept. Never the secret."""
    row = session.get(SiteSecretRow, site_id)
    return row.changed_at if row else None


def keep_probe(session: Session, site_id: str, found: Mapping[str, Any], *, now: datetime) -> None:
    """Keep what a site said about itself, in place of what it said before."""
    text = json_text.dumps(dict(found)).decode("utf-8")
    session.merge(SiteProbeRow(site_id=site_id, found=text, probed_at=now))
    session.flush()


def last_probe(session: Session, site_id: str) -> Probe | None:
    """What the site said when it was last asked."""
    row = session.get(SiteProbeRow, site_id)
    if row is None:
        return None
    return Probe(at=row.probed_at, found=json_text.loads(row.found.encode("utf-8")))


def waiting(session: Session, site_id: str) -> Waiting:
    """What of a site is open, unsent, not in the chart, or parked."""
    mine = select(CaseRow.case_id).where(CaseRow.site_id == site_id)
    return Waiting(
        open_cases=_count(
            session,
            select(func.count())
            .select_from(CaseRow)
            .where(CaseRow.site_id == site_id, CaseRow.stage.in_(_OPEN_STAGES)),
        ),
        unsent=_count(
            session,
            select(func.count())
            .select_from(OutboxRow)
            .where(OutboxRow.case_id.in_(mine), OutboxRow.state.in_(("waiting", "sending"))),
        ),
        unwritten=_count(
            session,
            select(func.count())
            .select_from(AnswerRow)
            .where(AnswerRow.case_id.in_(mine), AnswerRow.state.in_(("received", "writing"))),
        ),
        parked=_count(
            session,
            select(func.count())
            .select_from(ParkedRow)
            .where(ParkedRow.case_id.in_(mine), ParkedRow.resolved_at.is_(None)),
        ),
    )


def _count(session: Session, query: Any) -> int:  # Any: a select of one count
    return int(session.scalar(query) or 0)


def remove(session: Session, site_id: str, *, now: datetime) -> None:
    """Forget a site with its secret, launches, drafts, tokens and roster.

    Its row stays, unusable, while closed cases in the vault refer to it; the issuer is freed.
    """
    grants = select(LaunchRow.grant_id).where(LaunchRow.site_id == site_id)
    session.execute(
        delete(TokenRow)
        .where(TokenRow.grant_id.in_(grants))
        .execution_options(synchronize_session=False)
    )
    for gone in (
        delete(SiteSecretRow).where(SiteSecretRow.site_id == site_id),
        delete(SiteProbeRow).where(SiteProbeRow.site_id == site_id),
        delete(LaunchRow).where(LaunchRow.site_id == site_id),
        delete(DraftRow).where(DraftRow.site_id == site_id),
        delete(RosterRow).where(RosterRow.site_id == site_id),
        delete(MemberRow).where(MemberRow.site_id == site_id),
    ):
        session.execute(gone.execution_options(synchronize_session=False))
    row = session.get_one(SiteRow, site_id)
    kept = session.scalars(
        select(VaultRow.case_id).where(VaultRow.site_id == site_id).limit(1)
    ).first()
    if kept is None:
        session.delete(row)
    else:
        row.issuer = f"removed:{site_id}"
        row.facts = "{}"
        row.removed_at = now
    session.flush()
