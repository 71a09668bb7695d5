"""Which EHR is calling: one bearer JWT per call, signed by a registered CDS client.

Every doubt is the same refusal; the reason stays with us. Nothing is fetched for an issuer
that is not registered, and never from an address that a token names.

Spec: CDS Hooks 2.0, Trusting CDS Clients; row H8 of our checklist, attacks T13 and T14
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast, get_args

from launch.cds_hooks.client_keys import ClientKeys
from launch.cds_hooks.errors import CallerRefused, RefusedBecause
from launch.ports import CdsClient, Site
from runtime import clock, jose
from runtime.errors import JoseRefused, Replayed

ALGORITHMS = ("ES384", "RS384")
MAX_LIFETIME_SECONDS = 300
LEEWAY_SECONDS = 60
_REQUIRED = ("iss", "aud", "exp", "iat", "jti")
_MAX_NAME = 255
_BEARER = "bearer "


class RegisteredSites(Protocol):
    """The registered EHRs, as they are registered now."""

    def every(self) -> Sequence[Site]:
        """Return all of them."""


class ReplayGuard(Protocol):
    """Token ids that were used; several processes share one memory."""

    def remember(self, *, issuer: str, jti: str, expires_at: datetime) -> None:
        """Record an id; raises `runtime.errors.Replayed` when it was used before."""


@dataclass(frozen=True, kw_only=True)
class ClientTrust:
    """What a call is checked against."""

    sites: RegisteredSites
    keys: ClientKeys
    replays: ReplayGuard

    def caller(self, authorization: str | None, *, url: str) -> Site:
        """Return the site whose EHR makes this call to `url`, our public address of it.

        The token's id is used up. Raises `CallerRefused`.
        """
        token = _bearer(authorization)
        try:
            header = jose.read_header(token)
            stated = jose.read_unverified_claims(token)
        except JoseRefused as refused:
            raise CallerRefused(reason=_because(refused)) from None
        site, client = self._registered(stated)
        kid = _key_id(header)
        _check_key_address(header, client)
        try:
            claims = jose.verify(
                token,
                self.keys.of(client, kid=kid),
                typ="JWT",
                algorithms=ALGORITHMS,
                issuer=client.issuer,
                audience=url,
                leeway=LEEWAY_SECONDS,
                require=_REQUIRED,
                max_lifetime=MAX_LIFETIME_SECONDS,
            )
            self._use_up(claims)
        except JoseRefused as refused:
            raise CallerRefused(reason=_because(refused), site_id=site.site_id) from None
        except CallerRefused as refused:
            raise CallerRefused(
                reason=cast("RefusedBecause", refused.reason), site_id=site.site_id
            ) from None
        return site

    def _registered(self, stated: Mapping[str, Any]) -> tuple[Site, CdsClient]:
        issuer, tenant = stated.get("iss"), stated.get("tenant")
        if not isinstance(issuer, str) or not 0 < len(issuer) <= _MAX_NAME:
            raise CallerRefused(reason="issuer")
        ours = [
            (site, site.cds_client)
            for site in self.sites.every()
            if site.cds_client is not None and site.cds_client.issuer == issuer
        ]
        if not ours:
            raise CallerRefused(reason="issuer")
        fitting = [(site, client) for site, client in ours if client.tenant in (None, tenant)]
        exact = [(site, client) for site, client in fitting if client.tenant is not None]
        chosen = exact or fitting
        if len(chosen) != 1:
            # Several hospitals behind one issuer: without its tenant a call belongs to none.
            raise CallerRefused(reason="site")
        return chosen[0]

    def _use_up(self, claims: Mapping[str, Any]) -> None:
        jti, issuer = claims["jti"], claims["iss"]
        if not isinstance(jti, str) or len(jti) > _MAX_NAME:
            raise CallerRefused(reason="missing_claim")
        expires_at = datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
        latest = clock.now() + timedelta(seconds=MAX_LIFETIME_SECONDS + 2 * LEEWAY_SECONDS)
        try:
            self.replays.remember(
                issuer=f"cds-hooks:{issuer}", jti=jti, expires_at=min(expires_at, latest)
            )
        except Replayed:
            raise CallerRefused(reason="replay") from None


def _bearer(authorization: str | None) -> str:
    value = authorization or ""
    if value[: len(_BEARER)].lower() != _BEARER:
        raise CallerRefused(reason="no_token")
    return value[len(_BEARER) :].strip()


def _key_id(header: Mapping[str, Any]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_NAME:
        raise CallerRefused(reason="key_id")
    return kid


def _check_key_address(header: Mapping[str, Any], client: CdsClient) -> None:
    # With pinned keys an address in the token means nothing: it is not asked, so it may be
    # one that nobody can reach (the public CDS Hooks sandbox names its own laptop).
    if client.keys or "jku" not in header:
        return
    if header["jku"] != client.jwks_url:
        raise CallerRefused(reason="jku")


def _because(refused: JoseRefused) -> RefusedBecause:
    known: tuple[str, ...] = get_args(RefusedBecause)
    return cast("RefusedBecause", refused.reason) if refused.reason in known else "malformed"
