"""Proof Key for Code Exchange, method S256 only.

Spec: RFC 7636; SMART App Launch 2.2, Considerations for PKCE Support
"""

import base64
import hashlib

METHOD = "S256"


def challenge(code_verifier: str) -> str:
    """Return the S256 challenge of a code verifier."""
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
