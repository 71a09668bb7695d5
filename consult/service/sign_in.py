"""Sign in to the desk: name, password, and a code of the authenticator that works once."""

from datetime import datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from consult.domain.specialist import SignedIn, Specialist
from consult.errors import SandboxOnly, SignInRefused
from consult.service.services import ConsultServices
from consult.store import specialists
from consult.store.specialists import SignInFacts
from consult.store.unit import Unit
from exchange.task_states import instant, read_instant
from runtime import audit, clock, limits, sessions

KIND = "desk"
STEP_SECONDS = 30
_ATTEMPTS_PER_NAME = 10
_ATTEMPTS_PER_ADDRESS = 60
_WINDOW_SECONDS = 600
_NOTED_EVERY = timedelta(minutes=1)  # spares a write on every page
_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash to check against when the name is unknown: the answer takes as long."""
    return _hasher.hash("nobody")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _hasher.hash(password)


def seal_secret(services: ConsultServices, member_id: str, secret: str) -> bytes:
    """Encrypt an authenticator secret for its row."""
    return services.keyring.encrypt(
        secret.encode("ascii"),
        tenant="network",
        table="cs_specialist",
        row=member_id,
        column="totp_secret",
    )


def sign_in(
    services: ConsultServices, *, login: str, password: str, code: str, address: str
) -> str:
    """Sign in and return the secret for the session cookie.

    Raises `SignInRefused` without saying what was wrong, `Throttled` after too many tries
    for this name or from this address.
    """
    name = login.strip().lower()
    _count_attempt(services, name, address)
    with services.writing() as unit:
        facts = specialists.find_login(unit, name)
        held = _password_holds(facts, password)
        if facts is None or not held or not facts.specialist.active:
            accepted = None
        else:
            accepted = facts if _use_code(services, unit, facts, code) else None
        if accepted is not None:
            member_id = accepted.specialist.member_id
            _audit(unit, member_id, "success")
            return sessions.create(
                unit.session,
                services.keyring,
                kind=KIND,
                data={"member": member_id, "proved_at": instant(clock.now())},
                idle_minutes=services.session_idle_minutes,
                hours=services.session_hours,
            )
        _audit(unit, facts.specialist.member_id if facts else "unknown", "failure")
    raise SignInRefused


def sign_out(services: ConsultServices, secret: str) -> None:
    """End a session; ending an unknown one is no error."""
    with services.writing() as unit:
        sessions.end(unit.session, kind=KIND, secret=secret)


def signed_in(services: ConsultServices, secret: str) -> SignedIn:
    """Return who a session cookie belongs to, and note that they are there.

    Raises `SessionEnded` or `SignInRefused`.
    """
    with services.reading() as unit:
        session = sessions.load(unit.session, services.keyring, kind=KIND, secret=secret)
        specialist = specialists.find(unit, str(session.data["member"]))
    if specialist is None or not specialist.active:
        raise SignInRefused
    if clock.now() - session.seen_at >= _NOTED_EVERY:
        keep_alive(services, secret)
    return SignedIn(specialist=specialist, proved_at=read_instant(session.data["proved_at"]))


def keep_alive(services: ConsultServices, secret: str) -> None:
    """Record activity, so that the idle time starts again."""
    with services.writing() as unit:
        sessions.touch(unit.session, kind=KIND, secret=secret)


def prove(services: ConsultServices, member_id: str, code: str) -> None:
    """Check a fresh authenticator code for an act that needs one.

    Raises `SignInRefused`, or `Throttled` after too many tries.
    """
    with services.writing() as unit:
        limits.hit(
            unit.session,
            bucket="desk.step-up",
            key=member_id,
            limit=_ATTEMPTS_PER_NAME,
            per_seconds=_WINDOW_SECONDS,
        )
    with services.writing() as unit:
        facts = specialists.sign_in_facts(unit, member_id)
        if facts is not None and _use_code(services, unit, facts, code):
            return
    raise SignInRefused


def sandbox_code(services: ConsultServices, login: str) -> tuple[Specialist, str]:
    """Return a demo specialist and the present code, for the sandbox's sign-in page only.

    Raises `SandboxOnly` in production, `SignInRefused` for an unknown name.
    """
    if not services.sandbox:
        raise SandboxOnly
    with services.reading() as unit:
        facts = specialists.find_login(unit, login.strip().lower())
    if facts is None:
        raise SignInRefused
    # A code works once: after a sign-in the next step's code is the one that will.
    step = max(int(clock.now().timestamp()) // STEP_SECONDS, facts.totp_last_step + 1)
    totp = pyotp.TOTP(_open_secret(services, facts), interval=STEP_SECONDS)
    return facts.specialist, totp.at(step * STEP_SECONDS)


def _count_attempt(services: ConsultServices, name: str, address: str) -> None:
    for bucket, key, limit in (
        ("desk.sign-in.name", name, _ATTEMPTS_PER_NAME),
        ("desk.sign-in.address", address, _ATTEMPTS_PER_ADDRESS),
    ):
        # A transaction of its own: a refused attempt stays counted.
        with services.writing() as unit:
            limits.hit(
                unit.session, bucket=bucket, key=key, limit=limit, per_seconds=_WINDOW_SECONDS
            )


def _password_holds(facts: SignInFacts | None, password: str) -> bool:
    try:
        return _hasher.verify(facts.password_hash if facts else _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False


def _use_code(services: ConsultServices, unit: Unit, facts: SignInFacts, code: str) -> bool:
    """Tell whether this code is right now and was not used before; use it up."""
    now = clock.now()
    totp = pyotp.TOTP(_open_secret(services, facts), interval=STEP_SECONDS)
    written = "".join(code.split())
    for step in _steps(now):
        if pyotp.utils.strings_equal(written, totp.at(step * STEP_SECONDS)):
            return specialists.use_totp_step(unit, facts.specialist.member_id, step)
    return False


def _steps(now: datetime) -> tuple[int, ...]:
    """The present time step and its neighbors: clocks differ a little."""
    present = int(now.timestamp()) // STEP_SECONDS
    return present, present - 1, present + 1


def _open_secret(services: ConsultServices, facts: SignInFacts) -> str:
    return services.keyring.decrypt(
        facts.totp_secret,
        tenant="network",
        table="cs_specialist",
        row=facts.specialist.member_id,
        column="totp_secret",
    ).decode("ascii")


def _audit(unit: Unit, member_id: str, outcome: str) -> None:
    audit.append(
        unit.session,
        event="desk.sign-in",
        actor=f"specialist:{member_id}",
        subject=f"specialist:{member_id}",
        outcome=outcome,
    )
