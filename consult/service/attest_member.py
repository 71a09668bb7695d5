"""Take a hospital's signed statement about one of its doctors (spec/wire.md 2.11)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from consult.domain.callers import NETWORK, HospitalCaller, NetworkCaller
from consult.domain.member import MAX_FACT, Member
from consult.domain.specialist import member_practitioner, member_role
from consult.errors import AttestationRefused
from consult.service.services import ConsultServices
from consult.store import members, tenants
from consult.store.unit import Unit
from exchange import names
from runtime import audit, clock, jti, tokens
from runtime.errors import JoseRefused, Replayed
from runtime.jose import KeySetVerifier, verify

MAX_ASSERTION_SECONDS = 600
LONGEST_VALIDITY = timedelta(days=400)


def attest_member(services: ConsultServices, caller: HospitalCaller, token: str) -> str:
    """Verify an attestation and return the member id; a renewal keeps the id.

    Raises `AttestationRefused` with the failing point: signature, audience, age, replay,
    or a fact that is missing or too long.
    """
    now = clock.now()
    with services.writing() as unit:
        claims = _verified(services, unit, caller, token)
        _use_once(unit, caller, claims)
        subject = _fact(claims, "sub", required=True, limit=128)
        known = members.find_by_subject(unit, tenant_id=caller.tenant_id, subject=subject)
        member = _member(caller, claims, known, now)
        members.save(unit, member, subject=subject, now=now)
        _show(unit, member)
        audit.append(
            unit.session,
            event="member.attested" if known is None else "member.renewed",
            actor=f"client:{caller.client_id}",
            subject=f"member:{member.member_id}",
            detail={"tenant": caller.tenant_id},
        )
    return member.member_id


def _verified(
    services: ConsultServices, unit: Unit, caller: HospitalCaller, token: str
) -> Mapping[str, Any]:
    verifier = KeySetVerifier(keys=tuple(tenants.active_keys(unit, caller.client_id)))
    try:
        return verify(
            token,
            verifier.keys,
            typ=names.ATTESTATION_TYP,
            algorithms=names.SIGNATURE_ALGORITHMS,
            issuer=caller.client_id,
            audience=services.public_url,
            require=("iss", "aud", "iat", "exp", "jti", "sub"),
            max_lifetime=MAX_ASSERTION_SECONDS,
        )
    except JoseRefused as refused:
        raise AttestationRefused(point=refused.reason) from None


def _use_once(unit: Unit, caller: HospitalCaller, claims: Mapping[str, Any]) -> None:
    try:
        jti.remember(
            unit.session,
            issuer=f"attestation:{caller.client_id}",
            jti=_fact(claims, "jti", required=True, limit=200),
            expires_at=datetime.fromtimestamp(int(claims["exp"]), tz=UTC),
        )
    except Replayed:
        raise AttestationRefused(point="replayed") from None


def _member(
    caller: HospitalCaller, claims: Mapping[str, Any], known: Member | None, now: datetime
) -> Member:
    return Member(
        member_id=known.member_id if known else tokens.new_uuid(),
        tenant_id=caller.tenant_id,
        role=_fact(claims, "role", required=True),
        grade=_fact(claims, "grade"),
        specialty=_fact(claims, "specialty"),
        region=_fact(claims, "region"),
        supervisor_subject=_fact(claims, "supervisor", limit=128) or None,
        valid_until=_valid_until(claims, now),
    )


def _fact(
    claims: Mapping[str, Any], name: str, *, required: bool = False, limit: int = MAX_FACT
) -> str:
    value = claims.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or len(value) > limit or (required and not value.strip()):
        raise AttestationRefused(point=name)
    return value.strip()


def _valid_until(claims: Mapping[str, Any], now: datetime) -> datetime:
    try:
        day = date.fromisoformat(str(claims.get("valid_until")))
    except ValueError:
        raise AttestationRefused(point="valid_until") from None
    until = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    if not now < until <= now + LONGEST_VALIDITY:
        raise AttestationRefused(point="valid_until")
    return until


def _show(unit: Unit, member: Member) -> None:
    """Keep Practitioner and PractitionerRole of a member: role and grade, no name."""
    caller = NetworkCaller(compartment=NETWORK)
    facts = {"role": member.role, "grade": member.grade}
    unit.engine.update(unit.session, member_practitioner(member.member_id), caller=caller)
    unit.engine.update(unit.session, member_role(member.member_id, facts), caller=caller)
