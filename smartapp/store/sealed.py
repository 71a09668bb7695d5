"""Encrypted columns: each value is bound to its tenant, table, row and column.

A sealed value copied to another row or column does not open there.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime import json_text
from runtime.keyring import Keyring


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where a sealed value lives; part of what is authenticated."""

    tenant: str
    table: str
    row: str
    column: str


def seal(keyring: Keyring, plain: bytes, cell: Cell) -> bytes:
    """Encrypt bytes for one cell."""
    return keyring.encrypt(
        plain, tenant=cell.tenant, table=cell.table, row=cell.row, column=cell.column
    )


def unseal(keyring: Keyring, sealed: bytes, cell: Cell) -> bytes:
    """Decrypt bytes of one cell; a value of another cell is refused by the keyring."""
    return keyring.decrypt(
        sealed, tenant=cell.tenant, table=cell.table, row=cell.row, column=cell.column
    )


def seal_json(keyring: Keyring, value: Mapping[str, Any], cell: Cell) -> bytes:
    """Encrypt a JSON object for one cell."""
    return seal(keyring, json_text.dumps(value), cell)


def unseal_json(keyring: Keyring, sealed: bytes, cell: Cell) -> dict[str, Any]:
    """Decrypt a JSON object of one cell."""
    # Our own words: depth and size were bounded when they were written.
    value: dict[str, Any] = json_text.loads(unseal(keyring, sealed, cell), max_bytes=200_000_000)
    return value


def hashed(secret: str) -> str:
    """The stored form of a random secret: enough to recognize it, useless to a reader."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed_hash(key: bytes, *parts: str) -> str:
    """A keyed digest of patient facts, comparable only by the holder of the key."""
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()
