"""confer doctor: does this machine have what its programs need."""

import json

import click

from confer import checkup
from confer.checkup import Finding
from confer.programs import PROGRAMS, ProgramName
from runtime.errors import EXIT_CODE

_MARKS = {"ok": "ok  ", "failed": "FAIL", "not checked": "-   "}


@click.command()
@click.argument("wanted", metavar="[PROGRAM]...", nargs=-1, type=click.Choice(PROGRAMS))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(*, wanted: tuple[ProgramName, ...], as_json: bool) -> None:
    """Check packages and settings, then database, keys, worker and reach of each PROGRAM.

    Without PROGRAM, those that have a database here. Nothing is changed. Exit 3 when
    something on this machine is wrong, 8 when only another system does not answer.
    """
    findings = []
    for finding in checkup.run(wanted):
        findings.append(finding)
        if not as_json:
            _print(finding)
    failed = [finding for finding in findings if finding.state == "failed"]
    if as_json:
        listed = [finding.as_json() for finding in findings]
        click.echo(json.dumps({"ok": not failed, "findings": listed}, indent=2))
    if failed:
        elsewhere = all(finding.kind.startswith("upstream") for finding in failed)
        raise SystemExit(EXIT_CODE["upstream_down" if elsewhere else "misconfigured"])


def _print(finding: Finding) -> None:
    code = f"  [{finding.code}]" if finding.code else ""
    click.echo(f"{_MARKS[finding.state]} {finding.name}: {finding.says}{code}")
