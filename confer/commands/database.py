"""confer db: bring a program's database to this release, or say whether it is there."""

import json

import click

from confer import programs
from confer.programs import PROGRAMS, ProgramName, SchemaState
from runtime import settings
from runtime.database import Database, open_database

_PROGRAM = click.argument("program", type=click.Choice(PROGRAMS))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Make, upgrade and check the database of a program."""


@command.command("upgrade")
@_PROGRAM
@_JSON
def upgrade(*, program: ProgramName, as_json: bool) -> None:
    """Run the migrations that are missing. Safe to repeat; back up before an upgrade."""
    database = open_database(programs.database_url(settings.load(), program))
    try:
        programs.migrate(database, program)
        _tell(program, database, programs.require_schema(database, program), as_json=as_json)
    finally:
        database.dispose()


@command.command("check")
@_PROGRAM
@_JSON
def check(*, program: ProgramName, as_json: bool) -> None:
    """Say whether all tables and migrations of this release are there; exit 3 if not."""
    database = programs.open_existing(settings.load(), program)
    try:
        _tell(program, database, programs.require_schema(database, program), as_json=as_json)
    finally:
        database.dispose()


def _tell(program: ProgramName, database: Database, state: SchemaState, *, as_json: bool) -> None:
    if as_json:
        facts = {
            "program": program,
            "dialect": database.dialect,
            "tables": state.tables,
            "revision": state.revision,
        }
        click.echo(json.dumps(facts))
        return
    click.echo(
        f"{program}: {database.dialect}, {state.tables} tables, revision {state.revision}: "
        "up to date"
    )
