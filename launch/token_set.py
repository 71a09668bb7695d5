"""Access and refresh token of one grant; never printable.

Spec: SMART App Launch 2.2, Obtain access token; RFC 6749 section 5.1
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from launch import records, scopes
from launch.discovery import SmartConfiguration
from launch.ports import SiteId
from runtime import clock, json_text

# A token is treated as run out this much early, so that it does not expire on the wire.
EARLY = timedelta(seconds=20)


@dataclass(frozen=True, kw_only=True)
class TokenSet:
    """What a token endpoint granted, with the facts needed to renew and to revoke it.

    `patient` is the patient the grant was opened for; a renewal must not change it.
    """

    site_id: SiteId
    issuer: str
    configuration: SmartConfiguration
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime | None
    scopes: tuple[str, ...]
    patient: str | None = field(repr=False)

    def __str__(self) -> str:
        """Return the site only; tokens are never printed."""
        return f"TokenSet({self.site_id})"

    @property
    def is_current(self) -> bool:
        """Whether the access token may still be used, as far as its announced end says."""
        return self.expires_at is None or clock.now() < self.expires_at - EARLY

    @property
    def can_refresh(self) -> bool:
        """Whether there is a refresh token; an echoed scope says nothing (row R4)."""
        return self.refresh_token is not None

    def renewed(self, answer: Mapping[str, Any]) -> "TokenSet":
        """Return the set after a refresh; the old refresh token stays when none came."""
        scope = answer.get("scope")
        return replace(
            self,
            access_token=answer["access_token"],
            refresh_token=records.text(answer.get("refresh_token")) or self.refresh_token,
            expires_at=expiry(answer.get("expires_in")),
            scopes=(
                scopes.narrowed(scopes.parse(scope), self.scopes)
                if isinstance(scope, str)
                else self.scopes
            ),
        )

    def to_record(self) -> bytes:
        """Write the record that the host encrypts and keeps."""
        return json_text.dumps(
            {
                "site_id": self.site_id,
                "issuer": self.issuer,
                "configuration": self.configuration.to_dict(),
                "access_token": self.access_token,
                "refresh_token": self.refresh_token,
                "expires_at": self.expires_at.isoformat() if self.expires_at else None,
                "scopes": list(self.scopes),
                "patient": self.patient,
            }
        )


def from_record(record: bytes) -> TokenSet:
    """Read a record that `to_record` wrote."""
    stored = json_text.loads(record)
    return TokenSet(
        site_id=SiteId(stored["site_id"]),
        issuer=stored["issuer"],
        configuration=SmartConfiguration.from_dict(stored["configuration"]),
        access_token=stored["access_token"],
        refresh_token=stored["refresh_token"],
        expires_at=records.moment(stored["expires_at"]),
        scopes=records.texts(stored["scopes"]),
        patient=stored["patient"],
    )


def expiry(expires_in: object) -> datetime | None:
    """Return when a token ends; `expires_in` may be a number, digits in a string, or absent."""
    if isinstance(expires_in, bool):
        return None
    if isinstance(expires_in, str) and expires_in.strip().isdecimal():
        expires_in = int(expires_in.strip()[:9])
    if isinstance(expires_in, (int, Decimal)) and 0 < expires_in < 10**9:
        return clock.now() + timedelta(seconds=int(expires_in))
    return None
