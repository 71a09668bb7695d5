"""confer demo: the simulated EHR, the gateway, the consult server and their workers."""

import json
import signal
from pathlib import Path
from types import FrameType

import click

from confer.demo_plan import DemoPlan
from confer.supervisor import Supervisor, make_folder
from runtime import clock

_TEND_SECONDS = 0.5


@click.command()
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Folder for the databases, keys and logs.",
)
@click.option(
    "--fresh", is_flag=True, help="Delete what an earlier demo left in the folder, and start anew."
)
@click.option(
    "--auto",
    is_flag=True,
    help="Walk one case from launch to decision, print a JSON summary, and stop.",
)
@click.option("--ehr-port", default=8400, show_default=True, type=click.IntRange(1, 65535))
@click.option("--gateway-port", default=8401, show_default=True, type=click.IntRange(1, 65535))
@click.option("--consult-port", default=8402, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--persona",
    default="adela",
    show_default=True,
    help="With --auto: the patient to ask about.",
)
@click.option(
    "--send-delay",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="Seconds in which an approved case can be taken back; 0 with --auto.",
)
def command(  # noqa: PLR0913 - one argument per option
    *,
    folder: Path,
    fresh: bool,
    auto: bool,
    ehr_port: int,
    gateway_port: int,
    consult_port: int,
    persona: str,
    send_delay: float,
) -> None:  # fmt: skip
    """Run everything on this machine with synthetic patients. Ctrl-C stops all."""
    plan = DemoPlan(
        folder=folder.resolve(),
        ehr_url=f"http://localhost:{ehr_port}",
        gateway_url=f"http://127.0.0.1:{gateway_port}",
        consult_url=f"http://127.0.0.1:{consult_port}",
        auto=auto,
        send_delay_seconds=0.0 if auto else send_delay,
    )
    make_folder(plan.folder, fresh=fresh)
    supervisor = Supervisor(
        programs=plan.programs(),
        environment=plan.environment(),
        log_folder=plan.folder / "logs",
        notify=_say,
    )
    supervisor.check_ports()
    _stop_on_signals()
    try:
        plan.provision(_say)
        supervisor.start()
        if auto:
            _walk(plan, supervisor, persona)
        else:
            click.echo(plan.welcome())
            while True:
                clock.sleep(_TEND_SECONDS)
                supervisor.tend()
    finally:
        supervisor.stop()
        _say("all stopped")


def _walk(plan: DemoPlan, supervisor: Supervisor, persona: str) -> None:
    from confer.walker.loop import walk  # noqa: PLC0415 - only --auto needs it

    summary = walk(plan, persona=persona, say=_say, tend=supervisor.tend)
    click.echo(json.dumps(summary.as_json(), indent=2))
    if not summary.good:
        raise SystemExit(1)


def _say(text: str) -> None:
    click.echo(f"  {text}", err=True)


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise click.Abort

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
