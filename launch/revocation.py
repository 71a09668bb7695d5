"""Ending a grant: ask the EHR to revoke the tokens where it can, and wipe them here always.

Spec: RFC 7009; row S4 of our checklist (SMART has no other log-out)
"""

from typing import Literal

from launch import client_assertion, token_set
from launch.client import SmartClient
from launch.discovery import SmartConfiguration
from launch.errors import LaunchError, Step
from launch.ports import GrantId, Site
from launch.token_set import TokenSet
from runtime.errors import OutboundDown, OutboundForbidden

Revocation = Literal["revoked", "not_offered", "failed", "gone"]


def revoke(client: SmartClient, grant_id: GrantId) -> Revocation:
    """Wipe the grant's tokens and tell whether the EHR revoked them too; never raises for it."""
    record = client.token_store.load(grant_id)
    client.token_store.delete(grant_id)
    if record is None:
        return "gone"
    stored = token_set.from_record(record)
    endpoint = stored.configuration.revocation_endpoint
    site = client.sites.by_id(stored.site_id)
    if endpoint is None or site is None:
        return "not_offered"
    # The refresh token first: revoking it ends its access tokens at most servers.
    outcomes = [
        _revoke_one(client, site, stored.configuration, endpoint, (token, hint))
        for token, hint in _tokens(stored)
    ]
    return "revoked" if all(outcomes) else "failed"


def _tokens(stored: TokenSet) -> list[tuple[str, str]]:
    held = [(stored.access_token, "access_token")]
    if stored.refresh_token is not None:
        held.insert(0, (stored.refresh_token, "refresh_token"))
    return held


def _revoke_one(
    client: SmartClient,
    site: Site,
    configuration: SmartConfiguration,
    endpoint: str,
    token: tuple[str, str],
) -> bool:
    try:
        proof = client_assertion.proof_for(
            site,
            client.secrets,
            token_endpoint=configuration.token_endpoint,
            accepted=configuration.assertion_algorithms,
            step=Step.REVOKE,
        )
        answer = client.outbound.request(
            "POST",
            endpoint,
            label="smart_revoke",
            headers=proof.headers,
            form={"token": token[0], "token_type_hint": token[1], **proof.form},
        )
    except (OutboundDown, OutboundForbidden, LaunchError):
        return False
    return answer.status == 200
