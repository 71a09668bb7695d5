"""A worker process that dies by kill -9 at a chosen point, and the world its steps act on."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from runtime.database import Database, open_database
from runtime.durable import DurableWorker, Steps, WorkerOptions
from runtime.tables import HeartbeatRow

STEPS = ("one", "two", "three")
POINTS = tuple(f"{place} {step}" for step in STEPS for place in ("before", "early", "late"))
AT_THE_END = "after three"


@dataclass(frozen=True)
class Plan:
    """Where a worker kills itself: a job and a point, or nowhere."""

    url: str
    world: Path
    job: str = ""
    point: str = ""
    from_elsewhere: bool = False


def make_world(path: Path) -> None:
    """Create the outside system: every call is noted, an effect happens once per key."""
    with _world(path) as world:
        world.execute("PRAGMA journal_mode=WAL")
        world.execute("CREATE TABLE call (job TEXT, step TEXT, stored_before INTEGER)")
        world.execute("CREATE TABLE effect (idempotency_key TEXT PRIMARY KEY)")


def read_world(path: Path) -> tuple[list[tuple[str, str, int]], set[str]]:
    """Return all calls (job, step, whether the step's result was stored already) and effects."""
    with _world(path) as world:
        calls = world.execute("SELECT job, step, stored_before FROM call").fetchall()
        effects = {key for (key,) in world.execute("SELECT idempotency_key FROM effect")}
    return calls, effects


def run(plan: Plan) -> None:
    """Work until killed; the process's main function."""
    database = open_database(plan.url)
    worker = DurableWorker(
        database,
        program="chaos",
        workflows={"three": lambda steps, args: _three(database, plan, steps, args)},
        schedules={},
        options=WorkerOptions(
            threads=4,
            poll_seconds=0.05,
            beat_seconds=0.3,
            dead_after_seconds=5.0,
            sweep_seconds=0.3,
            stop_seconds=5,
        ),
    )
    if plan.from_elsewhere:
        _pretend_other_machine(database, worker)
    worker.run_forever()


def _three(database: Database, plan: Plan, steps: Steps, args: Mapping[str, str]) -> None:
    job = args["job"]

    def reach(point: str) -> None:
        if (job, point) == (plan.job, plan.point):
            os.kill(os.getpid(), signal.SIGKILL)

    def act(step: str) -> str:
        stored = _is_stored(database, job, step)
        with _world(plan.world) as world:
            world.execute("INSERT INTO call VALUES (?, ?, ?)", (job, step, stored))
        reach(f"early {step}")
        with _world(plan.world) as world:
            world.execute("INSERT OR IGNORE INTO effect VALUES (?)", (f"{job}/{step}",))
        reach(f"late {step}")
        return f"{job}/{step}"

    for step in STEPS:
        reach(f"before {step}")
        result = steps.step(step, lambda step=step: act(step))  # type: ignore[misc]
        if result != f"{job}/{step}":
            raise AssertionError("a step returned another step's result")
    reach(AT_THE_END)


def _is_stored(database: Database, job: str, step: str) -> int:
    table = "operation_outputs" if database.dialect == "sqlite" else "dbos.operation_outputs"
    query = f"SELECT count(*) FROM {table} WHERE workflow_uuid = :id AND function_name = :step"  # noqa: S608
    with database.read() as session:
        found = session.scalar(sa.text(query), {"id": f"{job}#0", "step": step})
    return int(found or 0)


def _pretend_other_machine(database: Database, worker: DurableWorker) -> None:
    # Its process cannot be looked up then: only silence tells that it died.
    start = worker.start

    def start_elsewhere() -> None:
        start()
        with database.transaction() as session:
            session.execute(
                sa.update(HeartbeatRow)
                .where(HeartbeatRow.executor_id == worker.executor_id)
                .values(machine="elsewhere")
            )

    worker.start = start_elsewhere  # type: ignore[method-assign]


@contextlib.contextmanager
def _world(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
