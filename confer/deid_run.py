"""The three verbs of `confer deid`: read, work, print, and write whole files only."""

import getpass
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import click

from confer import programs
from confer.deidentify import chart as charts
from confer.deidentify import keys, one_chart, reading, report_page, spread, words, writing
from confer.deidentify import notes as note_lines
from confer.deidentify.outcome import Outcome, Wishes
from confer.deidentify.reading import ChartSource, Unread
from confer.deidentify.words import Options
from runtime import audit, json_text, settings
from runtime.errors import EXIT_CODE

_REPORT: Final = "confer-deid-report"
_CASE_SUFFIX: Final = ".json"

Item = TypeVar("Item")


def paths(path: Path, out: Path | None, key_file: Path | None, options: Options) -> int:
    """De-identify every chart at a path; returns the exit code."""
    many = reading.holds_many(path)
    if options.show_phi:
        _may_show(options)
        _note_in_audit(path)
    report_to = _check_targets(path, out, options, many=many)
    wishes = replace(_wishes(key_file, options), outgoing=out is not None)
    found = list(reading.find(path))
    if not found:
        found = [Unread(file=str(path), problem=reading.nothing_in_it())]
    work = partial(one_chart.of_source, wishes=wishes)
    sources = [each for each in found if isinstance(each, ChartSource)]
    jobs = 1 if len(sources) == 1 else options.jobs
    results = spread.spread(work, sources, jobs=jobs, lost=partial(one_chart.lost, wishes=wishes))
    with _bar(results, len(sources)) as shown:
        done = iter(list(shown))
    outcomes = [
        next(done)
        if isinstance(each, ChartSource)
        else one_chart.failed(each.problem, wishes, file=each.file, line=each.line)
        for each in found
    ]
    if out is not None:
        _write_outgoing(out, path, outcomes, many=many)
    if report_to is not None:
        _write_reports(report_to, outcomes, options.report, many=many)
    _print(outcomes, options, many=many)
    return _exit_code(outcomes, strict=options.strict)


def notes(source: Path, target: Path, options: Options) -> int:
    """De-identify the notes of a file; returns the exit code."""
    writing.require_other(target, source)
    lines = note_lines.lines_of(
        reading.content(source), options.question_time, explain=options.explain
    )
    written: list[note_lines.Done] = []
    done = spread.spread(note_lines.scrub, lines, jobs=options.jobs, lost=note_lines.lost)
    with _bar(done, len(lines)) as shown:
        for each in shown:
            if each.problem is not None:
                raise each.problem
            written.append(each)
    writing.write_whole(target, b"".join(each.body + b"\n" for each in written))
    held = [each for each in written if each.held]
    told = {
        "notes": len(written),
        "characters": sum(each.characters for each in written),
        "spans": sum(each.spans for each in written),
        "held": [{"line": each.line, "categories": list(each.held)} for each in held],
    }
    if options.as_json:
        click.echo(json_text.dumps(told).decode())
    else:
        click.echo(f"{told['notes']} notes, {told['characters']} characters, {told['spans']} spans")
        for each in held:
            click.echo(f"held  {source}:{each.line}: {', '.join(each.held)} left", err=True)
    return EXIT_CODE["refused"] if held else 0


def bundle(
    source: Path, target: Path, receipt: Path | None, key_file: Path | None, options: Options
) -> int:
    """De-identify one patient's Bundle; returns the exit code."""
    for written in (target, receipt):
        if written is not None:
            writing.require_other(written, source)
    if receipt is not None and receipt.absolute() == target.absolute():
        raise click.UsageError("the receipt and the outgoing Bundle need different files")
    wishes = _wishes(key_file, options)
    chart = charts.of_bytes(reading.content(source), several=True)
    outcome = one_chart.of_chart(chart, wishes, file=str(source))
    if outcome.state == "passed":
        if receipt is not None:
            writing.write_whole(receipt, json_text.dumps(outcome.receipt) + b"\n")
        writing.write_whole(target, outcome.outgoing)
    _print([outcome], options, many=False)
    return _exit_code([outcome], strict=False)


def _wishes(key_file: Path | None, options: Options) -> Wishes:
    return Wishes(
        policy_id=options.policy_id,
        question_time=options.question_time,
        key=keys.run_key(key_file),
        report=options.report,
        explain=options.explain,
        show_phi=options.show_phi,
        consent=options.consent,
    )


