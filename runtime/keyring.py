"""Keys at rest: AES-256-GCM, bound to the exact place of the value (tenant, table, row, column).

The key file holds an ordered list: the first key encrypts, all decrypt. A value moved to
another row does not open. `digest` is for equality look-ups over secrets and never rotates.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime import clock, json_text, tokens
from runtime.errors import CiphertextRefused, JsonTextError, KeyringUnusable

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_ID_BYTES = 8
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Keyring:
    """The keys of one program. Its repr shows key ids only."""

    def __init__(self, keys: Mapping[str, bytes], *, index_key: bytes) -> None:
        """Take keys by id, the encrypting one first (tests; programs use `open`)."""
        self._keys = MappingProxyType(dict(keys))
        self._index_key = index_key
        self._first = next(iter(self._keys))

    def __repr__(self) -> str:
        """Show key ids only."""
        return f"Keyring({', '.join(self._keys)})"

    @classmethod
    def open(cls, path: Path, *, create: bool) -> "Keyring":
        """Read the key file; with `create`, make one when there is none.

        Raises `KeyringUnusable` when it is missing, malformed or readable by other users.
        """
        if create and not path.exists():
            _create(path)
        return _read(path)

    def encrypt(self, plain: bytes, *, tenant: str, table: str, row: str, column: str) -> bytes:
        """Encrypt a value for one place; the same place is needed to decrypt it."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _FORMAT + self._first.encode("ascii")
        place = _place(head, tenant, table, row, column)
        return head + nonce + AESGCM(self._keys[self._first]).encrypt(nonce, plain, place)

    def decrypt(self, sealed: bytes, *, tenant: str, table: str, row: str, column: str) -> bytes:
        """Decrypt a value; raises `CiphertextRefused` when place, key or bytes are wrong."""
        head, rest = sealed[: 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES :]
        key = self._keys.get(head[1:].decode("ascii", "replace"))
        if head[:1] != _FORMAT or key is None:
            raise CiphertextRefused(rule="unknown_key", table=table, column=column)
        place = _place(head, tenant, table, row, column)
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise CiphertextRefused(rule="not_authentic", table=table, column=column) from None

    def is_current(self, sealed: bytes) -> bool:
        """Say whether a value is encrypted by the first key; if not, encrypt it anew."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self._first.encode("ascii")

    def digest(self, *parts: str) -> str:
        """Return a keyed digest (64 hex) of the parts, for equality look-ups and logs."""
        return hmac.new(self._index_key, _joined(*parts), hashlib.sha256).hexdigest()

    def derive(self, purpose: str) -> bytes:
        """Return a 256-bit key for one named purpose; stable while the key file lives."""
        return hmac.new(self._index_key, _joined("derive", purpose), hashlib.sha256).digest()


def rotate(path: Path) -> str:
    """Put a new encrypting key in front of the file's list; return its id.

    Old values stay readable; programs pick the new key up when they start.
    """
    content = _load(path)
    entry = _new_entry()
    content["keys"] = [entry, *content["keys"]]
    _write(path, content, replace=True)
    return str(entry["id"])


def _create(path: Path) -> None:
    content = {"version": 1, "index_key": _encode(tokens.new_key()), "keys": [_new_entry()]}
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, content, replace=False)


def _new_entry() -> dict[str, str]:
    key = tokens.new_key()
    key_id = hashlib.sha256(b"confer key id" + key).hexdigest()[:_KEY_ID_BYTES]
    return {"id": key_id, "key": _encode(key), "made": clock.now().isoformat(timespec="seconds")}


def _write(path: Path, content: Mapping[str, object], *, replace: bool) -> None:
    draft = path.with_name(f".{path.name}.{tokens.new_uuid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(json_text.dumps(dict(content)))
        file.flush()
        os.fsync(file.fileno())
    if replace:
        draft.replace(path)
    else:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)  # of two programs that start at once, the first wins
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _load(path: Path) -> dict[str, list[dict[str, str]]]:
    try:
        mode = path.stat().st_mode
        body = path.read_bytes()
    except OSError:
        raise KeyringUnusable(rule="cannot be read") from None
    if mode & _OPEN_TO_OTHERS:
        raise KeyringUnusable(rule="readable by other users (chmod 600)")
    try:
        content: dict[str, list[dict[str, str]]] = json_text.loads(body)
    except JsonTextError:
        raise KeyringUnusable(rule="not a key file") from None
    return content


def _read(path: Path) -> Keyring:
    content = _load(path)
    try:
        keys = {str(entry["id"]): _decode(entry["key"]) for entry in content["keys"]}
        index_key = _decode(str(content["index_key"]))
    except (KeyError, TypeError, ValueError):
        raise KeyringUnusable(rule="not a key file") from None
    lengths = {len(key) for key in (*keys.values(), index_key)}
    if lengths != {_KEY_BYTES} or any(len(key_id) != _KEY_ID_BYTES for key_id in keys):
        raise KeyringUnusable(rule="a key has the wrong length")
    return Keyring(keys, index_key=index_key)


def _place(head: bytes, *parts: str) -> bytes:
    return head + _joined(*parts)


def _joined(*parts: str) -> bytes:
    # Length first, so that ("ab", "c") and ("a", "bc") differ.
    encoded = [part.encode("utf-8") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
