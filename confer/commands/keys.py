"""confer keys: the key file that encrypts what a program stores."""

import json

import click

from confer import programs
from confer.errors import KeyFileExists
from confer.programs import PROGRAMS, ProgramName
from runtime import keyring, settings
from runtime.keyring import Keyring

_PROGRAM = click.argument("program", type=click.Choice(PROGRAMS))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Make and rotate the key file of a program."""


@command.command("new")
@_PROGRAM
@_JSON
def new(*, program: ProgramName, as_json: bool) -> None:
    """Make the key file that the settings name. Never replaces one: data would be lost."""
    path = programs.keyring_file(settings.load(), program)
    if path.exists():
        raise KeyFileExists(program=program)
    Keyring.open(path, create=True)
    if as_json:
        click.echo(json.dumps({"program": program, "made": True}))
    else:
        click.echo(f"{program}: key file made, readable by its owner only. Keep a copy elsewhere.")


@command.command("rotate")
@_PROGRAM
@_JSON
def rotate(*, program: ProgramName, as_json: bool) -> None:
    """Put a new encrypting key in front. What is stored stays readable; restart the program."""
    path = programs.keyring_file(settings.load(), program)
    Keyring.open(path, create=False)
    key_id = keyring.rotate(path)
    if as_json:
        click.echo(json.dumps({"program": program, "key": key_id}))
    else:
        click.echo(f"{program}: key {key_id} encrypts once the program and its worker restart")
