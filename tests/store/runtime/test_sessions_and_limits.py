"""Browser sessions, attempt limits, one-time ids and signing keys, on both databases."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from runtime import clock, jose, jti, limits, sessions, signing_keys
from runtime.database import Database
from runtime.errors import CiphertextRefused, Replayed, SessionEnded, Throttled
from runtime.keyring import Keyring
from runtime.retention import purge_expired
from runtime.tables import SessionRow, SigningKeyRow


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(clock.now().replace(second=1), tick=False) as traveller:
        yield traveller


def _create(database: Database, keyring: Keyring) -> str:
    with database.transaction() as session:
        return sessions.create(
            session, keyring, kind="desk", data={"member": "canary"}, idle_minutes=30, hours=2
        )


def _load(database: Database, keyring: Keyring, secret: str, kind: str = "desk") -> object:
    with database.read() as session:
        return sessions.load(session, keyring, kind=kind, secret=secret).data


def test_a_session_opens_by_its_secret_and_kind_only(database: Database, keyring: Keyring) -> None:
    secret = _create(database, keyring)
    assert _load(database, keyring, secret) == {"member": "canary"}
    for wrong, kind in ((secret + "x", "desk"), (secret, "app")):
        with pytest.raises(SessionEnded):
            _load(database, keyring, wrong, kind)


def test_the_table_opens_no_session_and_shows_nothing(database: Database, keyring: Keyring) -> None:
    secret = _create(database, keyring)
    with database.read() as session:
        row = session.scalars(select(SessionRow)).one()
    assert secret not in row.id_hash
    assert b"canary" not in row.content
    with pytest.raises(SessionEnded):
        _load(database, keyring, row.id_hash)


def test_a_session_s_content_cannot_be_given_to_another(
    database: Database, keyring: Keyring
) -> None:
    first, second = _create(database, keyring), _create(database, keyring)
    with database.transaction() as session:
        rows = {row.id_hash: row for row in session.scalars(select(SessionRow))}
        rows[sessions.hash_secret(first)].content = rows[sessions.hash_secret(second)].content
    with pytest.raises(CiphertextRefused):
        _load(database, keyring, first)


def test_silence_ends_a_session_and_activity_keeps_it(
    database: Database, keyring: Keyring, moment: time_machine.Traveller
) -> None:
    secret = _create(database, keyring)
    for _ in range(3):
        moment.shift(timedelta(minutes=29))
        with database.transaction() as session:
            sessions.touch(session, kind="desk", secret=secret)
    moment.shift(timedelta(minutes=30))
    with pytest.raises(SessionEnded):
        _load(database, keyring, secret)


def test_no_activity_keeps_a_session_beyond_its_hours(
    database: Database, keyring: Keyring, moment: time_machine.Traveller
) -> None:
    secret = _create(database, keyring)
    for _ in range(4):
        moment.shift(timedelta(minutes=29))
        with database.transaction() as session:
            sessions.save(session, keyring, kind="desk", secret=secret, data={"seen": 1})
    assert _load(database, keyring, secret) == {"seen": 1}
    moment.shift(timedelta(minutes=5))
    with pytest.raises(SessionEnded):
        _load(database, keyring, secret)
    with database.transaction() as session:
        assert purge_expired(session) == 1


def test_an_ended_session_is_gone(database: Database, keyring: Keyring) -> None:
    secret = _create(database, keyring)
    for _ in range(2):
        with database.transaction() as session:
            sessions.end(session, kind="desk", secret=secret)
    with pytest.raises(SessionEnded):
        _load(database, keyring, secret)


def _hit(database: Database, key: str = "user") -> None:
    with database.transaction() as session:
        limits.hit(session, bucket="login", key=key, limit=3, per_seconds=60)


def test_a_limit_counts_per_key_and_window(
    database: Database, moment: time_machine.Traveller
) -> None:
    for _ in range(3):
        _hit(database)
    with pytest.raises(Throttled) as caught:
        _hit(database)
    assert 0 < caught.value.retry_after <= 60
    _hit(database, "other")
    moment.shift(timedelta(seconds=caught.value.retry_after))
    _hit(database)
    with database.transaction() as session:
        assert limits.purge(session) == 2
        assert limits.count(session, bucket="login", key="user", per_seconds=60) == 1


def test_attempts_at_once_do_not_pass_a_limit(
    database: Database, moment: time_machine.Traveller
) -> None:
    passed: list[int] = []

    def try_once() -> None:
        try:
            _hit(database)
        except Throttled:
            return
        passed.append(1)

    threads = [threading.Thread(target=try_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 3


def test_a_token_id_is_taken_once_per_issuer(
    database: Database, moment: time_machine.Traveller
) -> None:
    expires = clock.now() + timedelta(minutes=5)

    def remember(issuer: str) -> None:
        with database.transaction() as session:
            jti.remember(session, issuer=issuer, jti="j", expires_at=expires)

    remember("a")
    remember("b")
    with pytest.raises(Replayed):
        remember("a")
    moment.shift(timedelta(minutes=6))
    with pytest.raises(Replayed):
        remember("a")
    moment.shift(timedelta(minutes=2))
    with database.transaction() as session:
        assert jti.purge(session) == 2


def test_a_signing_key_is_made_once_and_stored_encrypted(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        first = signing_keys.load_or_create(session, keyring, purpose="receipts", alg="ES384")
        other = signing_keys.load_or_create(session, keyring, purpose="ehr", alg="ES384")
    with database.transaction() as session:
        again = signing_keys.load_or_create(session, keyring, purpose="receipts", alg="ES384")
        assert signing_keys.public_keys(session, "receipts") == [first.public_jwk()]
        stored = session.scalars(select(SigningKeyRow.private_pem)).all()
    assert again.public_jwk() == first.public_jwk() != other.public_jwk()
    assert not any(b"PRIVATE" in pem for pem in stored)


def test_a_new_key_is_published_before_it_signs_and_an_old_one_stays(
    database: Database, keyring: Keyring, moment: time_machine.Traveller
) -> None:
    def present() -> jose.SigningKey:
        with database.transaction() as session:
            return signing_keys.load_or_create(session, keyring, purpose="p", alg="ES384")

    old = present()
    with database.transaction() as session:
        new = signing_keys.rotate(session, keyring, purpose="p", alg="ES384")
        published = [key["kid"] for key in signing_keys.public_keys(session, "p")]
    assert set(published) == {old.kid, new.kid}
    assert present().kid == old.kid
    moment.shift(timedelta(hours=2))
    assert present().kid == new.kid
    with database.transaction() as session:
        signing_keys.retire(session, old.kid)
        everywhere = signing_keys.public_keys(session, "p")
        now = signing_keys.public_keys(session, "p", include_retired=False)
    assert {key["kid"] for key in everywhere} == {old.kid, new.kid}
    assert [key["kid"] for key in now] == [new.kid]
