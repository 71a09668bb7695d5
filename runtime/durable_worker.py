"""The worker process of durable work: the only code that launches the engine.

Part of the door to the durable-execution library; rooms import `runtime.durable`.
"""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.orm import Session

from runtime import clock, database, heartbeats, jobs, logs, schedules, tokens
from runtime.database import Database
from runtime.durable_client import (
    APPLICATION,
    APPLICATION_VERSION,
    QUEUE,
    SCHEMA,
    WORKFLOW,
    DurableClient,
    open_engine,
    quiet,
)
from runtime.durable_outcomes import JsonSerializer, failure_of, guarded, opened
from runtime.errors import code_of
from runtime.jobs import Failure, JobView
from runtime.log_events import Event
from runtime.retention import purge_expired


class Steps(Protocol):
    """What a workflow is given to do its work in steps."""

    def step(self, name: str, work: Callable[[], str | None]) -> str | None:
        """Do the work once and remember its result (an id or code, at most 1 KB).

        After a crash a finished step returns its stored result; an unfinished one runs
        again, so it looks before it repeats an effect. Errors end the attempt: do not
        catch them in the workflow.
        """
        ...


Workflow = Callable[[Steps, Mapping[str, str]], None]
Schedule = tuple[float, Callable[[], None]]
OnDead = Callable[[Session, JobView], None]


def _leave() -> None:
    os._exit(75)  # another worker has our work; nothing of ours may run on


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """How a worker keeps time; the defaults are for production."""

    threads: int = 8
    poll_seconds: float = 0.2
    beat_seconds: float = 5.0
    dead_after_seconds: float = 30.0
    sweep_seconds: float = 5.0
    retention_days: int = 30
    stop_seconds: int = 10
    on_dead: OnDead | None = None
    on_fenced: Callable[[], None] = _leave