def _may_show(options: Options) -> None:
    if options.as_json or not sys.stdout.isatty():
        raise click.UsageError("--show-phi prints to a terminal only, and not as JSON")


def _note_in_audit(path: Path) -> None:
    """Write who looks at which file before anything is shown; no audit, no values."""
    database = programs.open_existing(settings.load(), "gateway")
    try:
        programs.require_schema(database, "gateway")
        named = path.read_bytes() if path.is_file() else str(path.absolute()).encode()
        digest = hashlib.sha256(named).hexdigest()
        with database.transaction() as session:
            audit.append(
                session, event="cli.phi_shown", actor=f"os:{getpass.getuser()}", subject=digest
            )
    finally:
        database.dispose()


def _check_targets(path: Path, out: Path | None, options: Options, *, many: bool) -> Path | None:
    """Refuse targets that would mix what leaves with what stays, or replace the input."""
    if options.report_to is not None and not options.report:
        raise click.UsageError("--report-to needs --report")
    if not options.report:
        report_to = None
    else:
        name = _REPORT if many else f"{_REPORT}.{options.report}"
        report_to = options.report_to or Path(name)
    for target in (out, report_to):
        if target is not None:
            writing.require_other(target, path)
    if out is not None and path.is_dir():
        writing.require_empty(out)
    if out is not None and report_to is not None:
        _keep_apart(out.resolve(), report_to.resolve())
    return report_to


def _keep_apart(leaves: Path, stays: Path) -> None:
    """Refuse a report inside or around what leaves: a folder is copied whole."""
    if leaves == stays or leaves in stays.parents or stays in leaves.parents:
        raise click.UsageError("--out is for what leaves; the report must not stand there")


@contextmanager
def _bar(items: Iterable[Item], length: int) -> Iterator[Iterable[Item]]:
    """Show progress on standard error when that is a terminal and there is a wait."""
    if length == 1 or not sys.stderr.isatty():
        yield items
        return
    with click.progressbar(items, length=length, label="de-identifying", file=sys.stderr) as bar:
        yield bar


def _print(outcomes: Sequence[Outcome], options: Options, *, many: bool) -> None:
    if options.as_json:
        words.print_json(outcomes, many=many)
        return
    for outcome in outcomes:
        if many or outcome.state == "failed":
            words.print_line(outcome)
        else:
            words.print_one(outcome)
        words.print_removals(outcome.removals)
        words.print_changes(outcome.changes)


def _write_outgoing(out: Path, path: Path, outcomes: Sequence[Outcome], *, many: bool) -> None:
    """Write what passed; a held or failed chart leaves no file and no line."""
    passed = [each for each in outcomes if each.state == "passed"]
    if path.is_dir():
        writing.private_folder(out)
        for number, outcome in enumerate(outcomes, start=1):
            if outcome.state == "passed":
                writing.write_whole(out / f"{number:04d}{_CASE_SUFFIX}", outcome.outgoing)
        click.echo(f"wrote {len(passed)} cases to {out}", err=True)
    elif many or passed:
        writing.write_whole(out, b"".join(each.outgoing for each in passed))
        click.echo(f"wrote {out}", err=True)


def _write_reports(to: Path, outcomes: Sequence[Outcome], form: str, *, many: bool) -> None:
    written = {at: each.report for at, each in enumerate(outcomes) if each.report}
    if not many:
        for body in written.values():
            writing.write_whole(to, body)
    else:
        writing.private_folder(to)
        links = {at: f"{at + 1:04d}.{form}" for at in written}
        for at, body in written.items():
            writing.write_whole(to / links[at], body)
        if form == "html":
            writing.write_whole(to / "index.html", report_page.render_index(outcomes, links))
    if written:
        click.echo(f"wrote {to}\nWARNING: {report_page.WARNING}", err=True)


def _exit_code(outcomes: Sequence[Outcome], *, strict: bool) -> int:
    """Return 0, or the code of the gravest outcome: refused before anything else."""
    kinds = {each.kind for each in outcomes if each.kind is not None}
    if strict and any(each.refused for each in outcomes):
        kinds.add("refused")
    if not kinds:
        return 0
    if "refused" in kinds:
        return EXIT_CODE["refused"]
    return max(EXIT_CODE[kind] for kind in kinds)
