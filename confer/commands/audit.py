"""confer audit: is the audit record of a program still what was written."""

import json

import click

from confer import programs
from confer.programs import PROGRAMS, ProgramName
from runtime import audit, settings
from runtime.audit import AuditHead
from runtime.errors import EXIT_CODE


class HeadParameter(click.ParamType[AuditHead]):
    """POSITION:HASH, as an earlier `audit verify` printed it."""

    name = "position:hash"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> AuditHead:
        """Read a head."""
        if isinstance(value, AuditHead):
            return value
        position, _, digest = str(value).partition(":")
        if not position.isdigit() or len(digest) != len(audit.GENESIS):
            self.fail("must be POSITION:HASH as an earlier verify printed it", param, ctx)
        return AuditHead(position=int(position), hash=digest)


@click.group()
def command() -> None:
    """Check the append-only, hash-chained audit record."""


@command.command("verify")
@click.argument("program", type=click.Choice(PROGRAMS))
@click.option(
    "--expected-head",
    type=HeadParameter(),
    help="A head printed earlier and kept elsewhere: shows whether newest rows were cut off.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def verify(*, program: ProgramName, expected_head: AuditHead | None, as_json: bool) -> None:
    """Recompute the chain; exit 7 and the first bad position if a row was changed or removed."""
    database = programs.open_existing(settings.load(), program)
    try:
        with database.read() as session:
            found = audit.verify(session, expected_head=expected_head)
            head = audit.head(session)
    finally:
        database.dispose()
    if as_json:
        facts = {
            "program": program,
            "ok": found.ok,
            "rows": found.rows,
            "first_bad": found.first_bad,
            "head": f"{head.position}:{head.hash}",
        }
        click.echo(json.dumps(facts))
    elif found.ok:
        click.echo(f"{program}: {found.rows} audit rows, the chain is whole")
        click.echo(f"head {head.position}:{head.hash}")
    else:
        click.echo(
            f"{program}: the audit chain breaks at position {found.first_bad}; "
            f"{found.rows} rows before it are good"
        )
    if not found.ok:
        raise SystemExit(EXIT_CODE["conflict"])
