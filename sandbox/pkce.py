"""Proof key for code exchange, server side, S256 only (pure).

Spec: RFC 7636; SMART App Launch 2.2 forbids `plain`.
"""

import base64
import hashlib
import hmac
import re

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str | None) -> bool:
    """Tell whether the text can be an S256 code challenge."""
    return text is not None and _CHALLENGE.fullmatch(text) is not None


def verifies(verifier: str | None, challenge: str) -> bool:
    """Tell whether the verifier is well formed and hashes to the challenge."""
    if verifier is None or _VERIFIER.fullmatch(verifier) is None:
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    computed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return hmac.compare_digest(computed, challenge)
