"""Random identifiers. Nothing else makes one, so each has a known strength."""

import base64
import secrets
import uuid


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters (session secrets, states, verifiers)."""
    return secrets.token_urlsafe(32)


def new_uuid() -> str:
    """Return a random (version 4) UUID in lower case."""
    return str(uuid.uuid4())


def new_case_id() -> str:
    """Return a case id: 128 random bits as 26 lower-case base32 characters."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def new_key() -> bytes:
    """Return a random 256-bit key."""
    return secrets.token_bytes(32)
