"""The gateway's durable work: send, file, acknowledge, decide; and the poll.

Arguments are opaque ids. Each use case looks before it repeats an effect, so a job that is
run again after a crash does no harm. An error of kind `upstream_down` (such as `TryLater`)
puts a job back; the engine reads the kind.
"""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from runtime.durable import JobView, Steps, Workflow
from smartapp.gateway.acknowledge import acknowledge
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.park_dead_job import park_dead_job
from smartapp.gateway.record_decision import send_decision
from smartapp.gateway.send_case import send_case
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.sweep import park_overdue, sweep
from smartapp.gateway.wake_waiting import wake_waiting
from smartapp.gateway.watch_sent import park_silent

SWEEP_SECONDS = 300.0
OVERDUE_SECONDS = 15.0


def workflows(services: GatewayServices) -> Mapping[str, Workflow]:
    """The workflows of `confer work gateway`, by kind."""

    def send(steps: Steps, args: Mapping[str, str]) -> None:
        services.failpoint("before_send")
        steps.step("send", lambda: send_case(services, args["submission"]))

    def file(steps: Steps, args: Mapping[str, str]) -> None:
        steps.step("file", lambda: file_answer(services, args["case"], args["opinion"]))

    def close(steps: Steps, args: Mapping[str, str]) -> None:
        steps.step("acknowledge", lambda: acknowledge(services, args["case"], args["opinion"]))

    def decide(steps: Steps, args: Mapping[str, str]) -> None:
        steps.step("decide", lambda: send_decision(services, args["case"]))

    return {"send": send, "file": file, "acknowledge": close, "decide": decide}


def schedules(
    services: GatewayServices, *, poll_seconds: float
) -> Mapping[str, tuple[float, Callable[[], None]]]:
    """The periodic tasks of `confer work gateway`: name -> (seconds, task)."""

    def collect() -> None:
        collect_answers(services)

    def tidy() -> None:
        sweep(services)

    def overdue() -> None:
        wake_waiting(services)
        park_overdue(services)
        park_silent(services)

    return {
        "collect": (poll_seconds, collect),
        "overdue": (OVERDUE_SECONDS, overdue),
        "sweep": (SWEEP_SECONDS, tidy),
    }


def on_dead(session: Session, job: JobView) -> None:
    """In the transaction that gives a job up: its case waits for a person."""
    park_dead_job(session, kind=job.kind, args=job.args)
