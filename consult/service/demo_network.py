"""The sandbox's network: one registered hospital and four vetted demo specialists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import pyotp

from consult.domain.credential import Credential
from consult.domain.specialist import Specialist
from consult.errors import SandboxOnly
from consult.service import sign_in
from consult.service.services import ConsultServices
from consult.store import specialists, tenants
from consult.store.unit import Unit
from runtime import audit, clock

DEMO_PASSWORD = "second-opinion"  # noqa: S105 - printed by the demo, works in sandbox mode only


@dataclass(frozen=True, kw_only=True)
class DemoSpecialist:
    """A demo specialist as the demo prints them."""

    member_id: str
    login: str
    name: str
    specialty: str
    board: str
    states: str


DEMO_SPECIALISTS: tuple[DemoSpecialist, ...] = (
    DemoSpecialist(
        member_id="sp-halvorsen",
        login="halvorsen",
        name="Dr. Ines Halvorsen",
        specialty="394589003",
        board="nephrology",
        states="OR, WA, MN",
    ),
    DemoSpecialist(
        member_id="sp-okafor",
        login="okafor",
        name="Dr. Chidi Okafor",
        specialty="394579002",
        board="cardiovascular disease",
        states="TX, NM",
    ),
    DemoSpecialist(
        member_id="sp-lindqvist",
        login="lindqvist",
        name="Dr. Maja Lindqvist",
        specialty="394583002",
        board="endocrinology",
        states="MA, NH, VT",
    ),
    DemoSpecialist(
        member_id="sp-banerjee",
        login="banerjee",
        name="Dr. Arjun Banerjee",
        specialty="394807007",
        board="infectious disease",
        states="CA, NV",
    ),
)


def open_demo_network(
    services: ConsultServices,
    *,
    tenant_id: str,
    client_id: str,
    keys: Sequence[Mapping[str, Any]],
) -> tuple[DemoSpecialist, ...]:
    """Register the demo hospital's client and enrol the demo specialists; safe to repeat.

    Raises `SandboxOnly` in production.
    """
    if not services.sandbox:
        raise SandboxOnly
    now = clock.now()
    with services.writing() as unit:
        tenants.register(unit, tenant_id=tenant_id, client_id=client_id, keys=keys, now=now)
        for one in DEMO_SPECIALISTS:
            if specialists.find(unit, one.member_id) is None:
                _enrol(services, unit, one)
    return DEMO_SPECIALISTS


@cache
def _demo_hash() -> str:
    """One hash for all: the password is printed anyway, and hashing is slow on purpose."""
    return sign_in.hash_password(DEMO_PASSWORD)


def _enrol(services: ConsultServices, unit: Unit, demo: DemoSpecialist) -> None:
    now = clock.now()
    specialists.add(
        unit,
        Specialist(
            member_id=demo.member_id,
            name=demo.name,
            specialties=(demo.specialty,),
            active=True,
        ),
        login=demo.login,
        password_hash=_demo_hash(),
        totp_secret=sign_in.seal_secret(services, demo.member_id, pyotp.random_base32()),
        credentials=_credentials(demo, now.date()),
        now=now,
    )
    audit.append(
        unit.session,
        event="specialist.enrolled",
        actor="sandbox",
        subject=f"specialist:{demo.member_id}",
    )


def _credentials(demo: DemoSpecialist, today: date) -> tuple[Credential, ...]:
    facts = (
        ("license", f"Licensed in {demo.states}", "state medical boards"),
        ("board", f"Board certified in {demo.board}", "certifying board"),
        ("indemnity", "Insured for remote advice", "insurer"),
    )
    return tuple(
        Credential(
            credential_id=f"{demo.member_id}-{kind}",
            kind=kind,
            title=title,
            source=source,
            verified_on=today,
            valid_until=today + timedelta(days=365),
            next_check=today + timedelta(days=180),
        )
        for kind, title, source in facts
    )
