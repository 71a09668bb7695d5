"""Launches, authorization codes and tokens: stored hashed, spent once, revoked as families.

Every function takes the caller's session and never commits. Where a spent code or refresh
token comes back, the whole family is revoked and the function returns None: the caller
commits that before it refuses.
Spec: RFC 6749, 4.1.2 and 10.4; SMART App Launch 2.2, Refresh.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from runtime import tokens
from sandbox.clients import hash_secret
from sandbox.rows import CodeRow, GrantRow, LaunchRow, TokenRow

LAUNCH_LIFE = timedelta(minutes=5)
CODE_LIFE = timedelta(seconds=60)
REFRESH_LIFE = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Context:
    """For whom and about whom a client acts; empty when there is nobody."""

    account_id: str = ""
    patient_id: str = field(default="", repr=False)
    encounter_id: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One authorization as it stands."""

    grant_id: str
    client_id: str
    context: Context
    scopes: str


@dataclass(frozen=True, kw_only=True)
class CodeTerms:
    """What a code must be redeemed with, and the nonce that goes into the id_token."""

    redirect_uri: str
    code_challenge: str
    nonce: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Access:
    """A live access token."""

    granted: Granted
    scopes: str
    issued_at: datetime
    expires_at: datetime
    token_hash: str = field(repr=False)


def mint_launch(session: Session, *, client_id: str, context: Context, now: datetime) -> str:
    """Make a one-time launch value for one app, doctor, patient and encounter."""
    value = tokens.new_secret()
    session.execute(delete(LaunchRow).where(LaunchRow.expires_at < now - timedelta(days=1)))
    session.add(
        LaunchRow(
            launch_hash=hash_secret(value),
            client_id=client_id,
            account_id=context.account_id,
            patient_id=context.patient_id,
            encounter_id=context.encounter_id,
            expires_at=now + LAUNCH_LIFE,
        )
    )
    return value


def take_launch(session: Session, value: str, *, client_id: str, now: datetime) -> Context | None:
    """Spend a launch value; None when it is unknown, of another app, too old or spent."""
    key = hash_secret(value)
    row = session.get(LaunchRow, key)
    if row is None or row.client_id != client_id or row.expires_at <= now:
        return None
    if not _spend(session, LaunchRow, LaunchRow.launch_hash == key, now):
        return None
    return Context(
        account_id=row.account_id, patient_id=row.patient_id, encounter_id=row.encounter_id
    )


