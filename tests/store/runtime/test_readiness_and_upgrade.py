"""Readiness names what is missing; migrations run from a package and only once."""

import sys
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from runtime import clock, heartbeats, readiness
from runtime.database import Database, open_database, upgrade
from runtime.durable_client import open_engine
from runtime.errors import DatabaseUnsafe
from runtime.keyring import Keyring
from runtime.tables import LimitRow, RuntimeBase

_ENV = """
from alembic import context
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
"""
_VERSION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.create_table("made_here", sa.Column("id", sa.Integer, primary_key=True))
    {extra}
"""


def _package(folder: Path, monkeypatch: pytest.MonkeyPatch, *, extra: str = "pass") -> str:
    name = f"migrated_{folder.name.replace('-', '_')}"
    versions = folder / name / "migrations" / "versions"
    versions.mkdir(parents=True)
    for part in (versions.parent.parent, versions.parent):
        (part / "__init__.py").write_text("")
    (versions.parent / "env.py").write_text(_ENV)
    (versions / "0001.py").write_text(_VERSION.format(extra=extra))
    monkeypatch.syspath_prepend(str(folder))
    sys.modules.pop(name, None)
    return f"{name}.migrations"


def test_migrations_of_a_package_run_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path, monkeypatch)
    upgrade(database, package)
    upgrade(database, package)
    assert "made_here" in sa.inspect(database.engine).get_table_names()


def test_a_migration_that_fails_leaves_nothing_half_done(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path, monkeypatch, extra="raise KeyError('stop')")
    with pytest.raises(KeyError):
        upgrade(database, package)
    assert "made_here" not in sa.inspect(database.engine).get_table_names()


def test_each_check_answers_also_after_another_failed(database: Database, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    missing = sa.MetaData()
    sa.Table("not_there", missing, sa.Column("id", sa.Integer, primary_key=True))
    Keyring.open(keys, create=True)
    checks = {
        "database": lambda: readiness.database_answers(database),
        "tables": lambda: readiness.tables_exist(database, RuntimeBase.metadata),
        "other tables": lambda: readiness.tables_exist(database, missing),
        "keys": lambda: readiness.keyring_opens(keys),
        "other keys": lambda: readiness.keyring_opens(tmp_path / "gone"),
        "worker": lambda: readiness.worker_beats(database),
        "jobs": lambda: readiness.nothing_waits_silently(database),
    }
    found = {result.name: result.code for result in readiness.run(checks) if not result.ok}
    assert found == {
        "other tables": "runtime.schema_outdated",
        "other keys": "runtime.keyring_unusable",
        "worker": "runtime.not_ready",
    }
    with database.transaction() as session:
        heartbeats.begin(session, executor_id="w", program="test")
    readiness.worker_beats(database)


def test_a_naive_time_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  (the very mistake)
    row = LimitRow(bucket="b", key_hash="k", window=0, hits=1, expires_at=naive)

    def write() -> None:
        with database.transaction() as session:
            session.add(row)

    with pytest.raises(sa.exc.StatementError, match="naive"):
        write()


def _administer(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.postgres
def test_our_commits_wait_for_the_disk_whatever_the_server_says(postgres_url: str) -> None:
    name = sa.make_url(postgres_url).database
    _administer(postgres_url, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    database = open_database(postgres_url)
    engine = open_engine(database)
    for used in (database.engine, engine):
        with used.connect() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        used.dispose()


@pytest.mark.postgres
def test_a_server_that_can_tear_pages_is_refused(postgres_url: str) -> None:
    _set_full_page_writes(postgres_url, "off")
    try:
        with pytest.raises(DatabaseUnsafe, match="full_page_writes"):
            open_database(postgres_url)
    finally:
        _set_full_page_writes(postgres_url, "on")
    open_database(postgres_url).dispose()


def _set_full_page_writes(url: str, value: str) -> None:
    """Change the whole server's setting and wait until new connections have it."""
    _administer(url, f"ALTER SYSTEM SET full_page_writes = {value}", "SELECT pg_reload_conf()")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    ends = clock.monotonic() + 10
    while True:
        with engine.connect() as connection:
            if connection.exec_driver_sql("SHOW full_page_writes").scalar() == value:
                return
        assert clock.monotonic() < ends, "the server did not take the setting"
        clock.sleep(0.02)
