"""Loads the hospital and its personas into the EHR, once each.

A second run changes nothing; a persona that is missing is added. What an app wrote since
stays. Each persona goes in by one transaction, so a stop half-way leaves none in pieces.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from fhir_server.store import resources
from runtime import clock
from runtime.database import Database
from sandbox import compartment, personas
from sandbox.personas import Persona
from sandbox.rows import AccountRow, PersonaRow


def seed(
    database: Database,
    *,
    engine: FhirEngine,
    names: Sequence[str] | None = None,
    now: datetime | None = None,
) -> int:
    """Load personas (all of them unless `names` says which); returns how many were new.

    `now` is the moment to which hand-written stories are moved, the present by default.
    """
    moment = now or clock.now()
    with database.transaction() as session:
        if session.scalars(select(AccountRow.account_id).limit(1)).first() is None:
            _seed_hospital(session, engine)
    fresh = 0
    for name in personas.names() if names is None else names:
        with database.transaction() as session:
            if session.get(PersonaRow, name) is None:
                _seed_persona(session, engine, personas.load(name), moment)
                fresh += 1
    return fresh


def _store(session: Session, engine: FhirEngine, items: Sequence[personas.Resource]) -> None:
    engine.seed(
        session,
        items,
        lambda resource: compartment.compartment_of(resource, engine.base_url),
    )


def _is_known(session: Session, resource: personas.Resource) -> bool:
    """Directory resources of one source appear in several charts; the first one stays."""
    kind, logical_id = resource["resourceType"], resource["id"]
    if kind not in compartment.SHARED_TYPES:
        return False
    return resources.load(session, kind, logical_id) is not None


def _seed_hospital(session: Session, engine: FhirEngine) -> None:
    _store(session, engine, personas.hospital())
    for position, account in enumerate(personas.accounts()):
        session.add(
            AccountRow(
                account_id=account.account_id,
                practitioner_id=account.practitioner_id,
                name=account.name,
                title=account.title,
                ward=account.ward,
                position=position,
            )
        )


def _seed_persona(session: Session, engine: FhirEngine, persona: Persona, now: datetime) -> None:
    chart, days = personas.chart(persona, now=now)
    chart = [resource for resource in chart if not _is_known(session, resource)]
    _store(session, engine, chart)
    session.add(
        PersonaRow(
            name=persona.name,
            patient_id=persona.patient_id,
            encounter_id=persona.encounter_id,
            ward=persona.ward,
            bed=persona.bed,
            reason=persona.reason,
            code_status=persona.code_status,
            listed=persona.listed,
            teaching=persona.teaching,
            position=persona.position,
            resources=len(chart),
            days_moved=days,
            seeded_at=clock.now(),
        )
    )
