"""confer keys: the key file that encrypts what a program stores, and the public signing keys."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from confer import ehr_key_list, programs
from confer.errors import KeyFileExists
from confer.programs import PROGRAMS, ProgramName
from runtime import keyring, settings, signing_keys
from runtime.database import Database
from runtime.jose import Alg
from runtime.keyring import Keyring

_PROGRAM = click.argument("program", type=click.Choice(PROGRAMS))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def command() -> None:
    """Key files of programs, and the signing keys by which EHRs and the network know us."""


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


@command.command("list")
@_JSON
def list_keys(*, as_json: bool) -> None:
    """List the keys that EHRs know the gateway by: which signs, which waits, which is retired."""
    with _ehr_keys() as (database, _):
        lines = ehr_key_list.lines(database)
    if as_json:
        click.echo(json.dumps({"keys": lines}))
        return
    for line in lines:
        click.echo(f"{line['kid']}  {line['alg']}  {line['state']}  since {line['since']}")


@command.command("announce")
@click.option(
    "--alg",
    type=click.Choice(["RS384", "ES384"]),
    required=True,
    help="The algorithm whose key gets a successor.",
)
@click.option(
    "--hours",
    type=click.FloatRange(min=1, max=24 * 90),
    default=24.0,
    show_default=True,
    help="It is published now and signs after so many hours.",
)
@_JSON
def announce(*, alg: Alg, hours: float, as_json: bool) -> None:
    """Make the next key for EHRs (N+1). It is published at once; the present one (N) signs on.

    EHRs that fetch our key set see it within an hour; where the key set is registered inline,
    give them the new one (`confer keys publish --for ehr`) before the new key signs.
    """
    with _ehr_keys() as (database, ring):
        line = ehr_key_list.announce(database, ring, alg=alg, hours=hours)
    if as_json:
        click.echo(json.dumps(line))
    else:
        click.echo(f"{line['kid']} ({alg}) is published now and signs from {line['since']}")


@command.command("retire")
@click.argument("kid")
@_JSON
def retire(*, kid: str, as_json: bool) -> None:
    """Retire a key that its successor has replaced: it signs and is published no more."""
    with _ehr_keys() as (database, _):
        ehr_key_list.retire(database, kid)
    if as_json:
        click.echo(json.dumps({"kid": kid, "retired": True}))
    else:
        click.echo(f"{kid} is retired; EHRs refuse it as soon as they fetch our key set again")


@contextmanager
def _ehr_keys() -> Iterator[tuple[Database, Keyring]]:
    chosen = settings.load()
    ring = Keyring.open(chosen.gateway_keyring_file, create=False)
    database = programs.open_existing(chosen, "gateway")
    try:
        programs.require_schema(database, "gateway")
        yield database, ring
    finally:
        database.dispose()
