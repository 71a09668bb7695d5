"""The key and the id of each case: random for a run, or from a key file to repeat a run."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confer.errors import KeyFileUnusable
from runtime import tokens

MIN_BYTES: Final = 32
_MAX_BYTES: Final = 4096


@dataclass(frozen=True, kw_only=True)
class RunKey:
    """What every case of one run derives its own key and id from.

    Two charts get unrelated keys. With a key of the run's own, nobody can repeat them; with a
    key file, the same file gives the same bytes again.
    """

    secret: bytes = field(repr=False)

    def case_id(self, content: bytes) -> str:
        """Return the id of a case, 26 characters as for any other case."""
        digest = self._digest(b"id", content)[:16]
        return base64.b32encode(digest).decode("ascii").rstrip("=").lower()

    def case_key(self, content: bytes) -> bytes:
        """Return the 256-bit key of a case."""
        return self._digest(b"key", content)

    def _digest(self, purpose: bytes, content: bytes) -> bytes:
        told = purpose + b"\x00" + hashlib.sha256(content).digest()
        return hmac.new(self.secret, told, hashlib.sha256).digest()


def run_key(path: Path | None) -> RunKey:
    """Return a random key, or the one of a file. Raises `KeyFileUnusable`."""
    if path is None:
        return RunKey(secret=tokens.new_key())
    try:
        with path.open("rb") as file:
            secret = file.read(_MAX_BYTES + 1)
    except OSError:
        raise KeyFileUnusable(problem="it cannot be read") from None
    if not MIN_BYTES <= len(secret) <= _MAX_BYTES:
        raise KeyFileUnusable(problem=f"it must hold {MIN_BYTES} to {_MAX_BYTES} bytes")
    return RunKey(secret=secret)
