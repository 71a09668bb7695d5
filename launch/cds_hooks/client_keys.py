"""The public keys of CDS clients: pinned per issuer, or fetched from one registered address.

Only the registered address is ever asked; a header of a token leads nowhere. An address that
does not answer, or not with keys, is left alone for a while.

Spec: CDS Hooks 2.0, Trusting CDS Clients; row H8 of our checklist
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from launch.cds_hooks.errors import CallerRefused
from launch.ports import CdsClient
from runtime import clock
from runtime.errors import JwksRefused, OutboundDown, OutboundForbidden
from runtime.jose import Jwk
from runtime.jwks_cache import JwksCache
from runtime.outbound import OutboundClient

REST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class ClientKeys:
    """Key sets of all registered CDS clients; one per program, safe to use from threads.

    Sets are used no longer than their Cache-Control and an hour at most; an unknown key id
    asks again once a minute (`runtime.jwks_cache`). After a failure the address rests.
    """

    cache: JwksCache
    rest_seconds: float = REST_SECONDS
    _resting: dict[str, float] = field(default_factory=dict, repr=False)

    def of(self, client: CdsClient, *, kid: str) -> Sequence[Jwk]:
        """Return the keys that may sign for a client; pinned ones are never fetched.

        Raises `CallerRefused` when there is no usable set.
        """
        if client.keys:
            return client.keys
        url = client.jwks_url
        if url is None:
            raise CallerRefused(reason="keys")
        if clock.monotonic() < self._resting.get(url, 0.0):
            raise CallerRefused(reason="keys_unreachable")
        try:
            return self.cache.keys(url, kid=kid)
        except OutboundDown:
            self._rest(url)
            raise CallerRefused(reason="keys_unreachable") from None
        except (JwksRefused, OutboundForbidden):
            self._rest(url)
            raise CallerRefused(reason="keys") from None

    def _rest(self, url: str) -> None:
        self._resting[url] = clock.monotonic() + self.rest_seconds


def keys_through(outbound: OutboundClient) -> ClientKeys:
    """Return key sets that are fetched through this way out."""
    return ClientKeys(cache=JwksCache(outbound, keep_last_good=False))
