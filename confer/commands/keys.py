"""confer keys: the key file that encrypts what a program stores, and the public signing keys."""

import json

import click

from confer import programs
from confer.errors import KeyFileExists
from confer.programs import PROGRAMS, ProgramName
from runtime import keyring, settings, signing_keys
from runtime.keyring import Keyring

_PROGRAM = click.argument("program", type=click.Choice(PROGRAMS))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Make and rotate the key file of a program; print the public keys of the gateway."""


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


@command.command("publish")
@click.option(
    "--for",
    "receiver",
    type=click.Choice(["ehr", "network"]),
    required=True,
    help="Whom to register with: an EHR, or the consult server.",
)
def publish(*, receiver: str) -> None:
    """Print the gateway's public keys as a JWKS, to be registered on the other side.

    EHR and network get different keys. Keys are made at first use.
    """
    from confer.wiring import gateway  # noqa: PLC0415 - knows the purposes of the gateway's keys
    from confer.wiring.ehr_keys import EHR_KEY  # noqa: PLC0415

    chosen = settings.load()
    ring = Keyring.open(chosen.gateway_keyring_file, create=False)
    database = programs.open_existing(chosen, "gateway")
    purpose = EHR_KEY if receiver == "ehr" else gateway.NETWORK_KEY
    try:
        programs.require_schema(database, "gateway")
        gateway.gateway_keys(database, ring)
        with database.read() as session:
            keys = signing_keys.public_keys(session, purpose, include_retired=False)
    finally:
        database.dispose()
    click.echo(json.dumps({"keys": keys}, indent=2))