class DurableWorker:
    """Runs jobs and periodic tasks of one program. One per process."""

    def __init__(
        self,
        target: Database,
        *,
        program: str,
        executor_id: str | None = None,
        workflows: Mapping[str, Workflow],
        schedules: Mapping[str, Schedule],
        options: WorkerOptions | None = None,
    ) -> None:
        """Take the workflows by job kind, and periodic tasks as (seconds, function).

        A random part is added to `executor_id`: two workers never share one by mistake.
        """
        self.executor_id = f"{executor_id or program}.{tokens.new_case_id()[:12]}"
        self._database = target
        self._program = program
        self._workflows = dict(workflows)
        self._schedules = dict(schedules)
        self._options = options or WorkerOptions()
        self._client = DurableClient(target)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._last_beat = clock.monotonic()
        self._launched: sa.Engine | None = None

    def start(self) -> None:
        """Begin to beat, take over what dead workers left, and take jobs."""
        with self._database.transaction() as session:
            heartbeats.begin(session, executor_id=self.executor_id, program=self._program)
        self._last_beat = clock.monotonic()
        self._launch()
        self._every("beat", self._options.beat_seconds, self._beat)
        self._every("sweep", self._options.sweep_seconds, self._sweep)
        self._shared("purge", 3600.0, self._purge)
        for name, (seconds, task) in self._schedules.items():
            self._shared(name, seconds, task)
        logs.emit(Event.WORKER_STARTED, executor=self.executor_id)

    def stop(self) -> None:
        """Take no more jobs, wait a little for running ones, leave the rest to others."""
        self._stopping.set()
        DBOS.destroy(
            destroy_registry=True, workflow_completion_timeout_sec=self._options.stop_seconds
        )
        for thread in self._threads:
            thread.join(timeout=self._options.stop_seconds)
        with self._database.transaction() as session:
            heartbeats.end(session, [self.executor_id])
            schedules.free(session, [self.executor_id])
        self._client.close()
        if self._launched is not None:
            self._launched.dispose()
        logs.emit(Event.WORKER_STOPPED, executor=self.executor_id)

    def run_forever(self) -> None:
        """Start, work until SIGTERM or SIGINT, stop."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        ended.wait()
        self.stop()

    def _launch(self) -> None:
        self._launched = open_engine(self._database)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_engine": self._launched,
                "system_database_url": self._database.url,
                "dbos_system_schema": SCHEMA,
                "serializer": JsonSerializer(),
                "executor_id": self.executor_id,
                "application_version": APPLICATION_VERSION,
                "max_executor_threads": self._options.threads + 8,
                "log_level": "WARNING",
                "enable_otlp": False,
            }
        )
        quiet()

        @DBOS.workflow(name=WORKFLOW)
        def run_job(kind: str, key: str, attempt: int) -> str:
            return self._run(kind, key, attempt)

        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._options.threads,
            polling_interval_sec=self._options.poll_seconds,
            on_conflict="always_update",
        )

    # one job

    def _run(self, kind: str, key: str, attempt: int) -> str:
        with logs.bind(job_kind=kind):
            began = clock.monotonic()
            with self._database.transaction() as session:
                starts = jobs.count_start(session, key)
            if starts > jobs.MAX_CRASHES:
                crashed = Failure(code="runtime.job_crashes", kind="invalid")
                return self._settle(key, attempt, crashed)  # no step: the stored ones stay valid
            if self._step("claim", lambda: self._claim(key, attempt)) != "go":
                return "skipped"
            failure = self._attempt(kind, key)
            ended = self._step("settle", lambda: self._settle(key, attempt, failure))
            if failure is None:
                duration = round((clock.monotonic() - began) * 1000)
                logs.emit(Event.JOB_DONE, kind=kind, attempt=attempt, duration_ms=duration)
            return ended

    def _attempt(self, kind: str, key: str) -> Failure | None:
        workflow = self._workflows.get(kind)
        if workflow is None:
            return Failure(code="runtime.job_kind_unknown", kind="misconfigured")
        with self._database.read() as session:
            view = jobs.find(session, key)
        if view is None:
            return Failure(code="runtime.job_missing", kind="not_found")
        return failure_of(lambda: workflow(_EngineSteps(self), view.args))

    def _step(self, name: str, work: Callable[[], str]) -> str:
        result: str = DBOS.run_step({"name": name}, work)
        return result

    def _claim(self, key: str, attempt: int) -> str:
        with self._database.transaction() as session:
            return "go" if jobs.claim(session, key, attempt) else "stop"

    def _settle(self, key: str, attempt: int, failure: Failure | None) -> str:
        with self._database.transaction() as session:
            if failure is None:
                jobs.finish(session, key, attempt)
                return "done"
            view = jobs.find(session, key)
            if view is None or view.attempt != attempt:
                return "settled before"
            delay = jobs.decide_delay(
                failure,
                attempt=attempt,
                tried_since=jobs.tried_since(session, key),
                now=clock.now(),
                jitter=jobs.jitter(),
            )
            if delay is None:
                return self._give_up(session, view, failure)
            self._client.put_back(session, view, reason=failure.code, delay_seconds=delay)
        logs.emit(
            Event.JOB_RETRY,
            kind=view.kind,
            code=failure.code,
            attempt=attempt,
            delay_seconds=round(delay),
        )
        return "put back"

    def _give_up(self, session: Session, view: JobView, failure: Failure) -> str:
        if jobs.give_up(session, view.key, view.attempt, reason=failure.code):
            if self._options.on_dead is not None:
                self._options.on_dead(session, view)
            logs.emit(Event.JOB_DEAD, kind=view.kind, code=failure.code, attempt=view.attempt)
        return "dead"

    def wait_until_heard(self) -> None:
        """Hold a step back while our beats do not arrive: we may have been declared dead."""
        while clock.monotonic() - self._last_beat > self._options.dead_after_seconds / 2:
            if self._stopping.wait(0.1):
                return

    # background

    def _beat(self) -> None:
        with self._database.transaction() as session:
            heard = heartbeats.beat(session, self.executor_id)
        if heard:
            self._last_beat = clock.monotonic()
        elif not self._stopping.is_set():
            logs.emit(Event.WORKER_FENCED, executor=self.executor_id)
            self._options.on_fenced()

    def _sweep(self) -> None:
        silent = self._options.dead_after_seconds
        self._client.resume_orphans(self._database, silent_seconds=silent, own=self.executor_id)
        self._client.restart_lost(self._database)

    def _purge(self) -> None:
        days = self._options.retention_days
        count = self._client.delete_finished(days=days)
        with self._database.transaction() as session:
            count += jobs.purge(session, before=clock.now() - timedelta(days=days))
            count += purge_expired(session)
        database.optimize(self._database)
        logs.emit(Event.WORK_PURGED, count=count)

    def _shared(self, name: str, seconds: float, task: Callable[[], None]) -> None:
        """Run a task on whichever worker takes it first when its time has come."""

        def run_when_due() -> None:
            with self._database.transaction() as session:
                mine = schedules.claim(session, name, owner=self.executor_id)
            if not mine:
                return
            try:
                task()
            finally:
                with self._database.transaction() as session:
                    schedules.release(session, name, owner=self.executor_id, period_seconds=seconds)

        self._every(name, min(seconds, 1.0), run_when_due)

    def _every(self, name: str, seconds: float, task: Callable[[], None]) -> None:
        def loop() -> None:
            while not self._stopping.is_set():
                try:
                    task()
                except Exception as error:  # noqa: BLE001  (a task that fails runs again)
                    logs.emit(
                        Event.SCHEDULE_FAILED,
                        schedule=name,
                        code=code_of(error),
                        exception=type(error).__name__,
                        place=logs.place_of(error),
                    )
                self._stopping.wait(seconds)

        thread = threading.Thread(target=loop, name=f"confer-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)


class _EngineSteps:
    """Steps on the real engine."""

    def __init__(self, worker: DurableWorker) -> None:
        self._worker = worker

    def step(self, name: str, work: Callable[[], str | None]) -> str | None:
        def run() -> str:
            self._worker.wait_until_heard()
            return guarded(name, work)

        stored: str = DBOS.run_step({"name": name}, run)
        return opened(stored)
