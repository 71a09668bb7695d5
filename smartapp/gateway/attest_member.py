"""Vouch for a doctor at the network, once, under a random name that only we can resolve."""

from dataclasses import replace
from datetime import datetime, timedelta

from exchange import names
from runtime import audit, clock, jose, json_text, tokens
from runtime.errors import JsonTextError
from smartapp.errors import ConsultRefused
from smartapp.gateway.egress import AttestationParcel, leave
from smartapp.gateway.services import GatewayServices
from smartapp.store import members, roster
from smartapp.store.launches import Launch
from smartapp.store.members import Membership
from smartapp.store.roster import MemberFacts

VALID_FOR = timedelta(days=90)
RENEW_BEFORE = timedelta(days=7)
_ASSERTION_LIFETIME = timedelta(minutes=5)


def attest_member(services: GatewayServices, launch: Launch) -> str:
    """Return the doctor's member id, asking the network only when it is not known or old.

    Raises `ConsultUnreachable` when a first attestation cannot be made now.
    """
    now = clock.now()
    known = _membership(services, launch.site_id, launch.doctor_key)
    if known.member_id and known.valid_until and known.valid_until - RENEW_BEFORE > now:
        return known.member_id
    member_id = _ask_network(services, launch, known, now)
    with services.database.transaction() as session:
        members.remember(
            session,
            services.keyring,
            site_id=launch.site_id,
            doctor_key=launch.doctor_key,
            membership=replace(known, member_id=member_id, valid_until=now + VALID_FOR),
        )
        audit.append(session, event="member.attested", actor=launch.doctor_key, subject=member_id)
    return member_id


def _membership(services: GatewayServices, site_id: str, doctor_key: str) -> Membership:
    """The stored membership; its pairwise subject is made and kept before it is first used."""
    with services.database.transaction() as session:
        known = members.find(session, services.keyring, site_id=site_id, doctor_key=doctor_key)
        if known is not None:
            return known
        fresh = Membership(subject=tokens.new_uuid(), member_id=None, valid_until=None)
        members.remember(
            session,
            services.keyring,
            site_id=site_id,
            doctor_key=doctor_key,
            membership=fresh,
        )
        return fresh


def _facts(services: GatewayServices, launch: Launch) -> dict[str, str]:
    """What the site roster says about the doctor; facts that nobody knows are left out."""
    with services.database.read() as session:
        found = roster.find(
            session, services.keyring, site_id=launch.site_id, doctor_key=launch.doctor_key
        )
    facts = found or MemberFacts()
    supervisor = ""
    if facts.supervisor_key:
        supervisor = _membership(services, launch.site_id, facts.supervisor_key).subject
    claims = {
        "role": facts.role,
        "grade": facts.grade,
        "specialty": facts.specialty,
        "region": facts.region,
        "supervisor": supervisor,
    }
    return {name: said for name, said in claims.items() if said}


def _ask_network(
    services: GatewayServices, launch: Launch, known: Membership, now: datetime
) -> str:
    link = services.consult
    claims = {
        "iss": link.client_id,
        "aud": link.base_url,
        "iat": int(now.timestamp()),
        "exp": int((now + _ASSERTION_LIFETIME).timestamp()),
        "jti": tokens.new_uuid(),
        "sub": known.subject,
        **_facts(services, launch),
        "valid_until": (now + VALID_FOR).date().isoformat(),
    }
    token = jose.sign(link.key, claims, typ=names.ATTESTATION_TYP)
    answer = leave(link, AttestationParcel(token=token))
    try:
        member_id = json_text.loads(answer.body, max_bytes=100_000).get("member_id")
    except (JsonTextError, AttributeError):
        member_id = None
    if not isinstance(member_id, str) or not names.MEMBER_ID.fullmatch(member_id):
        raise ConsultRefused(reason="attestation_answer")
    return member_id
