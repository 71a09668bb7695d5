"""How Confer proves who it is at a token endpoint: three registered methods.

Spec: SMART App Launch 2.2, Client Authentication: Asymmetric; RFC 7523; RFC 6749 section
2.3.1 (both halves of the Basic pair are form-encoded first)
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from launch.errors import ClientKeyMissing, Step
from launch.ports import ClientSecrets, Site
from runtime import jose
from runtime.jose import SigningKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 240
ALGORITHMS = ("RS384", "ES384")


@dataclass(frozen=True, kw_only=True)
class ClientProof:
    """What to add to one token request; made anew for every attempt."""

    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def choose_key(
    keys: Sequence[SigningKey], accepted: Sequence[str], *, step: Step, site: Site
) -> SigningKey:
    """Return the first key whose algorithm the EHR accepts; servers that announce none get
    our preferred one."""
    for key in keys:
        if key.alg in ALGORITHMS and (not accepted or key.alg in accepted):
            return key
    raise ClientKeyMissing(step=step, site_id=site.site_id)


def asymmetric(key: SigningKey, *, client_id: str, token_endpoint: str) -> ClientProof:
    """Return a fresh signed assertion for one attempt; the audience is the token URL."""
    return ClientProof(
        form={
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jose.client_assertion(
                key,
                client_id=client_id,
                audience=token_endpoint,
                lifetime_seconds=ASSERTION_SECONDS,
            ),
        }
    )


def basic(client_id: str, secret: str) -> ClientProof:
    """Return the Basic header of a client with a shared secret."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    encoded = base64.b64encode(pair.encode("ascii")).decode("ascii")
    return ClientProof(headers={"Authorization": f"Basic {encoded}"})


def proof_for(
    site: Site,
    secrets: ClientSecrets,
    *,
    token_endpoint: str,
    accepted: Sequence[str],
    step: Step,
) -> ClientProof:
    """Return the proof for a user launch, by the method registered for the site."""
    if site.client_auth == "public":
        return ClientProof(form={"client_id": site.client_id})
    if site.client_auth == "client_secret_basic":
        secret = secrets.client_secret(site)
        if not secret:
            raise ClientKeyMissing(step=step, site_id=site.site_id)
        return basic(site.client_id, secret)
    key = choose_key(secrets.signing_keys(site), accepted, step=step, site=site)
    return asymmetric(key, client_id=site.client_id, token_endpoint=token_endpoint)
