"""Engine, transaction scope and pragmas (reliability: an acceptance is synced to disk first).

SQLite: WAL, synchronous FULL, foreign keys, busy time-out, and `BEGIN IMMEDIATE` for
every write transaction, so that no lock upgrade can fail half-way. Only what may be lost
with the power (`passing()`) does not wait for the disk. PostgreSQL: statement
time-out and a refusal to run on a server that acknowledges before it has synced.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from runtime.errors import DatabaseUnsafe, DatabaseUnsupported, SchemaOutdated

Dialect = Literal["sqlite", "postgresql"]

BUSY_SECONDS = 30
STATEMENT_SECONDS = 30
_POOL_SIZE = 10
_SQLITE_POOL_SIZE = 32
_WRITE = "confer_write"
_PASSING = "confer_passing"


class _DriverConnection(Protocol):
    isolation_level: str | None

    def execute(self, sql: str, /) -> object: ...


class Database:
    """One database: two ways in, `transaction()` for writing and `read()` for reading."""

    def __init__(self, engine: sa.Engine, *, url: str, dialect: Dialect) -> None:
        """Wrap an engine made by `open_database`."""
        self.engine = engine
        self.url = url
        self.dialect: Dialect = dialect
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        write_engine = engine.execution_options(**{_WRITE: True})
        self._write_sessions = sessionmaker(write_engine, expire_on_commit=False)
        passing_engine = engine.execution_options(**{_WRITE: True, _PASSING: True})
        self._passing_sessions = sessionmaker(passing_engine, expire_on_commit=False)
        # SQLite has one writer at a time, and who finds it busy sleeps and looks again. Threads
        # of one process queue here instead: the next one begins the moment the last one ends.
        self._writers: AbstractContextManager[object] = (
            threading.RLock() if dialect == "sqlite" else nullcontext()
        )

    def __repr__(self) -> str:
        """Name the dialect only; the URL may hold a password."""
        return f"Database({self.dialect})"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a write transaction; commit at the end, roll back on any exception.

        After a clean exit the data is synced to disk (SQLite synchronous=FULL).
        """
        with self._writers, self._write_sessions() as session, session.begin():
            session.connection()  # take the write lock now, not at the first statement
            yield session

    @contextmanager
    def passing(self) -> Iterator[Session]:
        """Open a write transaction for what a power cut may undo: progress, pace, sign-ins.

        It is as atomic as any, and a killed process loses nothing of it; only the disk is not
        waited for. What is promised to somebody goes through `transaction()`, whose sync also
        carries everything that was written before.
        """
        with self._writers, self._passing_sessions() as session, session.begin():
            session.connection()
            if self.dialect == "postgresql":
                session.execute(sa.text("SET LOCAL synchronous_commit TO off"))
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a snapshot for reading; what is changed in it is thrown away."""
        with self._sessions() as session:
            try:
                yield session
            finally:
                session.expunge_all()  # else the rollback empties the rows the caller holds
                session.rollback()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str, *, schema: str | None = None) -> Database:
    """Open a database by URL; `schema` sets the PostgreSQL search path.

    Raises `DatabaseUnsupported` for anything but a SQLite file or PostgreSQL, and
    `DatabaseUnsafe` when the PostgreSQL server may lose what it acknowledged.
    """
    parsed = sa.make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed)
    if backend == "postgresql":
        return _open_postgres(parsed, schema)
    raise DatabaseUnsupported(dialect=backend)


def create_tables(database: Database, *metadatas: sa.MetaData) -> None:
    """Create missing tables of the given metadata (sandbox and tests)."""
    for metadata in metadatas:
        with database.engine.execution_options(**{_WRITE: True}).begin() as connection:
            metadata.create_all(connection)


def upgrade(database: Database, package: str) -> None:
    """Run the Alembic migrations found in `package` (such as `consult.store.migrations`)."""
    from alembic import command  # noqa: PLC0415  (0.3 s to import; serving never needs it)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", package.replace(".", ":", 1).replace(".", "/"))
    with database.engine.execution_options(**{_WRITE: True}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_tables(database: Database, *metadatas: sa.MetaData) -> None:
    """Raise `SchemaOutdated` when a table of the given metadata is missing."""
    present = set(sa.inspect(database.engine).get_table_names())
    wanted = {name for metadata in metadatas for name in metadata.tables}
    if missing := wanted - present:
        raise SchemaOutdated(missing=len(missing))


def optimize(database: Database) -> None:
    """Refresh the planner's statistics; call now and then, in no other transaction."""
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        statement = "PRAGMA optimize" if database.dialect == "sqlite" else "ANALYZE"
        connection.exec_driver_sql(statement)


def _open_sqlite(url: sa.URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnsupported(dialect="sqlite in memory")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        poolclass=QueuePool,
        # Never a limit: who writes waits for its turn, and must not wait for a connection that
        # somebody holds who waits for that same turn.
        pool_size=_SQLITE_POOL_SIZE,
        max_overflow=-1,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, url=url.render_as_string(hide_password=False), dialect="sqlite")


def set_sqlite_pragmas(connection: _DriverConnection) -> None:
    """Set WAL, full sync, foreign keys and the busy time-out on a fresh connection."""
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_sqlite(connection: _DriverConnection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself; we do
    set_sqlite_pragmas(connection)


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_WRITE):
        # Said anew each time, because a connection serves both kinds and may be pooled.
        level = "NORMAL" if options.get(_PASSING) else "FULL"
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITE) else "BEGIN")


def _open_postgres(url: sa.URL, schema: str | None) -> Database:
    options = [f"-c statement_timeout={STATEMENT_SECONDS * 1000}"]
    if schema is not None:
        options.append(f"-c search_path={schema}")
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_SIZE,
        pool_pre_ping=True,
        connect_args=postgres_connect_args(*options),
    )
    event.listen(engine, "handle_error", _drop_detail)
    if schema is not None:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    try:
        _refuse_unsafe_postgres(engine)
    except DatabaseUnsafe:
        engine.dispose()
        raise
    return Database(
        engine, url=engine.url.render_as_string(hide_password=False), dialect="postgresql"
    )


def postgres_connect_args(*options: str) -> dict[str, str | int]:
    """Return driver arguments: UTC, and commits that wait for the disk in any case."""
    always = ("-c timezone=UTC", "-c synchronous_commit=on")
    return {"options": " ".join((*always, *options)), "connect_timeout": 10}


def _drop_detail(context: sa.engine.ExceptionContext) -> None:
    # The server's DETAIL line repeats the row; hide_parameters does not cover it.
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).split("\n", maxsplit=1)[0],)


def _refuse_unsafe_postgres(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            value = connection.execute(
                sa.text("SELECT current_setting(:name)"), {"name": setting}
            ).scalar_one()
            if value == "off":
                raise DatabaseUnsafe(setting=setting)
