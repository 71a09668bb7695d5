"""Prints outcomes: counts, places and rule names, never a value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from confer.deidentify.outcome import Change, Outcome, Removal, ReportFormat
from deid.sensitive import policy as sensitive_policy

_WORD_LIMIT: Final = 60


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of one call."""

    policy_id: str
    question_time: datetime
    explain: bool
    jobs: int
    as_json: bool
    report: ReportFormat = ""
    report_to: Path | None = field(default=None)
    show_phi: bool = False
    strict: bool = False
    consent: frozenset[str] = frozenset()


def categories() -> frozenset[str]:
    """Return the names of the categories of sensitive content; all policies have the same."""
    return frozenset(sensitive_policy.load("safe-harbor").values.categories)


def print_json(outcomes: Sequence[Outcome], *, many: bool) -> None:
    """Print one outcome as an object, or several in a list with their states counted."""
    told = [each.as_json() for each in outcomes]
    if not many:
        click.echo(json.dumps(told[0], indent=2))
        return
    states = [each.state for each in outcomes]
    counted = {name: states.count(name) for name in ("passed", "held", "failed")}
    click.echo(json.dumps({**counted, "charts": told}, indent=2))


def print_one(found: Outcome) -> None:
    """Print what happened to one chart in full."""
    click.echo(f"policy {found.policy}, rules {found.rules_sha256[:12]}")
    if found.held:
        print_hits(found)
        return
    click.echo(f"{found.resources_read} resources read, {found.resources_sent} would leave")
    if found.left_out:
        click.echo(f"{found.left_out} entries not read: other patients, or without a resource")
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
        f"gate: passed; {found.searched} known identifiers searched for, {found.skipped} words "
        f"of ours passed over"
    )
    if found.no_consent:
        click.echo(f"left out, because nobody said consent exists: {', '.join(found.no_consent)}")
    click.echo(f"risk {found.risk}: about {found.people:,} people share what is left")


def print_line(found: Outcome) -> None:
    """Print what happened to one chart of many in a line."""
    if found.state == "passed":
        refused = sum(found.refused.values())
        told = f"{found.resources_read} resources read, {found.resources_sent} would leave"
        told += f", {sum(found.removed.values())} identifiers removed"
        told += f", {refused} parts refused" if refused else ""
        click.echo(f"passed  {found.place}: {told}")
    else:
        click.echo(f"{found.state:<6}  {found.place}: {found.problem} [{found.code}]")
        for hit in found.hits:
            click.echo(f"        {hit.expression}: {hit.category} ({hit.rule})")


def print_hits(found: Outcome) -> None:
    """Print where a case was held."""
    click.echo(f"HELD: {len(found.hits)} known identifiers were left in what would leave")
    for hit in found.hits:
        click.echo(f"  {hit.expression}: {hit.category} ({hit.rule})")


def print_removals(removals: Sequence[Removal]) -> None:
    """Print each removal: where, what, by which rule, and where that is written."""
    for each in removals:
        where = each.where
        if each.line:
            where += f", line {each.line}, columns {each.columns[0]}-{each.columns[1] - 1}"
        times = f" ({each.count} times)" if each.count > 1 else ""
        click.echo(f"{where}: {each.change}, {each.category}{times}; rule {each.rule}")


def print_changes(changes: Sequence[Change]) -> None:
    """Print the words of each change. PHI: the caller has made sure that this is a terminal."""
    for each in changes:
        click.echo(
            f"{each.where}: {_short(each.before)!r} -> {_short(each.after)!r}  ({each.rule})"
        )


def _table(title: str, counts: Mapping[str, int]) -> None:
    if counts:
        click.echo(f"{title}: {sum(counts.values())}")
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  {count:>6}  {name}")


def _short(text: str) -> str:
    return text if len(text) <= _WORD_LIMIT else f"{text[:_WORD_LIMIT]}..."
