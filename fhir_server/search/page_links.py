"""Page links: sealed, so that nobody reads, changes or borrows them.

A link carries the whole query and the place where the page ended. It is encrypted because
a query may hold what must not stand in an address, and bound to its caller.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fhir_server.errors import Issue, PageLinkInvalid
from runtime import clock, json_text
from runtime.errors import CiphertextRefused, JsonTextError
from runtime.keyring import Keyring

PARAMETER = "_page"
LIFETIME = timedelta(hours=1)
_KEY_ID = "pagelink"
_MAX_TOKEN = 8_000
_PLACE = {"table": "fhir_page", "row": "", "column": "link"}


@dataclass(frozen=True, kw_only=True)
class PageState:
    """Everything needed to go on: where, what was asked, and the last place seen."""

    address: str
    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    keys: tuple[Any, ...] = field(repr=False)
    pk: int
    total: int | None = None


def seal(state: PageState, *, key: bytes, binding: str) -> str:
    """Return the opaque text of a page link, valid for an hour and for one caller."""
    plain = json_text.dumps(
        {
            "a": state.address,
            "q": [list(pair) for pair in state.pairs],
            "k": list(state.keys),
            "p": state.pk,
            "n": state.total,
            "e": (clock.now() + LIFETIME).isoformat(),
        }
    )
    sealed = _keyring(key).encrypt(plain, tenant=binding, **_PLACE)
    return _encode(sealed)


def unseal(text: str, *, key: bytes, binding: str, address: str) -> PageState:
    """Open a page link of this caller for this address, or raise `PageLinkInvalid`."""
    plain = _decrypt(text, key, binding)
    if plain["a"] != address or datetime.fromisoformat(plain["e"]) < clock.now():
        raise _invalid()
    return PageState(
        address=plain["a"],
        pairs=tuple((name, value) for name, value in plain["q"]),
        keys=tuple(plain["k"]),
        pk=plain["p"],
        total=plain["n"],
    )


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def _decrypt(text: str, key: bytes, binding: str) -> dict[str, Any]:
    if len(text) > _MAX_TOKEN or not text.isascii():
        raise _invalid()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if _encode(raw) != text:  # spare bits of the last character: one link, one spelling
            raise _invalid()
        opened = _keyring(key).decrypt(raw, tenant=binding, **_PLACE)
        plain: dict[str, Any] = json_text.loads(opened)
    except (binascii.Error, ValueError, CiphertextRefused, JsonTextError):
        raise _invalid() from None
    return plain


def _keyring(key: bytes) -> Keyring:
    return Keyring({_KEY_ID: key}, index_key=key)


def _invalid() -> PageLinkInvalid:
    return PageLinkInvalid(
        issues=[Issue(code="expired", expression=f"http.{PARAMETER}", rule="search again")]
    )
