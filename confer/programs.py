"""What the command line must know of each program: its database, tables, keys, own packages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from confer.errors import DatabaseMissing
from runtime import durable
from runtime.database import Database, check_tables, open_database, upgrade
from runtime.errors import SchemaOutdated
from runtime.settings_schema import Settings

if TYPE_CHECKING:
    from sqlalchemy import MetaData

ProgramName = Literal["gateway", "consult"]
PROGRAMS: tuple[ProgramName, ...] = ("gateway", "consult")
_SQLITE = "sqlite:///"
_MIGRATIONS: dict[ProgramName, tuple[str, str]] = {
    "gateway": ("smartapp.store.migrations", "gw_schema_version"),
    "consult": ("consult.store.migrations", "cs_schema_version"),
}


@dataclass(frozen=True, kw_only=True)
class SchemaState:
    """Where a database stands: tables there and wanted, revision there and wanted."""

    tables: int
    revision: str | None
    head: str

    @property
    def current(self) -> bool:
        """Whether the last migration of this release has run."""
        return self.revision == self.head


def database_url(settings: Settings, program: ProgramName) -> str:
    """The URL of a program's own database; it may hold a password."""
    return {
        "gateway": settings.gateway_database_url,
        "consult": settings.consult_database_url,
    }[program]


def keyring_file(settings: Settings, program: ProgramName) -> Path:
    """The key file of a program."""
    return {
        "gateway": settings.gateway_keyring_file,
        "consult": settings.consult_keyring_file,
    }[program]


def has_database(settings: Settings, program: ProgramName) -> bool:
    """Whether there is a database to open: a SQLite file that exists, or any other server."""
    url = database_url(settings, program)
    return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).is_file()


def open_existing(settings: Settings, program: ProgramName) -> Database:
    """Open a program's database; raises `DatabaseMissing` instead of making an empty file."""
    if not has_database(settings, program):
        raise DatabaseMissing(program=program)
    return open_database(database_url(settings, program))


def metadatas(program: ProgramName) -> Sequence["MetaData"]:
    """The tables of a program; only its own packages are imported."""
    from runtime.tables import RuntimeBase  # noqa: PLC0415

    if program == "gateway":
        from smartapp.store import (  # noqa: PLC0415 - registers tables
            case_rows,  # noqa: F401
            hook_rows,  # noqa: F401
            launch_rows,  # noqa: F401
        )
        from smartapp.store.rows import SmartAppBase  # noqa: PLC0415

        return (RuntimeBase.metadata, SmartAppBase.metadata)
    from consult.store.rows import ConsultBase  # noqa: PLC0415
    from fhir_server.store.resource_rows import EngineBase  # noqa: PLC0415

    return (RuntimeBase.metadata, EngineBase.metadata, ConsultBase.metadata)


def migrate(database: Database, program: ProgramName) -> None:
    """Bring a database to this release: our tables, then those of the durable work."""
    upgrade(database, _MIGRATIONS[program][0])
    durable.prepare(database)


def schema_state(database: Database, program: ProgramName) -> SchemaState:
    """Say where a database stands; raises `SchemaOutdated` when tables are missing."""
    from alembic.config import Config  # noqa: PLC0415 - slow to import
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    package, version_table = _MIGRATIONS[program]
    tables = metadatas(program)
    check_tables(database, *tables)
    config = Config()
    config.set_main_option("script_location", package.replace(".", ":", 1).replace(".", "/"))
    scripts = ScriptDirectory.from_config(config)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table})
        revision = context.get_current_revision()
    return SchemaState(
        tables=sum(len(each.tables) for each in tables),
        revision=revision,
        head=scripts.get_current_head() or "",
    )


def require_schema(database: Database, program: ProgramName) -> SchemaState:
    """The same, but a missing migration raises `SchemaOutdated`, too."""
    state = schema_state(database, program)
    if not state.current:
        raise SchemaOutdated(missing=1)
    return state
