"""Whose browser this is: a handle in the path counts only with the cookie it was bound to."""

from dataclasses import replace
from datetime import timedelta

from runtime import audit, clock, tokens
from smartapp.gateway.services import GatewayServices
from smartapp.store import launches
from smartapp.store.launches import Launch
from smartapp.store.sealed import hashed


def enter(
    services: GatewayServices, *, handle: str, browser_secret: str | None, quietly: bool = False
) -> Launch:
    """Return the launch of this handle in this browser.

    `quietly` for requests that a page makes by itself: they do not keep a session alive.

    Raises `SessionMissing` for another browser, `SessionExpired` after the idle time.
    """
    now = clock.now()
    idle = timedelta(minutes=services.policy.session_idle_minutes)
    with services.database.read() as session:
        launch = launches.load(
            session,
            services.keyring,
            handle=handle,
            browser_secret=browser_secret,
            now=now,
            idle=idle,
        )
    if not quietly:
        with services.database.passing() as session:
            launches.touch(session, launch.handle_hash, now=now)
    return launch


def offer_window(services: GatewayServices, launch: Launch) -> str:
    """Return a code that opens this launch in another window: one use, 60 seconds."""
    code = tokens.new_secret()
    with services.database.transaction() as session:
        launches.offer_handoff(session, services.keyring, launch, code=code, now=clock.now())
    return code


def use_window(services: GatewayServices, *, code: str, browser_secret: str) -> str:
    """Use a code up and return the handle for the other window.

    The window has a cookie jar of its own (partitioned by the page that frames it), so it
    gets its own launch row with its own browser secret.
    """
    now = clock.now()
    handle = tokens.new_secret()
    with services.database.transaction() as session:
        launch, expires_at = launches.take_handoff(session, services.keyring, code=code, now=now)
        launches.create(
            session,
            services.keyring,
            replace(launch, handle_hash=hashed(handle), framed=False),
            browser_secret=browser_secret,
            now=now,
            expires_at=expires_at,  # another window is no longer sign-in
        )
        audit.append(
            session, event="launch.widened", actor=launch.doctor_key, subject=launch.patient_key
        )
    return handle
