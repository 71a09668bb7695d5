"""Runs accepted jobs at once and in this process: the engine's rules without the engine.

For tests of rooms: accept with the real `DurableClient`, then `run_waiting`. Steps are
remembered per job and attempt, failures are decided as in production.
"""

from collections.abc import Callable, Mapping

from runtime import clock, jobs
from runtime.database import Database
from runtime.durable import DurableClient, Workflow
from runtime.durable_outcomes import failure_of, guarded, opened


class RememberedSteps:
    """Steps whose results are kept in a dict, as text, like the engine keeps them."""

    def __init__(self, stored: dict[str, str] | None = None) -> None:
        self.stored = {} if stored is None else stored
        self._count = 0

    def step(self, name: str, work: Callable[[], str | None]) -> str | None:
        self._count += 1
        place = f"{self._count} {name}"
        if place not in self.stored:
            self.stored[place] = guarded(name, work)
        return opened(self.stored[place])


def run_waiting(
    database: Database,
    client: DurableClient,
    workflows: Mapping[str, Workflow],
    *,
    also_delayed: bool = False,
) -> dict[str, str]:
    """Run every job that waits (with `also_delayed`, not only those that are due), once.

    Returns the state each one ended in: done, waiting (to be tried again) or dead.
    """
    with database.read() as session:
        waiting = client.jobs(session, "waiting")
    ended = {}
    for view in sorted(waiting, key=lambda view: (view.created_at, view.key)):
        if view.due_at > clock.now() and not also_delayed:
            continue
        with database.transaction() as session:
            if not jobs.claim(session, view.key, view.attempt):
                continue
        workflow, steps = workflows[view.kind], RememberedSteps()
        failure = failure_of(
            lambda workflow=workflow, steps=steps, view=view: workflow(steps, view.args)  # type: ignore[misc]
        )
        ended[view.key] = _settle(database, client, view, failure)
    return ended


def _settle(
    database: Database,
    client: DurableClient,
    view: jobs.JobView,
    failure: jobs.Failure | None,
) -> str:
    with database.transaction() as session:
        if failure is None:
            jobs.finish(session, view.key, view.attempt)
            return "done"
        delay = jobs.decide_delay(
            failure,
            attempt=view.attempt,
            tried_since=jobs.tried_since(session, view.key),
            now=clock.now(),
            jitter=0.5,
        )
        if delay is None:
            jobs.give_up(session, view.key, view.attempt, reason=failure.code)
            return "dead"
        client.put_back(session, view, reason=failure.code, delay_seconds=delay)
        return "waiting"
