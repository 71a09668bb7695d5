"""What is encrypted for one place opens only there."""

from pathlib import Path

import pytest

from runtime import keyring as keyrings
from runtime.errors import CiphertextRefused, KeyringUnusable
from runtime.keyring import Keyring

PLACE = {"tenant": "t", "table": "vault", "row": "r1", "column": "patient"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "gateway.keys"


def test_a_value_opens_in_its_own_place(path: Path) -> None:
    keyring = Keyring.open(path, create=True)
    sealed = keyring.encrypt(b"canary", **PLACE)
    assert b"canary" not in sealed
    assert Keyring.open(path, create=False).decrypt(sealed, **PLACE) == b"canary"


@pytest.mark.parametrize("part", list(PLACE))
def test_a_value_moved_elsewhere_does_not_open(path: Path, part: str) -> None:
    keyring = Keyring.open(path, create=True)
    sealed = keyring.encrypt(b"canary", **PLACE)
    with pytest.raises(CiphertextRefused, match="not_authentic"):
        keyring.decrypt(sealed, **{**PLACE, part: "other"})


def test_a_changed_byte_does_not_open(path: Path) -> None:
    keyring = Keyring.open(path, create=True)
    sealed = bytearray(keyring.encrypt(b"canary", **PLACE))
    for position in range(len(sealed)):
        changed = bytes(sealed[:position]) + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(CiphertextRefused):
            keyring.decrypt(changed, **PLACE)


def test_the_same_value_never_looks_the_same(path: Path) -> None:
    keyring = Keyring.open(path, create=True)
    assert keyring.encrypt(b"x", **PLACE) != keyring.encrypt(b"x", **PLACE)


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key(path: Path) -> None:
    before = Keyring.open(path, create=True)
    old = before.encrypt(b"old", **PLACE)
    new_id = keyrings.rotate(path)
    after = Keyring.open(path, create=False)
    assert after.decrypt(old, **PLACE) == b"old"
    assert not after.is_current(old)
    assert after.is_current(after.encrypt(b"new", **PLACE))
    assert new_id in repr(after)
    with pytest.raises(CiphertextRefused, match="unknown_key"):
        before.decrypt(after.encrypt(b"new", **PLACE), **PLACE)


def test_digests_are_stable_and_depend_on_where_parts_end(path: Path) -> None:
    keyring = Keyring.open(path, create=True)
    keyrings.rotate(path)
    again = Keyring.open(path, create=False)
    assert keyring.digest("ab", "c") == again.digest("ab", "c")
    assert keyring.digest("ab", "c") != keyring.digest("a", "bc")
    assert keyring.derive("a") != keyring.derive("b")


def test_the_key_file_is_private_and_open_ones_are_refused(path: Path) -> None:
    Keyring.open(path, create=True)
    assert path.stat().st_mode & 0o077 == 0
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    path.chmod(0o640)
    with pytest.raises(KeyringUnusable, match="readable by other users"):
        Keyring.open(path, create=False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys":[]}', b'{"index_key":"eA==","keys":[]}'])
def test_a_file_that_is_no_key_file_is_refused(path: Path, body: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(body)
    path.chmod(0o600)
    with pytest.raises(KeyringUnusable):
        Keyring.open(path, create=False)


def test_a_missing_file_is_made_only_when_asked(path: Path) -> None:
    with pytest.raises(KeyringUnusable):
        Keyring.open(path, create=False)
    assert not path.exists()


def test_opening_twice_keeps_the_first_keys(path: Path) -> None:
    first = Keyring.open(path, create=True)
    assert repr(Keyring.open(path, create=True)) == repr(first)
