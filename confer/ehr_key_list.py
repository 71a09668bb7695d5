"""The signing keys that EHRs know the gateway by: list, announce the next, retire the last.

Two keys of an algorithm are published during a change (N signs, N+1 waits), so that no EHR
meets a signature by a key that it has not seen.
"""

from datetime import datetime, timedelta

from confer.errors import SigningKeyNeeded, SigningKeyUnknown
from runtime import clock, signing_keys
from runtime.database import Database
from runtime.jose import Alg
from runtime.keyring import Keyring
from runtime.signing_keys import PublishedKey

PURPOSE = "ehr-client"

Line = dict[str, str]


def lines(database: Database) -> list[Line]:
    """Every key with its state, newest first: `announced`, `signs`, `replaced` or `retired`."""
    with database.read() as session:
        found = signing_keys.published_keys(session, PURPOSE)
    now = clock.now()
    return [_line(key, _state(key, found, now)) for key in found]


def announce(database: Database, ring: Keyring, *, alg: Alg, hours: float) -> Line:
    """Make the successor of an algorithm's key; it signs after `hours`."""
    with database.transaction() as session:
        signing_keys.load_or_create(session, ring, purpose=PURPOSE, alg=alg)
        made = signing_keys.rotate(
            session, ring, purpose=PURPOSE, alg=alg, announce=timedelta(hours=hours)
        )
        found = signing_keys.published_keys(session, PURPOSE)
    (key,) = [one for one in found if one.jwk["kid"] == made.kid]
    return _line(key, "announced")


def retire(database: Database, kid: str) -> None:
    """Retire a key; raises `SigningKeyUnknown`, or `SigningKeyNeeded` while it alone signs."""
    now = clock.now()
    with database.transaction() as session:
        found = signing_keys.published_keys(session, PURPOSE)
        mine = [key for key in found if key.jwk["kid"] == kid]
        if not mine:
            raise SigningKeyUnknown
        others = [key for key in found if key.jwk["alg"] == mine[0].jwk["alg"] and key != mine[0]]
        if not any(key.retired_at is None and key.active_from <= now for key in others):
            raise SigningKeyNeeded
        signing_keys.retire(session, kid)


def _line(key: PublishedKey, state: str) -> Line:
    since = key.retired_at if key.retired_at is not None else key.active_from
    return {
        "kid": str(key.jwk["kid"]),
        "alg": str(key.jwk["alg"]),
        "state": state,
        "since": since.isoformat(timespec="seconds"),
    }


def _state(key: PublishedKey, every: list[PublishedKey], now: datetime) -> str:
    if key.retired_at is not None:
        return "retired"
    if key.active_from > now:
        return "announced"
    newer = any(
        one.jwk["alg"] == key.jwk["alg"]
        and one.retired_at is None
        and key.active_from < one.active_from <= now
        for one in every
    )
    return "replaced" if newer else "signs"
