"""confer deid: what would leave of charts and notes, and why the rest would not."""

from datetime import datetime
from pathlib import Path

import click

from confer import deid_run
from confer.deidentify import spread
from confer.deidentify.outcome import ReportFormat
from confer.deidentify.words import Options, categories
from deid.policy import POLICIES
from runtime import clock

_PATH = "path"
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_TARGET = click.Path(path_type=Path, dir_okay=False)
_HELP = ("-h", "--help")


class PathOrVerb(click.Group):
    """A group whose first word is one of its verbs, or else a PATH.

    Only a verb written exactly so is a verb; a file of that name is written `./notes`.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb in front where the user named a path or an option first."""
        if args and args[0] not in self.commands and args[0] not in _HELP:
            args = [_PATH, *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb; any other word is a path, so the command for paths."""
        return super().get_command(ctx, cmd_name) or self.commands[_PATH]


class Time(click.ParamType[datetime]):
    """A time of day with date; without a zone it is in this machine's own."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read ISO 8601."""
        try:
            read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("not a time as in 2026-11-24T08:30:00+01:00", param, ctx)
        return read if read.tzinfo else read.astimezone()


_policy = click.option(
    "--policy", "policy_id", type=click.Choice(sorted(POLICIES)), default="safe-harbor",
    show_default=True, help="Which rules decide.",
)  # fmt: skip
_at = click.option(
    "--at", type=Time(), help="The time of the question, from which dates count. Default: now."
)
_key = click.option(
    "--key-file", type=_FILE,
    help="32 bytes or more. The same file, time and input give the same bytes again. Default: "
    "a random key that is forgotten.",
)  # fmt: skip
_consent = click.option(
    "--consent", multiple=True, type=click.Choice(sorted(categories())), metavar="CATEGORY",
    help="Consent exists for this sensitive category, so it may leave. Repeat for several. "
    "Without it, what needs consent is left out.",
)  # fmt: skip
_explain = click.option(
    "--explain", is_flag=True, help="Name the rule and the line it is written on, per removal."
)
_jobs = click.option(
    "--jobs", type=click.IntRange(1, 64), help="How many processes. Default: one per core."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group(cls=PathOrVerb, options_metavar="", subcommand_metavar="PATH|VERB [OPTIONS]...")
def command() -> None:
    """Say what would leave of a chart, write it, and report on it. Nothing is sent anywhere.

    PATH is a FHIR chart in JSON, a folder of them, or NDJSON: see `confer deid path --help`.
    A file that is called like a verb is written with its folder: ./notes.
    """


@command.command(_PATH)
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@_policy
@click.option("--out", type=click.Path(path_type=Path), help="Write what would leave there.")
@click.option(
    "--report", type=click.Choice(["html", "json"]),
    help="Write both sides for a privacy officer. It holds the patient's identity.",
)  # fmt: skip
@click.option(
    "--report-to", type=click.Path(path_type=Path),
    help="Where the report goes. Default: confer-deid-report.html here, or a folder.",
)  # fmt: skip
@_explain
@_consent
@_at
@_key
@_jobs
@_json
@click.option("--strict", is_flag=True, help="Exit 4 also when a part of a chart was refused.")
@click.option(
    "--show-phi",
    is_flag=True,
    help="Print the removed words, too: on a terminal only, and noted in the gateway's audit.",
)
def path_command(  # noqa: PLR0913 - one argument per option
    *,
    path: Path,
    policy_id: str,
    out: Path | None,
    report: ReportFormat | None,
    report_to: Path | None,
    explain: bool,
    consent: tuple[str, ...],
    at: datetime | None,
    key_file: Path | None,
    jobs: int | None,
    as_json: bool,
    strict: bool,
    show_phi: bool,
) -> None:
    """Say what would leave of the charts at PATH, as if all of them were sent now.

    PATH is a FHIR Bundle of one patient (JSON, or JSON in gzip), a C-CDA document, a folder of
    them, or NDJSON: a Bundle a line, or the resources of an export, which are put together
    patient by patient.
    Counts, places and rule names are printed, never a value. With --out: one chart becomes a
    file, NDJSON becomes NDJSON, a folder becomes a new folder; names of files are not kept.

    Exit 0 when every chart passed, 4 when the last check held one back or one was refused, 2
    when something could not be read. The other charts are done all the same.
    """
    options = Options(
        policy_id=policy_id, question_time=at or clock.now().astimezone(), explain=explain,
        jobs=jobs or spread.cores(), as_json=as_json, report=report or "", report_to=report_to,
        show_phi=show_phi, strict=strict, consent=frozenset(consent),
    )  # fmt: skip
    raise SystemExit(deid_run.paths(path, out, key_file, options))


@command.command("notes")
@click.argument("source", metavar="IN.jsonl", type=_FILE)
@click.argument("target", metavar="OUT.jsonl", type=_TARGET)
@_explain
@_at
@_jobs
@_json
def notes_command(
    *,
    source: Path,
    target: Path,
    explain: bool,
    at: datetime | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """De-identify notes, for measuring: a line {id, text, chart} becomes {id, spans, text}.

    The chart may be absent; else it is resources, a Bundle, or resources by name. A span is
    {start, end, category, confidence} in code points of the note. A line in which a known
    identifier is left says where it is held and has no text (exit 4). Nothing is written when
    a line cannot be read (exit 2).
    """
    options = Options(
        policy_id="", question_time=at or clock.now().astimezone(), explain=explain,
        jobs=jobs or spread.cores(), as_json=as_json,
    )  # fmt: skip
    raise SystemExit(deid_run.notes(source, target, options))


@command.command("bundle")
@click.argument("source", metavar="IN.json", type=_FILE)
@click.argument("target", metavar="OUT.json", type=_TARGET)
@_policy
@click.option("--receipt", type=_TARGET, help="Write the receipt there.")
@_explain
@_consent
@_at
@_key
@_json
def bundle_command(  # noqa: PLR0913 - one argument per option
    *,
    source: Path,
    target: Path,
    policy_id: str,
    receipt: Path | None,
    explain: bool,
    consent: tuple[str, ...],
    at: datetime | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Write what would leave of one patient's Bundle: collection, searchset or transaction.

    The first Patient is the subject; names of other patients are removed, and they are not
    sent. Nothing is written when the last check holds the case (exit 4) or the file cannot be
    read (exit 2).
    """
    options = Options(
        policy_id=policy_id, question_time=at or clock.now().astimezone(), explain=explain,
        jobs=1, as_json=as_json, consent=frozenset(consent),
    )  # fmt: skip
    raise SystemExit(deid_run.bundle(source, target, receipt, key_file, options))
