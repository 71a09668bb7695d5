"""Other parties' published keys: cached, renewed on an unknown key id, limited in size.

A client keeps the last good set when a renewal fails; an authorization server never uses
one beyond its Cache-Control (SMART 2.2, `keep_last_good=False`).
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runtime import clock, jose, json_text, logs
from runtime.errors import JoseRefused, JsonTextError, JwksRefused, OutboundDown, code_of
from runtime.log_events import Event
from runtime.outbound import OutboundAnswer, OutboundClient, origin_of

MAX_BYTES = 65_536
MAX_KEYS = 20
COOL_DOWN_SECONDS = 60.0
_CLIENT_LIFE = (300.0, 86_400.0)
_SERVER_LIFE = (0.0, 3_600.0)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")

Jwk = Mapping[str, Any]  # Any: RFC 7517 members


@dataclass(frozen=True, kw_only=True)
class _Entry:
    keys: tuple[Jwk, ...]
    fetched: float
    expires: float


class JwksCache:
    """Key sets by URL. One per program; safe to use from threads."""

    def __init__(
        self,
        outbound: OutboundClient,
        *,
        keep_last_good: bool = True,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        """Take the way out; `keep_last_good` for clients, not for authorization servers."""
        self._outbound = outbound
        self._keep_last_good = keep_last_good
        self._monotonic = monotonic
        self._entries: dict[str, _Entry] = {}
        self._locks: dict[str, threading.Lock] = {}

    def keys(self, url: str, *, kid: str | None = None) -> tuple[Jwk, ...]:
        """Return the keys published at a URL; look again once when `kid` is not among them.

        Raises `JwksRefused`, `OutboundDown` or `OutboundForbidden` when there is no usable set.
        """
        # One lock per address: a slow party holds up nobody else. setdefault is atomic.
        with self._locks.setdefault(url, threading.Lock()):
            entry = self._entries.get(url)
            now = self._monotonic()
            if entry is None or now >= entry.expires:
                return self._renew(url, entry, now).keys
            known = kid is None or any(key.get("kid") == kid for key in entry.keys)
            if known or now - entry.fetched < COOL_DOWN_SECONDS:
                return entry.keys
            return self._renew(url, entry, now).keys

    def _renew(self, url: str, old: _Entry | None, now: float) -> _Entry:
        try:
            entry = self._fetch(url, now)
        except (OutboundDown, JwksRefused) as error:
            still_valid = old is not None and (self._keep_last_good or now < old.expires)
            if old is None or not still_valid:
                raise
            logs.emit(Event.JWKS_KEPT, host=origin_of(url), code=code_of(error))
            entry = _Entry(
                keys=old.keys, fetched=now, expires=max(old.expires, now + COOL_DOWN_SECONDS)
            )
            if not self._keep_last_good:
                entry = _Entry(keys=old.keys, fetched=now, expires=old.expires)
        self._entries[url] = entry
        return entry

    def _fetch(self, url: str, now: float) -> _Entry:
        answer = self._outbound.request(
            "GET", url, label="jwks", headers={"Accept": "application/json"}
        )
        if answer.status != 200:
            raise JwksRefused(rule="status")
        return _Entry(keys=parse(answer.body), fetched=now, expires=now + self._life(answer))

    def _life(self, answer: OutboundAnswer) -> float:
        shortest, longest = _CLIENT_LIFE if self._keep_last_good else _SERVER_LIFE
        return seconds_to_keep(answer.headers, shortest=shortest, longest=longest)


def seconds_to_keep(headers: Mapping[str, str], *, shortest: float, longest: float) -> float:
    """Return how long an answer may be kept by its Cache-Control, within bounds of ours.

    Header names are in lower case; an answer that says nothing is kept five minutes.
    """
    control = headers.get("cache-control", "").lower()
    found = _MAX_AGE.search(control)
    wanted = float(found.group(1)) if found else 300.0
    if "no-store" in control or "no-cache" in control:
        wanted = 0.0
    return min(max(wanted, shortest), longest)


def parse(body: bytes) -> tuple[Jwk, ...]:
    """Read a published key set; raises `JwksRefused` by rule.

    Keys of other kinds or uses are left out; private members or a repeated key id refuse
    the whole set.
    """
    try:
        content = json_text.loads(body, max_bytes=MAX_BYTES, max_depth=8)
    except JsonTextError:
        raise JwksRefused(rule="not_json") from None
    keys = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise JwksRefused(rule="not_a_key_set")
    if len(keys) > MAX_KEYS:
        raise JwksRefused(rule="too_many_keys")
    usable = tuple(key for key in keys if _usable(key))
    names = [(key.get("kid"), key.get("kty")) for key in usable]
    if len(set(names)) != len(names):
        raise JwksRefused(rule="repeated_key_id")
    return usable


def _usable(key: Jwk) -> bool:
    if jose.has_private_members(key):
        raise JwksRefused(rule="private_members")
    try:
        jose.check_public_jwk(key)
    except JoseRefused:
        return False
    return True
