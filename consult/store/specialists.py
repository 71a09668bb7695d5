"""Specialists, how they sign in, and the evidence behind them."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import CursorResult, select, update

from consult.domain.callers import NETWORK, NetworkCaller
from consult.domain.credential import Credential
from consult.domain.specialist import Specialist, practitioner, practitioner_role
from consult.store.rows import EvidenceRow, SpecialistRow
from consult.store.unit import Unit


@dataclass(frozen=True, kw_only=True)
class SignInFacts:
    """What a sign-in is checked against; the secret is encrypted."""

    specialist: Specialist
    password_hash: str = field(repr=False)
    totp_secret: bytes = field(repr=False)
    totp_last_step: int


def add(  # noqa: PLR0913 - each is one column that only enrolment sets
    unit: Unit,
    specialist: Specialist,
    *,
    login: str,
    password_hash: str,
    totp_secret: bytes,
    credentials: tuple[Credential, ...],
    now: datetime,
) -> None:
    """Enrol a specialist: the sign-in row, the evidence, Practitioner and PractitionerRole."""
    unit.session.add(
        SpecialistRow(
            member_id=specialist.member_id,
            login=login,
            name=specialist.name,
            specialties=" ".join(specialist.specialties),
            password_hash=password_hash,
            totp_secret=totp_secret,
            totp_last_step=0,
            active=specialist.active,
            created_at=now,
        )
    )
    unit.session.flush()
    for one in credentials:
        unit.session.add(EvidenceRow(member_id=specialist.member_id, **_columns(one)))
    unit.session.flush()
    caller = NetworkCaller(compartment=NETWORK)
    unit.engine.update(unit.session, practitioner(specialist), caller=caller)
    unit.engine.update(unit.session, practitioner_role(specialist), caller=caller)


def find(unit: Unit, member_id: str) -> Specialist | None:
    """Return a specialist by member id, or None."""
    row = unit.session.get(SpecialistRow, member_id)
    return _frozen(row) if row is not None else None


def find_login(unit: Unit, login: str) -> SignInFacts | None:
    """Return what a sign-in under this name is checked against, or None."""
    row = unit.session.scalars(
        select(SpecialistRow).where(SpecialistRow.login == login)
    ).one_or_none()
    return _facts(row) if row is not None else None


def sign_in_facts(unit: Unit, member_id: str) -> SignInFacts | None:
    """Return what a step-up of this specialist is checked against, or None."""
    row = unit.session.get(SpecialistRow, member_id)
    return _facts(row) if row is not None else None


def active(unit: Unit) -> list[Specialist]:
    """Return all specialists who may be offered cases."""
    rows = unit.session.scalars(
        select(SpecialistRow).where(SpecialistRow.active).order_by(SpecialistRow.member_id)
    )
    return [_frozen(row) for row in rows]


def everybody(unit: Unit) -> list[str]:
    """Return the member ids of all specialists, past ones included."""
    return list(
        unit.session.scalars(select(SpecialistRow.member_id).order_by(SpecialistRow.member_id))
    )


def use_totp_step(unit: Unit, member_id: str, step: int) -> bool:
    """Use up a time step of the authenticator; False when it was used before."""
    done = unit.session.execute(
        update(SpecialistRow)
        .where(SpecialistRow.member_id == member_id, SpecialistRow.totp_last_step < step)
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    return isinstance(done, CursorResult) and done.rowcount == 1


def credentials_of(unit: Unit, member_id: str) -> tuple[Credential, ...]:
    """Return all evidence about a specialist."""
    rows = unit.session.scalars(
        select(EvidenceRow)
        .where(EvidenceRow.member_id == member_id)
        .order_by(EvidenceRow.credential_id)
    )
    return tuple(_credential(row) for row in rows)


def all_credentials(unit: Unit) -> dict[str, tuple[Credential, ...]]:
    """Return all evidence by member."""
    found: dict[str, list[Credential]] = {}
    rows = unit.session.scalars(select(EvidenceRow).order_by(EvidenceRow.credential_id))
    for row in rows:
        found.setdefault(row.member_id, []).append(_credential(row))
    return {member: tuple(items) for member, items in found.items()}


def revoke_credential(unit: Unit, credential_id: str) -> None:
    """Mark a credential as no longer valid."""
    unit.session.get_one(EvidenceRow, credential_id).revoked = True
    unit.session.flush()


def _facts(row: SpecialistRow) -> SignInFacts:
    return SignInFacts(
        specialist=_frozen(row),
        password_hash=row.password_hash,
        totp_secret=row.totp_secret,
        totp_last_step=row.totp_last_step,
    )


def _frozen(row: SpecialistRow) -> Specialist:
    return Specialist(
        member_id=row.member_id,
        name=row.name,
        specialties=tuple(row.specialties.split()),
        active=row.active,
    )


_CREDENTIAL_FIELDS = tuple(Credential.__dataclass_fields__)


def _columns(credential: Credential) -> dict[str, object]:
    return {name: getattr(credential, name) for name in _CREDENTIAL_FIELDS}


def _credential(row: EvidenceRow) -> Credential:
    return Credential(**{name: getattr(row, name) for name in _CREDENTIAL_FIELDS})
