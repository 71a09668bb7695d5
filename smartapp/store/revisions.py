"""Revisions: the immutable previews that a doctor approves or lets go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from runtime import json_text
from runtime.keyring import Keyring
from smartapp.errors import RevisionStale
from smartapp.store.case_rows import RevisionRow
from smartapp.store.rows import touched
from smartapp.store.sealed import Cell, seal, seal_json, unseal, unseal_json


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One built submission: its exact bytes, what was shown beside them, and coded facts."""

    revision_id: str
    site_id: str
    draft_id: str
    draft_version: int
    case_id: str
    kind: str
    sha256: str
    gate_searched: int
    body: bytes = field(repr=False)
    preview: Mapping[str, Any] = field(repr=False)
    facts: Mapping[str, Any]
    created_at: datetime
    state: str = "shown"


def _cell(site_id: str, revision_id: str, column: str) -> Cell:
    return Cell(tenant=site_id, table="gw_revision", row=revision_id, column=column)


def add(session: Session, keyring: Keyring, revision: Revision) -> None:
    """Store a revision that passed the gate; older ones of the draft are replaced by it."""
    session.execute(
        update(RevisionRow)
        .where(
            RevisionRow.draft_id == revision.draft_id,
            RevisionRow.kind == revision.kind,
            RevisionRow.case_id == revision.case_id,
            RevisionRow.state == "shown",
        )
        .values(state="replaced")
    )
    session.add(
        RevisionRow(
            revision_id=revision.revision_id,
            draft_id=revision.draft_id,
            draft_version=revision.draft_version,
            case_id=revision.case_id,
            kind=revision.kind,
            state="shown",
            sha256=revision.sha256,
            gate="pass",
            gate_searched=revision.gate_searched,
            body_sealed=seal(
                keyring, revision.body, _cell(revision.site_id, revision.revision_id, "body")
            ),
            preview_sealed=seal_json(
                keyring,
                revision.preview,
                _cell(revision.site_id, revision.revision_id, "preview"),
            ),
            facts=json_text.dumps({**revision.facts, "site": revision.site_id}).decode(),
            created_at=revision.created_at,
        )
    )
    session.flush()


def newest(
    session: Session, keyring: Keyring, *, draft_id: str, kind: str, case_id: str
) -> Revision | None:
    """The revision a page should show, or None when there is none to show."""
    row = session.scalars(
        select(RevisionRow)
        .where(
            RevisionRow.draft_id == draft_id,
            RevisionRow.kind == kind,
            RevisionRow.case_id == case_id,
            RevisionRow.state == "shown",
        )
        .order_by(RevisionRow.created_at.desc())
        .limit(1)
    ).one_or_none()
    return _opened(keyring, row) if row else None


def by_id(session: Session, keyring: Keyring, revision_id: str) -> Revision:
    """One revision; `RevisionStale` when it is not there."""
    row = session.get(RevisionRow, revision_id)
    if row is None:
        raise RevisionStale
    return _opened(keyring, row)


def _opened(keyring: Keyring, row: RevisionRow) -> Revision:
    facts: dict[str, Any] = json_text.loads(row.facts.encode())
    site_id = str(facts.pop("site"))
    return Revision(
        revision_id=row.revision_id,
        site_id=site_id,
        draft_id=row.draft_id,
        draft_version=row.draft_version,
        case_id=row.case_id,
        kind=row.kind,
        sha256=row.sha256,
        gate_searched=row.gate_searched,
        body=unseal(keyring, row.body_sealed, _cell(site_id, row.revision_id, "body")),
        preview=unseal_json(
            keyring, row.preview_sealed, _cell(site_id, row.revision_id, "preview")
        ),
        facts=facts,
        created_at=row.created_at,
        state=row.state,
    )


def approve(session: Session, revision_id: str, *, sha256: str) -> bool:
    """Flip a shown revision to approved by compare-and-set; True for the one that did it."""
    done = session.execute(
        update(RevisionRow)
        .where(
            RevisionRow.revision_id == revision_id,
            RevisionRow.sha256 == sha256,
            RevisionRow.state == "shown",
        )
        .values(state="approved")
    )
    return touched(done) > 0
