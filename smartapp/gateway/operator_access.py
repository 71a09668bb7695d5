"""How an operator gets to the gateway's own pages: a link from the command line, once.

Whoever can run `confer site page` has the key file and the database, so the link proves
nothing that was not proven by then. It works once, within a minute, and opens a session of
half an hour in one browser.
"""

from runtime import audit, sessions
from runtime.database import Database
from runtime.errors import SessionEnded
from runtime.keyring import Keyring
from runtime.sessions import BrowserSession
from smartapp.errors import OperatorLinkRefused, OperatorSessionMissing

LINK_MINUTES = 1
SESSION_MINUTES = 30
_LINK = "operator-link"
_SESSION = "operator"
ACTOR = "operator"


def offer_link(database: Database, keyring: Keyring) -> str:
    """Return the code of a link; it is stored as a hash only."""
    with database.transaction() as session:
        code = sessions.create(
            session,
            keyring,
            kind=_LINK,
            data={},
            idle_minutes=LINK_MINUTES,
            hours=LINK_MINUTES / 60,
        )
        audit.append(session, event="operator.link_made", actor=ACTOR, subject=_mark(code))
    return code


def use_link(database: Database, keyring: Keyring, *, code: str) -> str:
    """Use a link up and return the secret of the session; raises `OperatorLinkRefused`."""
    try:
        with database.transaction() as session:
            sessions.take(session, keyring, kind=_LINK, secret=code)
            secret = sessions.create(
                session,
                keyring,
                kind=_SESSION,
                data={},
                idle_minutes=SESSION_MINUTES,
                hours=SESSION_MINUTES / 60,
            )
            audit.append(
                session,
                event="operator.signed_in",
                actor=ACTOR,
                subject=_mark(secret),
                detail={"link": _mark(code)},
            )
    except SessionEnded:
        _refused(database, code)
        raise OperatorLinkRefused from None
    return secret


def enter(database: Database, keyring: Keyring, *, secret: str | None) -> BrowserSession:
    """Return the live session of a browser; raises `OperatorSessionMissing`."""
    if not secret:
        raise OperatorSessionMissing
    try:
        with database.read() as session:
            return sessions.load(session, keyring, kind=_SESSION, secret=secret)
    except SessionEnded:
        raise OperatorSessionMissing from None


def leave(database: Database, *, secret: str) -> None:
    """End a session before its time."""
    with database.transaction() as session:
        sessions.end(session, kind=_SESSION, secret=secret)
        audit.append(session, event="operator.signed_out", actor=ACTOR, subject=_mark(secret))


def actor_of(found: BrowserSession) -> str:
    """How the audit names who acted on a page: by the session that `signed_in` names."""
    return f"{ACTOR}:{found.id_hash[:12]}"


def _refused(database: Database, code: str) -> None:
    with database.transaction() as session:
        audit.append(
            session,
            event="operator.link_refused",
            actor="unknown",
            subject=_mark(code),
            outcome="failure",
        )


def _mark(secret: str) -> str:
    return sessions.hash_secret(secret)[:12]
