"""An EHR's CDS Hooks client for tests: its own key, its own tokens, its own calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from launch.ports import CdsClient, Site
from runtime import clock, jose, tokens
from runtime.errors import Replayed
from runtime.jose import SigningKey
from tests.support.launch_stores import ISSUER, make_site, signing_key

CDS_ISSUER = "https://cds.ehr.example"
JWKS_URL = "https://cds.ehr.example/jwks.json"
GATEWAY = "http://127.0.0.1:8401"
DISCOVERY = f"{GATEWAY}/cds-services"


def public(key: SigningKey) -> dict[str, Any]:
    """Return a published key."""
    return key.public_jwk()


def pinned_client(**changes: Any) -> CdsClient:
    """Return a registration whose key is pinned; nothing is fetched."""
    facts: dict[str, Any] = {"issuer": CDS_ISSUER, "keys": (public(signing_key("ES384")),)}
    return CdsClient(**{**facts, **changes})


def site_with_hooks(client: CdsClient | None = None, **changes: Any) -> Site:
    """Return a registered site whose EHR may call hooks."""
    return make_site(cds_client=client or pinned_client(), **changes)


def claims(url: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good call; None takes one out."""
    now = int(clock.now().timestamp())
    good = {
        "iss": CDS_ISSUER,
        "aud": url,
        "iat": now,
        "exp": now + 120,
        "jti": tokens.new_uuid(),
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def bearer(url: str, *, key: SigningKey | None = None, **changes: Any) -> str:
    """Return the Authorization header of a call."""
    return f"Bearer {jose.sign(key or signing_key('ES384'), claims(url, **changes), typ='JWT')}"


@dataclass
class UsedIds:
    """A memory of token ids (launch.cds_hooks.client_trust.ReplayGuard)."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    def remember(self, *, issuer: str, jti: str, expires_at: datetime) -> None:
        """Accept an id once."""
        if (issuer, jti) in self.seen:
            raise Replayed
        self.seen.add((issuer, jti))


def hook_call(
    patient: Mapping[str, Any] | None, *, hook: str = "patient-view", **changes: Any
) -> dict[str, Any]:
    """Return the body of a call about a patient, who is sent along; None leaves members out."""
    patient_id = (patient or {}).get("id", "nobody")
    body = {
        "hook": hook,
        "hookInstance": tokens.new_uuid(),
        "fhirServer": ISSUER,
        "context": {"userId": "Practitioner/junior", "patientId": patient_id},
        "prefetch": {"patient": patient},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}
