"""Names that hold within one case and mean nothing outside it.

Every case has its own random key, so two cases of one patient cannot be linked through
anything that is derived here. Nothing derived here leaves the hospital: outgoing numbers
follow the outgoing content.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from deid.errors import ContentUnusable

KEY_BYTES: Final = 32
_DIGEST_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class CaseKey:
    """The random 256-bit key of one case; kept in the vault, never printed."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ContentUnusable(problem="the key of the case must have 256 bits")

    def digest(self, purpose: str, value: str) -> str:
        """Return a short keyed digest: stable within the case, unlinkable outside it."""
        message = f"{purpose}\x00{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self.secret, message, hashlib.sha256).hex()[:_DIGEST_CHARACTERS]