def open_grant(
    session: Session, *, client_id: str, context: Context, scopes: str, now: datetime
) -> Granted:
    """Record an authorization."""
    row = GrantRow(
        grant_id=tokens.new_uuid(),
        client_id=client_id,
        account_id=context.account_id,
        patient_id=context.patient_id,
        encounter_id=context.encounter_id,
        scopes=scopes,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _granted(row)


def issue_code(session: Session, grant_id: str, terms: CodeTerms, now: datetime) -> str:
    """Make a one-time code for a grant."""
    code = tokens.new_secret()
    session.add(
        CodeRow(
            code_hash=hash_secret(code),
            grant_id=grant_id,
            redirect_uri=terms.redirect_uri,
            code_challenge=terms.code_challenge,
            nonce=terms.nonce,
            expires_at=now + CODE_LIFE,
        )
    )
    return code


def take_code(
    session: Session, code: str, *, client_id: str, now: datetime
) -> tuple[Granted, CodeTerms] | None:
    """Spend a code; a second try, or another client's, revokes everything it led to."""
    key = hash_secret(code)
    row = session.get(CodeRow, key)
    if row is None:
        return None
    grant = session.get_one(GrantRow, row.grant_id)
    first = _spend(session, CodeRow, CodeRow.code_hash == key, now)
    if not first or grant.client_id != client_id:
        revoke_family(session, row.grant_id, now)
        return None
    if row.expires_at <= now or grant.revoked_at is not None:
        return None
    terms = CodeTerms(
        redirect_uri=row.redirect_uri, code_challenge=row.code_challenge, nonce=row.nonce
    )
    return _granted(grant), terms


def issue_access(
    session: Session, grant_id: str, *, scopes: str, seconds: int, now: datetime
) -> str:
    """Make an access token that lives `seconds`."""
    return _issue(session, "access", grant_id, scopes, now, now + timedelta(seconds=seconds))


def issue_refresh(session: Session, grant_id: str, *, scopes: str, now: datetime) -> str:
    """Make a refresh token, good once."""
    return _issue(session, "refresh", grant_id, scopes, now, now + REFRESH_LIFE)


def _issue(
    session: Session, kind: str, grant_id: str, scopes: str, now: datetime, until: datetime
) -> str:
    token = tokens.new_secret()
    session.add(
        TokenRow(
            token_hash=hash_secret(token),
            grant_id=grant_id,
            kind=kind,
            scopes=scopes,
            issued_at=now,
            expires_at=until,
        )
    )
    return token


def peek_refresh(session: Session, token: str, *, client_id: str) -> tuple[Granted, str] | None:
    """Look whose refresh token this is without spending it; None for a stranger's."""
    row = session.get(TokenRow, hash_secret(token))
    if row is None or row.kind != "refresh":
        return None
    grant = session.get_one(GrantRow, row.grant_id)
    return (_granted(grant), row.scopes) if grant.client_id == client_id else None


def take_refresh(
    session: Session, token: str, *, client_id: str, now: datetime, spend: bool = True
) -> Granted | None:
    """Spend a refresh token; a second try revokes the family. Unspent, it stays good."""
    key = hash_secret(token)
    row = session.get(TokenRow, key)
    if row is None or row.kind != "refresh":
        return None
    grant = session.get_one(GrantRow, row.grant_id)
    if grant.client_id != client_id:
        return None
    if spend and not _spend(session, TokenRow, TokenRow.token_hash == key, now):
        revoke_family(session, row.grant_id, now)
        return None
    if row.expires_at <= now or grant.revoked_at is not None:
        return None
    return _granted(grant)


def find_access(session: Session, token: str, now: datetime) -> Access | None:
    """Find a live access token; None when unknown, expired or revoked."""
    row = session.get(TokenRow, hash_secret(token))
    if row is None or row.kind != "access" or row.expires_at <= now:
        return None
    grant = session.get_one(GrantRow, row.grant_id)
    if grant.revoked_at is not None:
        return None
    return Access(
        granted=_granted(grant),
        scopes=row.scopes,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        token_hash=row.token_hash,
    )


def find_refresh(session: Session, token: str, now: datetime) -> Access | None:
    """Find a live refresh token, for introspection and revocation."""
    row = session.get(TokenRow, hash_secret(token))
    if row is None or row.kind != "refresh" or row.expires_at <= now or row.used_at is not None:
        return None
    grant = session.get_one(GrantRow, row.grant_id)
    if grant.revoked_at is not None:
        return None
    return Access(
        granted=_granted(grant),
        scopes=row.scopes,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        token_hash=row.token_hash,
    )


def expire_access(session: Session, token_hash: str, now: datetime) -> None:
    """End one access token early (a fault switch); its refresh token stays."""
    session.execute(
        update(TokenRow).where(TokenRow.token_hash == token_hash).values(expires_at=now)
    )


def revoke_family(session: Session, grant_id: str, now: datetime) -> None:
    """End a grant with its code and all its tokens."""
    session.execute(
        update(GrantRow)
        .where(GrantRow.grant_id == grant_id, GrantRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _spend(
    session: Session,
    table: type[LaunchRow | CodeRow | TokenRow],
    key: object,
    now: datetime,
) -> bool:
    """Mark a row used; True for the one caller who was first, also between processes."""
    result = session.execute(
        update(table).where(key, table.used_at.is_(None)).values(used_at=now)  # type: ignore[arg-type]
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def _granted(row: GrantRow) -> Granted:
    return Granted(
        grant_id=row.grant_id,
        client_id=row.client_id,
        context=Context(
            account_id=row.account_id,
            patient_id=row.patient_id,
            encounter_id=row.encounter_id,
        ),
        scopes=row.scopes,
    )
