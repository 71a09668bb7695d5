"""Renewing the tokens of a grant, exactly once however many requests want it.

A lease in the host's store keeps refreshes single across threads, processes and machines;
whoever waits reads what the holder stored.

Spec: SMART App Launch 2.2, Refresh access token; rows R1-R5, I4 of our checklist
"""

from dataclasses import dataclass
from datetime import timedelta

from launch import client_assertion, launch_context, token_request, token_set
from launch.client import SmartClient
from launch.errors import PatientChanged, RefreshBusy, SignInOver, Step, TokenRefused
from launch.ports import GrantId, Site
from launch.token_set import TokenSet
from runtime import clock, tokens

# Longer than the slowest token request may take: the lease of a living holder never runs out.
LEASE = timedelta(seconds=75)
WAIT_SECONDS = 15.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class GrantTokens:
    """The token source of one grant; what AuthorizedSession asks."""

    client: SmartClient
    grant_id: GrantId
    wait_seconds: float = WAIT_SECONDS

    def current(self) -> str:
        """Return the access token, renewed first when it has run out and can be."""
        stored = _load(self.client, self.grant_id)
        if stored.is_current or not stored.can_refresh:
            return stored.access_token
        return self.renew(stored.access_token)

    def renew(self, stale: str) -> str:
        """Return an access token other than `stale`; one refresh for all who ask at once.

        Raises `SignInOver` when the grant cannot be renewed, `PatientChanged`, `RefreshBusy`,
        or an error of the token request.
        """
        holder = tokens.new_uuid()
        give_up = clock.monotonic() + self.wait_seconds
        while clock.monotonic() < give_up:
            stored = _load(self.client, self.grant_id)
            if stored.access_token != stale and stored.is_current:
                return stored.access_token
            if not stored.can_refresh:
                raise SignInOver(step=Step.REFRESH, site_id=stored.site_id)
            until = clock.now() + LEASE
            if self.client.token_store.lease(self.grant_id, holder=holder, until=until):
                try:
                    return self._refresh_as_holder(stale)
                finally:
                    self.client.token_store.release(self.grant_id, holder=holder)
            clock.sleep(POLL_SECONDS)
        raise RefreshBusy(step=Step.REFRESH)

    def _refresh_as_holder(self, stale: str) -> str:
        # Read again under the lease: the last holder may have stored new tokens meanwhile.
        stored = _load(self.client, self.grant_id)
        if stored.access_token != stale and stored.is_current:
            return stored.access_token
        renewed = _refresh(self.client, stored, self.grant_id)
        self.client.token_store.save(self.grant_id, renewed.to_record())
        return renewed.access_token


def _load(client: SmartClient, grant_id: GrantId) -> TokenSet:
    record = client.token_store.load(grant_id)
    if record is None:
        raise SignInOver(step=Step.REFRESH)
    return token_set.from_record(record)


def _refresh(client: SmartClient, stored: TokenSet, grant_id: GrantId) -> TokenSet:
    site = _site(client, stored)
    proof = client_assertion.proof_for(
        site,
        client.secrets,
        token_endpoint=stored.configuration.token_endpoint,
        accepted=stored.configuration.assertion_algorithms,
        step=Step.REFRESH,
    )
    # No `scope`: the same rights as before are meant, and a wish could only widen them.
    form = {"grant_type": "refresh_token", "refresh_token": stored.refresh_token or ""}
    try:
        answer = token_request.request_token(
            client.outbound,
            stored.configuration.token_endpoint,
            form,
            proof,
            step=Step.REFRESH,
            site_id=site.site_id,
        )
    except TokenRefused as refusal:
        if refusal.ehr_code == "invalid_grant" or refusal.http_status == 403:
            raise SignInOver(
                step=Step.REFRESH, site_id=site.site_id, ehr_code=refusal.ehr_code
            ) from None
        raise
    # The identity of the login stays; an id_token that comes with a refresh is not read.
    patient = launch_context.from_token_answer(answer).patient
    if patient is not None and patient != stored.patient:
        client.token_store.delete(grant_id)
        raise PatientChanged(step=Step.REFRESH, site_id=site.site_id)
    return stored.renewed(answer)


def _site(client: SmartClient, stored: TokenSet) -> Site:
    site = client.sites.by_id(stored.site_id)
    if site is None:
        raise SignInOver(step=Step.REFRESH, site_id=stored.site_id)
    return site
