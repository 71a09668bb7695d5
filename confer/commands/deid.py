"""confer deid: what would be removed from a chart, and why."""

import getpass
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from confer import deid_report, programs
from confer.deid_report import Report
from runtime import audit, clock, settings, tokens
from runtime.errors import EXIT_CODE

_WORD_LIMIT = 60


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--policy", "policy_id", default="safe-harbor", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print counts and places as JSON.")
@click.option(
    "--show-phi",
    is_flag=True,
    help="Print the removed words, too: on a terminal only, and noted in the gateway's audit.",
)
def command(*, file: Path, policy_id: str, as_json: bool, show_phi: bool) -> None:
    """Say what would leave of FILE, a FHIR Bundle with one patient's chart (JSON or gzip).

    All of it is treated as if it were sent now. Counts and rule names are printed, never a
    value. Exit 4 when the last check holds the case back: a known identifier was left.
    """
    if show_phi and (as_json or not sys.stdout.isatty()):
        raise click.UsageError("--show-phi prints to a terminal only, and not as JSON")
    resources = deid_report.read_chart(file)
    if show_phi:
        _note_in_audit(file)
    found = deid_report.report(
        resources,
        policy_id=policy_id,
        case_id=tokens.new_case_id(),
        case_key=tokens.new_key(),
        question_time=clock.now().astimezone(),
    )
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print(found)
    if show_phi and found.preview is not None:
        for where, before, after, rule in deid_report.changes(found.preview):
            click.echo(f"{where}: {_short(before)!r} -> {_short(after)!r}  ({rule})")
    if found.held:
        raise SystemExit(EXIT_CODE["refused"])


def _note_in_audit(file: Path) -> None:
    """Write who looks at which file before anything is shown; no audit, no values."""
    database = programs.open_existing(settings.load(), "gateway")
    try:
        programs.require_schema(database, "gateway")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        with database.transaction() as session:
            audit.append(
                session, event="cli.phi_shown", actor=f"os:{getpass.getuser()}", subject=digest
            )
    finally:
        database.dispose()


def _print(found: Report) -> None:
    click.echo(f"policy {found.policy}, rules {found.rules_sha256[:12]}")
    if found.held:
        click.echo(f"HELD: {len(found.hits)} known identifiers were left in what would leave")
        for hit in found.hits:
            click.echo(f"  {hit.expression}: {hit.category} ({hit.rule})")
        return
    click.echo(f"{found.resources_sent} of {found.resources_read} resources would leave")
    for title, counts in (
        ("identifiers removed", found.removed),
        ("made general", found.general),
        ("not sent, though no identifier in itself", found.not_sent),
        ("rules of the text engine", found.rules),
        ("refused: cannot leave without being misread", found.refused),
    ):
        _table(title, counts)
    if found.likely:
        click.echo(f"{found.likely} words only look like identifiers; a doctor may give them back")
    click.echo(
        f"gate: passed; {found.searched} strings searched, {found.skipped} of ours skipped; "
        f"risk {found.risk}"
    )


def _table(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        click.echo(f"{title}: {sum(counts.values())}")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  {count:>6}  {name}")


def _short(text: str) -> str:
    return text if len(text) <= _WORD_LIMIT else f"{text[:_WORD_LIMIT]}..."
