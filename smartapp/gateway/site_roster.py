"""Load a hospital's roster: what its attestations say about each doctor (spec/wire.md 2.11)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime import audit, clock
from smartapp.gateway.services import GatewayServices
from smartapp.store import roster
from smartapp.store.roster import MemberFacts
from smartapp.store.sealed import keyed_hash


@dataclass(frozen=True, kw_only=True)
class RosterLine:
    """One doctor as a hospital lists them; people are named by the EHR's own references."""

    user: str = field(repr=False)
    role: str
    grade: str
    specialty: str
    region: str
    supervisor: str = field(default="", repr=False)


def doctor_key(services: GatewayServices, site_id: str, user: str) -> str:
    """The key of a doctor at a site: comparable only inside this gateway."""
    return keyed_hash(services.index_key, "doctor", site_id, user)


def load_roster(services: GatewayServices, site_id: str, lines: Iterable[RosterLine]) -> int:
    """Add or replace doctors of a site; returns how many lines there were."""
    count = 0
    with services.database.transaction() as session:
        for line in lines:
            supervisor = doctor_key(services, site_id, line.supervisor) if line.supervisor else ""
            roster.put(
                session,
                services.keyring,
                MemberFacts(
                    role=line.role,
                    grade=line.grade,
                    specialty=line.specialty,
                    region=line.region,
                    supervisor_key=supervisor,
                ),
                site_id=site_id,
                doctor_key=doctor_key(services, site_id, line.user),
                now=clock.now(),
            )
            count += 1
        audit.append(
            session,
            event="roster.loaded",
            actor="operator",
            subject=site_id,
            detail={"doctors": count},
        )
    return count
