"""The site roster: role, grade, specialty, region and supervisor of the hospital's doctors."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.store.launch_rows import MemberRow, RosterRow
from smartapp.store.sealed import Cell, seal_json, unseal_json


@dataclass(frozen=True, kw_only=True)
class MemberFacts:
    """What the hospital attests about a doctor. Only `role` is always there.

    `specialty` is a SNOMED CT code. `supervisor_key` is the supervisor's doctor key at this
    site, never a name.
    """

    role: str = "doctor"
    grade: str = ""
    specialty: str = ""
    region: str = ""
    supervisor_key: str = field(default="", repr=False)


def _cell(site_id: str, doctor_key: str) -> Cell:
    return Cell(tenant=site_id, table="gw_roster", row=doctor_key, column="facts")


def put(
    session: Session,
    keyring: Keyring,
    facts: MemberFacts,
    *,
    site_id: str,
    doctor_key: str,
    now: datetime,
) -> None:
    """Add a doctor or replace what is said; the next question attests it anew."""
    if find(session, keyring, site_id=site_id, doctor_key=doctor_key) == facts:
        return
    session.merge(
        RosterRow(
            site_id=site_id,
            doctor_key=doctor_key,
            facts_sealed=seal_json(keyring, asdict(facts), _cell(site_id, doctor_key)),
            changed_at=now,
        )
    )
    session.execute(
        update(MemberRow)
        .where(MemberRow.site_id == site_id, MemberRow.doctor_key == doctor_key)
        .values(valid_until=None)
    )
    session.flush()


def find(
    session: Session, keyring: Keyring, *, site_id: str, doctor_key: str
) -> MemberFacts | None:
    """What the roster says about a doctor, or None when it does not know them."""
    row = session.get(RosterRow, (site_id, doctor_key))
    if row is None:
        return None
    return MemberFacts(**unseal_json(keyring, row.facts_sealed, _cell(site_id, doctor_key)))
