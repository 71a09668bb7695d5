"""The one-time state of a launch: what was sent, from which browser, until when.

Spec: SMART App Launch 2.2, Request authorization (state of at least 122 bits, bound to the
browser session, one use); OpenID Connect Core, nonce
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from launch import records
from launch.discovery import SmartConfiguration
from launch.ports import Site, SiteId
from runtime import clock, json_text, tokens

LIFETIME = timedelta(minutes=10)


def digest(secret: str) -> str:
    """Return the hash under which a state or a browser secret is stored."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class PendingLaunch:
    """A launch between the redirect to the EHR and its callback; holds secrets, never shown."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    browser_hash: str = field(repr=False)
    site_id: SiteId
    issuer: str
    redirect_uri: str
    scopes: tuple[str, ...]
    configuration: SmartConfiguration
    expires_at: datetime

    @property
    def state_hash(self) -> str:
        """The key of the stored record; the state itself is never stored."""
        return digest(self.state)

    def to_record(self) -> bytes:
        """Write the record that the host encrypts and keeps; the state is left out."""
        return json_text.dumps(
            {
                "nonce": self.nonce,
                "code_verifier": self.code_verifier,
                "browser_hash": self.browser_hash,
                "site_id": self.site_id,
                "issuer": self.issuer,
                "redirect_uri": self.redirect_uri,
                "scopes": list(self.scopes),
                "configuration": self.configuration.to_dict(),
                "expires_at": self.expires_at.isoformat(),
            }
        )

    def belongs_to(self, browser_secret: str | None) -> bool:
        """Tell whether this browser started the launch; compares in constant time."""
        if browser_secret is None:
            return False
        return hmac.compare_digest(self.browser_hash, digest(browser_secret))


def new_pending(
    site: Site,
    configuration: SmartConfiguration,
    *,
    issuer: str,
    browser_secret: str,
    scopes: tuple[str, ...],
) -> PendingLaunch:
    """Make fresh state, nonce and code verifier (256 random bits each) for one launch."""
    return PendingLaunch(
        state=tokens.new_secret(),
        nonce=tokens.new_secret(),
        code_verifier=tokens.new_secret(),
        browser_hash=digest(browser_secret),
        site_id=site.site_id,
        issuer=issuer,
        redirect_uri=site.redirect_uri,
        scopes=scopes,
        configuration=configuration,
        expires_at=clock.now() + LIFETIME,
    )


def from_record(state: str, record: bytes) -> PendingLaunch:
    """Read a record that `to_record` wrote."""
    stored = json_text.loads(record)
    return PendingLaunch(
        state=state,
        nonce=stored["nonce"],
        code_verifier=stored["code_verifier"],
        browser_hash=stored["browser_hash"],
        site_id=SiteId(stored["site_id"]),
        issuer=stored["issuer"],
        redirect_uri=stored["redirect_uri"],
        scopes=records.texts(stored["scopes"]),
        configuration=SmartConfiguration.from_dict(stored["configuration"]),
        expires_at=datetime.fromisoformat(stored["expires_at"]),
    )
