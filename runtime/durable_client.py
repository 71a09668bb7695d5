"""Accepting, canceling and showing durable work; the side of web processes.

Part of the door to the durable-execution library; rooms import `runtime.durable`.
"""

import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from runtime import clock, database, heartbeats, jobs, logs, schedules
from runtime.database import Database
from runtime.durable_outcomes import JsonSerializer
from runtime.jobs import JobState, JobView
from runtime.log_events import Event

# Raise by hand when steps are added, removed or reordered in any workflow, and drain first:
# stop enqueueing, let the old worker finish, start the new one.
APPLICATION_VERSION = "1"
APPLICATION = "confer"
SCHEMA = "dbos"
QUEUE = "confer"
WORKFLOW = "confer.job"
_FINISHED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_LOST_AFTER = timedelta(seconds=60)
_PURGE_PAGE = 500


def prepare(target: Database) -> None:
    """Create or migrate the engine's own tables; needed once before anybody enqueues."""
    quiet()
    DBOS.migrate(target.url, schema=SCHEMA)


class DurableClient:
    """Accepts, cancels and shows jobs. Web processes use it; it runs nothing."""

    def __init__(self, target: Database) -> None:
        """Use the program's database; `prepare` has been called on it."""
        quiet()
        self._engine = open_engine(target)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=SCHEMA,
            serializer=JsonSerializer(),
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    def enqueue(
        self,
        session: Session,
        *,
        kind: str,
        key: str,
        args: Mapping[str, str],
        delay_seconds: float = 0.0,
    ) -> None:
        """Accept a job in the caller's transaction; a key that exists already is no error.

        `args` are opaque ids, at most 1 KB together. Raises `JobInvalid`.
        """
        if jobs.add(session, kind=kind, key=key, args=args, delay_seconds=delay_seconds):
            self._start(session, kind=kind, key=key, attempt=0, delay_seconds=delay_seconds)

    def cancel(self, session: Session, *, key: str) -> bool:
        """Cancel a waiting job in the caller's transaction; False when it is too late."""
        return jobs.cancel(session, key)

    def retry(self, session: Session, *, key: str) -> bool:
        """Try a dead letter again now; False when the job is not dead."""
        view = jobs.revive(session, key)
        if view is None:
            return False
        self._start(session, kind=view.kind, key=key, attempt=view.attempt, delay_seconds=0.0)
        return True

    def job(self, session: Session, *, key: str) -> JobView | None:
        """Return one job, or None."""
        return jobs.find(session, key)

    def jobs(self, session: Session, *states: JobState, limit: int = 200) -> list[JobView]:
        """Return jobs, last changed first; all states when none is named."""
        return jobs.in_state(session, *states, limit=limit)

    def dead_letters(self, session: Session) -> list[JobView]:
        """Return the jobs that were given up and wait for a person."""
        return jobs.in_state(session, "dead")

    def waiting_for(self, session: Session, *, reason: str) -> list[JobView]:
        """Return jobs that wait because their last attempt ended for this reason."""
        return jobs.waiting_for(session, reason)

    def hurry(self, session: Session, view: JobView) -> bool:
        """Try a waiting job now instead of at its next attempt; False when it has moved on."""
        # Claimed and put back in one transaction: the engine's earlier entry for the late
        # attempt finds it replaced and does nothing.
        if view.state != "waiting" or not jobs.claim(session, view.key, view.attempt):
            return False
        return self.put_back(session, view, reason="", delay_seconds=0.0)

    def put_back(
        self, session: Session, view: JobView, *, reason: str, delay_seconds: float
    ) -> bool:
        """End this attempt and accept the next; False when it was settled before."""
        if not jobs.put_back(session, view.key, view.attempt, reason=reason, delay=delay_seconds):
            return False
        self._start(
            session,
            kind=view.kind,
            key=view.key,
            attempt=view.attempt + 1,
            delay_seconds=delay_seconds,
        )
        return True

    def close(self) -> None:
        """Close the connections."""
        self._client.destroy()
        self._engine.dispose()

    def _start(
        self, session: Session, *, kind: str, key: str, attempt: int, delay_seconds: float
    ) -> None:
        options: dict[str, Any] = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": _workflow_id(key, attempt),
            "app_version": APPLICATION_VERSION,
        }
        if delay_seconds > 0:
            options["delay_seconds"] = delay_seconds
        self._client.enqueue_in_transaction(session, options, kind, key, attempt)  # type: ignore[arg-type]

    # for the worker

    def resume_orphans(self, target: Database, *, silent_seconds: float, own: str = "") -> int:
        """Take over what dead workers left running; return how many jobs.

        `own` is the worker that asks: it lives, however late its beat is.
        """
        # Running work first, living workers second: a worker writes its beat before it works.
        running = self._client.list_workflows(
            status="PENDING",
            application_name=APPLICATION,
            load_input=False,
            load_output=False,
        )
        with target.read() as session:
            silent = set(heartbeats.dead(session, silent_seconds=silent_seconds)) - {own}
            living = heartbeats.known(session) - silent
        orphans = [work for work in running if work.executor_id not in living]
        if orphans:
            ids = [work.workflow_id for work in orphans]
            self._client.resume_workflows(ids, queue_name=QUEUE)
        if orphans or silent:
            owners = silent | {str(work.executor_id) for work in orphans}
            with target.transaction() as session:
                heartbeats.end(session, owners)
                schedules.free(session, owners)
            for owner in sorted(owners):
                taken = sum(work.executor_id == owner for work in orphans)
                logs.emit(Event.WORK_RESUMED, executor=owner, count=taken)
        return len(orphans)

    def restart_lost(self, target: Database) -> int:
        """Put back jobs whose engine record ended or vanished without settling them."""
        limit = clock.now() - _LOST_AFTER
        with target.read() as session:
            open_jobs = jobs.in_state(session, "running", "waiting", limit=1000)
        late = [view for view in open_jobs if max(view.changed_at, view.due_at) < limit]
        if not late:
            return 0
        ids = {_workflow_id(view.key, view.attempt): view for view in late}
        found = {
            work.workflow_id: work.status
            for work in self._client.list_workflows(
                workflow_ids=list(ids), load_input=False, load_output=False
            )
        }
        restarted = 0
        for workflow_id, view in ids.items():
            if found.get(workflow_id, "ERROR") in _FINISHED:
                with target.transaction() as session:
                    jobs.claim(session, view.key, view.attempt)
                    reason = "runtime.job_lost"
                    restarted += self.put_back(session, view, reason=reason, delay_seconds=0.0)
        return restarted

    def delete_finished(self, *, days: int) -> int:
        """Delete the engine's records of work that ended more than `days` ago."""
        limit = (clock.now() - timedelta(days=days)).isoformat()
        old = self._client.list_workflows(
            status=list(_FINISHED),
            completed_before=limit,
            limit=_PURGE_PAGE,
            load_input=False,
            load_output=False,
        )
        if old:
            self._client.delete_workflows([work.workflow_id for work in old])
        return len(old)


def _workflow_id(key: str, attempt: int) -> str:
    return f"{key}#{attempt}"


def open_engine(target: Database) -> sa.Engine:
    """Make an engine as the library expects it: on SQLite the driver begins transactions."""
    if target.dialect == "postgresql":
        return sa.create_engine(
            target.url,
            hide_parameters=True,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            connect_args=database.postgres_connect_args(),
        )
    engine = sa.create_engine(target.url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare_connection(connection: Any, _record: object) -> None:
        # Any: the driver's connection.
        connection.isolation_level = "IMMEDIATE"
        database.set_sqlite_pragmas(connection)

    return engine


def quiet() -> None:
    """Let the library's log go the way of all library logs: without its text."""
    library = logging.getLogger("dbos")  # noqa: TID251  (to silence it, not to write to it)
    for handler in list(library.handlers):
        with contextlib.suppress(ValueError):
            library.removeHandler(handler)
    library.addHandler(logging.NullHandler())
    library.propagate = True
    library.setLevel(logging.WARNING)
