"""Databases that are made once per process and copied: making tables takes longer than most tests.

A template is the content of a SQLite file, or a PostgreSQL database that nobody is connected to.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from runtime import durable
from runtime.database import Database, create_tables, open_database
from runtime.tokens import new_case_id


@dataclass(frozen=True)
class Schema:
    """The tables that a test begins with; `work` adds those of the durable work."""

    tables: tuple[sa.MetaData, ...] = ()
    work: bool = False

    def fill(self, database: Database) -> None:
        """Make the tables the way that programs make them."""
        create_tables(database, *self.tables)
        if self.work:
            durable.prepare(database)


EMPTY = Schema()


def sqlite(path: Path, schema: Schema) -> str:
    """Return the URL of a database with these tables; made at that path unless it is there."""
    if schema != EMPTY and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_sqlite_content(schema))
    return f"sqlite:///{path}"


@cache
def _sqlite_content(schema: Schema) -> bytes:
    with tempfile.TemporaryDirectory(prefix="confer-template-") as folder:
        path = Path(folder, "template.db")
        _fill(f"sqlite:///{path}", schema)
        with closing(sqlite3.connect(path)) as connection:
            (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, "the template is still in use"
        return path.read_bytes()


def _fill(url: str, schema: Schema) -> None:
    database = open_database(url)
    schema.fill(database)
    database.dispose()


@dataclass
class PostgresServer:
    """A server of this test session; `url` names its own database."""

    url: sa.URL
    _templates: dict[Schema, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Connect as its owner."""
        self._admin = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close the connections."""
        self._admin.dispose()

    @contextmanager
    def database(self, schema: Schema) -> Iterator[str]:
        """A fresh database with these tables, dropped at the end; yields its URL."""
        name = self._create(self._template(schema))
        try:
            yield self._url_of(name)
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _template(self, schema: Schema) -> str:
        if schema == EMPTY:
            return "template1"
        if schema not in self._templates:
            name = self._create("template1")
            _fill(self._url_of(name), schema)
            self._templates[schema] = name
        return self._templates[schema]

    def _create(self, template: str) -> str:
        name = f"t_{new_case_id()}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _url_of(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)
