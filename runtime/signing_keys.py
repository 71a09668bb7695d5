"""Our signing keys in the database: made once, rotated by hand, retired keys stay published.

Two keys are published (N signs, N+1 waits) so that a rotation never meets a cold cache.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from runtime import clock, jose, json_text, logs
from runtime.jose import Alg, SigningKey
from runtime.keyring import Keyring
from runtime.log_events import Event
from runtime.tables import SigningKeyRow

ANNOUNCE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class PublishedKey:
    """A public key and the time in which it signed."""

    jwk: dict[str, Any]  # Any: RFC 7517 members
    active_from: datetime
    retired_at: datetime | None


def load_or_create(session: Session, keyring: Keyring, *, purpose: str, alg: Alg) -> SigningKey:
    """Return the key that signs now for a purpose; make the first one when there is none."""
    row = session.scalars(
        select(SigningKeyRow)
        .where(
            SigningKeyRow.purpose == purpose,
            SigningKeyRow.alg == alg,
            SigningKeyRow.active_from <= clock.now(),
            SigningKeyRow.retired_at.is_(None),
        )
        .order_by(SigningKeyRow.active_from.desc(), SigningKeyRow.kid)
        .limit(1)
    ).first()
    if row is None:
        return _create(session, keyring, purpose=purpose, alg=alg, active_from=clock.now())
    return _open(row, keyring)


def rotate(
    session: Session, keyring: Keyring, *, purpose: str, alg: Alg, announce: timedelta = ANNOUNCE
) -> SigningKey:
    """Make the next key; it is published at once and signs after `announce`.

    Until then the present key signs. Without announcement the present key is retired now;
    otherwise call `retire` for it once the new one signs.
    """
    active_from = clock.now() + announce
    present = session.scalars(
        select(SigningKeyRow).where(
            SigningKeyRow.purpose == purpose,
            SigningKeyRow.alg == alg,
            SigningKeyRow.retired_at.is_(None),
        )
    ).all()
    fresh = _create(session, keyring, purpose=purpose, alg=alg, active_from=active_from)
    if announce <= timedelta(0):
        for row in present:
            row.retired_at = clock.now()
            logs.emit(Event.KEY_RETIRED, kid=row.kid)
    return fresh


def retire(session: Session, kid: str) -> None:
    """Mark a key as retired now: it signs no more but stays published for old receipts."""
    row = session.get(SigningKeyRow, kid)
    if row is not None and row.retired_at is None:
        row.retired_at = clock.now()
        logs.emit(Event.KEY_RETIRED, kid=kid)


def public_keys(
    session: Session, purpose: str, *, include_retired: bool = True
) -> list[dict[str, Any]]:
    """Return the public keys of a purpose, newest first.

    Keep retired keys where old receipts are checked; leave them out of a JWKS that
    authenticates us now.
    """
    return [
        published.jwk
        for published in published_keys(session, purpose)
        if include_retired or published.retired_at is None
    ]


def published_keys(session: Session, purpose: str) -> list[PublishedKey]:
    """Return the public keys of a purpose with the time in which each signed."""
    rows = session.scalars(
        select(SigningKeyRow)
        .where(SigningKeyRow.purpose == purpose)
        .order_by(SigningKeyRow.active_from.desc(), SigningKeyRow.kid)
    )
    return [
        PublishedKey(
            jwk=json_text.loads(row.public_jwk.encode("utf-8")),
            active_from=row.active_from,
            retired_at=row.retired_at,
        )
        for row in rows
    ]


def _create(
    session: Session, keyring: Keyring, *, purpose: str, alg: Alg, active_from: datetime
) -> SigningKey:
    key = jose.new_signing_key(alg)
    session.add(
        SigningKeyRow(
            kid=key.kid,
            purpose=purpose,
            alg=alg,
            public_jwk=json_text.dumps(key.public_jwk()).decode("utf-8"),
            private_pem=keyring.encrypt(jose.to_pem(key), **_place(purpose, key.kid)),
            created_at=clock.now(),
            active_from=active_from,
        )
    )
    session.flush()
    logs.emit(Event.KEY_CREATED, kid=key.kid, purpose=purpose, alg=alg)
    return key


def _open(row: SigningKeyRow, keyring: Keyring) -> SigningKey:
    pem = keyring.decrypt(row.private_pem, **_place(row.purpose, row.kid))
    return jose.from_pem(pem, alg=cast(Alg, row.alg), kid=row.kid)


def _place(purpose: str, kid: str) -> dict[str, str]:
    return {
        "tenant": purpose,
        "table": SigningKeyRow.__tablename__,
        "row": kid,
        "column": "private_pem",
    }
