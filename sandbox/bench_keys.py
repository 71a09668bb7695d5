"""Rotates the key of id_tokens without notice, as an EHR does on a bad day."""

from datetime import timedelta

from sqlalchemy.orm import Session

from runtime import signing_keys
from sandbox.services import KEY_PURPOSE, SandboxServices


def rotate(services: SandboxServices, session: Session) -> str:
    """Retire the present key and sign with a fresh one at once; returns its id."""
    fresh = signing_keys.rotate(
        session, services.keyring, purpose=KEY_PURPOSE, alg="RS256", announce=timedelta(0)
    )
    return fresh.kid
