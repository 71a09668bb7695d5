"""The gateway's credentials at EHRs: signing keys that may be rotated while programs run."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from confer import ehr_key_list
from launch.ports import Site
from runtime import clock, signing_keys
from runtime.database import Database
from runtime.jose import Alg, SigningKey
from runtime.keyring import Keyring
from smartapp.store import sites

# These keys are apart from the network's.
EHR_KEY = ehr_key_list.PURPOSE
ALGORITHMS: tuple[Alg, ...] = ("RS384", "ES384")
# A key that was announced begins to sign by itself, this much late at most.
KEEP_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class EhrKeys:
    """Keys and shared secrets at EHRs (launch.ports.ClientSecrets); one set for all sites."""

    database: Database
    keyring: Keyring
    _held: list[tuple[float, tuple[SigningKey, ...]]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def signing_keys(self, site: Site) -> Sequence[SigningKey]:  # noqa: ARG002 - one set for all
        """The keys that sign now, the preferred one first; made at first use."""
        with self._lock:
            if self._held and self._held[0][0] > clock.monotonic():
                return self._held[0][1]
            found = self.make()
            self._held[:] = [(clock.monotonic() + KEEP_SECONDS, found)]
            return found

    def make(self) -> tuple[SigningKey, ...]:
        """The keys that sign now, read from the database; the first ones are made here."""
        with self.database.transaction() as session:
            return tuple(
                signing_keys.load_or_create(session, self.keyring, purpose=EHR_KEY, alg=alg)
                for alg in ALGORITHMS
            )

    def client_secret(self, site: Site) -> str | None:
        """The secret of a `client_secret_basic` site; encrypted in the database."""
        with self.database.read() as session:
            return sites.secret_of(session, self.keyring, str(site.site_id))

    def public(self) -> list[dict[str, Any]]:  # Any: RFC 7517 members
        """The public keys to publish: those that sign, and those that are announced."""
        with self.database.read() as session:
            return signing_keys.public_keys(session, EHR_KEY, include_retired=False)
