"""Durable work through its facade, with a real worker in this process."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from runtime import clock, durable, heartbeats, jobs, readiness, schedules
from runtime.database import Database
from runtime.durable import DurableClient, DurableWorker, JobView, RetryLater, Steps, WorkerOptions
from runtime.errors import JobInvalid, JsonTextError, NotReady
from runtime.tables import HeartbeatRow, JobRow, RuntimeBase, ScheduleRow
from tests.support.databases import Schema
from tests.support.inline_jobs import RememberedSteps, run_waiting

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def schema() -> Schema:
    return Schema((RuntimeBase.metadata,), work=True)


@pytest.fixture
def client(database: Database) -> Iterator[DurableClient]:
    opened = DurableClient(database)
    yield opened
    opened.close()


@dataclass
class _Log:
    """What the workflows of these tests did."""

    done: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    fenced: list[str] = field(default_factory=list)


@pytest.fixture
def log() -> _Log:
    return _Log()


def _workflows(log: _Log) -> dict[str, durable.Workflow]:
    def good(steps: Steps, args: Mapping[str, str]) -> None:
        found = steps.step("find", lambda: f"id-{args['case']}")
        steps.step("act", lambda: log.done.append(f"{found}"))

    def later(steps: Steps, args: Mapping[str, str]) -> None:
        def work() -> str:
            raise RetryLater(reason="network.down", after_seconds=100)

        steps.step("try", work)

    def refused(steps: Steps, args: Mapping[str, str]) -> None:
        def work() -> str:
            raise JsonTextError(rule="canary")

        steps.step("try", work)

    def broken(steps: Steps, args: Mapping[str, str]) -> None:
        raise KeyError("canary")

    return {"good": good, "later": later, "refused": refused, "broken": broken}


@pytest.fixture
def worker(database: Database, client: DurableClient, log: _Log) -> Iterator[DurableWorker]:
    def note_death(_session: Session, view: JobView) -> None:
        log.dead.append(view.key)

    running = DurableWorker(
        database,
        program="test",
        workflows=_workflows(log),
        schedules={},
        options=WorkerOptions(
            poll_seconds=0.05,
            beat_seconds=0.2,
            sweep_seconds=0.2,
            stop_seconds=3,
            on_dead=note_death,
            on_fenced=lambda: log.fenced.append("fenced"),
        ),
    )
    running.start()
    yield running
    running.stop()


def _enqueue(database: Database, client: DurableClient, kind: str, key: str, **more: float) -> None:
    with database.transaction() as session:
        client.enqueue(session, kind=kind, key=key, args={"case": key}, **more)


def _wait(check: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = clock.monotonic() + seconds
    while not check():
        assert clock.monotonic() < ends, "did not happen in time"
        clock.sleep(0.05)


def _state(database: Database, client: DurableClient, key: str) -> str:
    with database.read() as session:
        view = client.job(session, key=key)
    return view.state if view is not None else "none"


def test_a_job_is_accepted_by_the_caller_s_commit_and_runs(
    database: Database, client: DurableClient, worker: DurableWorker, log: _Log
) -> None:
    _enqueue(database, client, "good", "a")
    _wait(lambda: _state(database, client, "a") == "done")
    _enqueue(database, client, "good", "a")
    clock.sleep(0.5)
    assert log.done == ["id-a"]


def test_failures_are_decided_by_their_kind_and_told(
    database: Database, client: DurableClient, worker: DurableWorker, log: _Log
) -> None:
    for kind in ("later", "refused", "broken", "unknown"):
        _enqueue(database, client, kind, kind)
    _wait(lambda: len(log.dead) == 2)
    _wait(lambda: min(_attempt(database, "later"), _attempt(database, "broken")) >= 1)
    with database.read() as session:
        found = {view.key: view for view in client.jobs(session)}
    # By now a job may already be on its next attempt; its last reason stays.
    assert {key: view.reason for key, view in found.items()} == {
        "later": "network.down",
        "broken": "bug.KeyError",
        "refused": "runtime.json_refused",
        "unknown": "runtime.job_kind_unknown",
    }
    assert (found["later"].due_at - found["later"].changed_at).total_seconds() > 99
    assert {key for key, view in found.items() if view.state == "dead"} == {"refused", "unknown"}
    assert sorted(log.dead) == ["refused", "unknown"]


def test_nothing_an_exception_said_or_an_argument_held_is_stored_by_the_engine(
    database: Database, client: DurableClient, worker: DurableWorker
) -> None:
    with database.transaction() as session:
        client.enqueue(session, kind="broken", key="b", args={"case": "canary-argument"})
    _wait(lambda: _attempt(database, "b") >= 1)
    prefix = "dbos." if database.dialect == "postgresql" else ""
    with database.read() as session:
        names = sa.inspect(database.engine).get_table_names(
            schema="dbos" if database.dialect == "postgresql" else None
        )
        engine_tables = [n for n in names if not n.startswith("runtime_")]
        stored = [
            str(row)
            for name in engine_tables
            for row in session.execute(sa.text(f'SELECT * FROM {prefix}"{name}"'))  # noqa: S608
        ]
    assert any("b#0" in row for row in stored)
    assert not any("canary" in row or "gASV" in row for row in stored)


def _attempt(database: Database, key: str) -> int:
    with database.read() as session:
        return session.scalar(sa.select(JobRow.attempt).where(JobRow.key == key)) or 0


def test_a_rolled_back_enqueue_leaves_nothing(database: Database, client: DurableClient) -> None:
    def enqueue_and_fail() -> None:
        with database.transaction() as session:
            client.enqueue(session, kind="good", key="a", args={})
            raise KeyError

    with pytest.raises(KeyError):
        enqueue_and_fail()
    assert _state(database, client, "a") == "none"
    table = "dbos.workflow_status" if database.dialect == "postgresql" else "workflow_status"
    with database.read() as session:
        assert session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


def test_a_waiting_job_can_be_canceled_in_a_transaction(
    database: Database, client: DurableClient, worker: DurableWorker, log: _Log
) -> None:
    _enqueue(database, client, "good", "a", delay_seconds=0.5)
    _enqueue(database, client, "good", "b")
    with database.transaction() as session:
        assert client.cancel(session, key="a")
        assert not client.cancel(session, key="a")
        assert not client.cancel(session, key="unknown")
    _wait(lambda: _state(database, client, "b") == "done")
    clock.sleep(1.5)
    assert _state(database, client, "a") == "canceled"
    assert log.done == ["id-b"]
    with database.transaction() as session:
        assert not client.cancel(session, key="b")


def test_a_dead_letter_can_be_tried_again(
    database: Database, client: DurableClient, worker: DurableWorker, log: _Log
) -> None:
    _enqueue(database, client, "refused", "a")
    _wait(lambda: log.dead == ["a"])
    with database.transaction() as session:
        assert [view.key for view in client.dead_letters(session)] == ["a"]
        assert client.retry(session, key="a")
        assert not client.retry(session, key="a")
    _wait(lambda: log.dead == ["a", "a"])


def test_a_job_whose_engine_record_vanished_is_put_back(
    database: Database, client: DurableClient
) -> None:
    _enqueue(database, client, "good", "a")
    table = "dbos.workflow_status" if database.dialect == "postgresql" else "workflow_status"
    assert client.restart_lost(database) == 0
    with database.transaction() as session:
        session.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608
        long_ago = clock.now() - timedelta(minutes=11)
        session.execute(sa.update(JobRow).values(changed_at=long_ago, due_at=long_ago))
    with pytest.raises(NotReady):
        readiness.nothing_waits_silently(database)
    assert client.restart_lost(database) == 1
    with database.read() as session:
        view = client.job(session, key="a")
        found = session.scalar(sa.text(f"SELECT workflow_uuid FROM {table}"))  # noqa: S608
    assert found == "a#1"
    assert view is not None
    assert (view.state, view.attempt, view.reason) == ("waiting", 1, "runtime.job_lost")
    readiness.nothing_waits_silently(database)


def test_a_job_that_keeps_killing_its_worker_becomes_a_dead_letter(
    database: Database, client: DurableClient, worker: DurableWorker, log: _Log
) -> None:
    _enqueue(database, client, "good", "a", delay_seconds=0.3)
    with database.transaction() as session:
        session.execute(sa.update(JobRow).values(starts=jobs.MAX_CRASHES))
    _wait(lambda: log.dead == ["a"])
    assert log.done == []


@pytest.mark.parametrize(
    ("kind", "key", "args"),
    [
        ("", "k", {}),
        ("good", "", {}),
        ("good", "a#1", {}),
        ("good", "k" * 141, {}),
        ("good", "k", {"text": "x" * 1100}),
        ("good", "k", {"n": 1}),
    ],
)
def test_a_job_carries_short_ids_only(
    database: Database, client: DurableClient, kind: str, key: str, args: dict[str, str]
) -> None:
    with pytest.raises(JobInvalid), database.transaction() as session:
        client.enqueue(session, kind=kind, key=key, args=args)


def test_a_worker_declared_dead_leaves(
    database: Database, worker: DurableWorker, log: _Log
) -> None:
    readiness.worker_beats(database)
    with database.transaction() as session:
        heartbeats.end(session, [worker.executor_id])
    _wait(lambda: bool(log.fenced))


def test_silence_or_a_gone_process_means_death(database: Database) -> None:
    with database.transaction() as session:
        for name in ("alive", "silent", "gone", "far"):
            heartbeats.begin(session, executor_id=name, program="test")
        long_ago = clock.now() - timedelta(seconds=60)
        change = sa.update(HeartbeatRow)
        session.execute(change.where(HeartbeatRow.executor_id == "silent").values(beat_at=long_ago))
        session.execute(change.where(HeartbeatRow.executor_id == "gone").values(pid=2**22 + 1))
        session.execute(
            change.where(HeartbeatRow.executor_id == "far").values(pid=2**22 + 1, machine="far")
        )
    with database.read() as session:
        assert sorted(heartbeats.dead(session, silent_seconds=30)) == ["gone", "silent"]


def test_a_periodic_task_belongs_to_one_worker_at_a_time(database: Database) -> None:
    with database.transaction() as session:
        assert schedules.claim(session, "poll", owner="one")
        assert not schedules.claim(session, "poll", owner="two")
        schedules.release(session, "poll", owner="two", period_seconds=0)
        assert not schedules.claim(session, "poll", owner="two")
        schedules.release(session, "poll", owner="one", period_seconds=60)
        assert not schedules.claim(session, "poll", owner="two")
        session.execute(sa.update(ScheduleRow).values(next_at=clock.now()))
        assert schedules.claim(session, "poll", owner="two")
        schedules.free(session, ["two"])
        assert schedules.claim(session, "poll", owner="one")


def test_a_periodic_task_that_fails_runs_again(database: Database, client: DurableClient) -> None:
    runs: list[int] = []

    def fail_first() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise KeyError("canary")

    worker = DurableWorker(
        database,
        program="test",
        workflows={},
        schedules={"poll": (0.1, fail_first)},
        options=WorkerOptions(stop_seconds=3),
    )
    worker.start()
    _wait(lambda: len(runs) >= 3)
    worker.stop()
    with database.read() as session:
        assert heartbeats.known(session) == set()
    with pytest.raises(NotReady):
        readiness.worker_beats(database)


def test_the_inline_runner_follows_the_same_rules(
    database: Database, client: DurableClient, log: _Log
) -> None:
    for kind in ("good", "later", "refused"):
        _enqueue(database, client, kind, kind)
    _enqueue(database, client, "good", "delayed", delay_seconds=60)
    assert run_waiting(database, client, _workflows(log)) == {
        "good": "done",
        "later": "waiting",
        "refused": "dead",
    }
    assert log.done == ["id-good"]


def test_a_remembered_step_is_not_done_again() -> None:
    stored: dict[str, str] = {}
    calls: list[int] = []
    for _ in range(2):
        assert RememberedSteps(stored).step("a", lambda: calls.append(1) or "x") == "x"
    assert calls == [1]


def test_a_job_whose_reason_to_wait_is_gone_is_tried_at_once(
    database: Database, client: DurableClient, worker: DurableWorker
) -> None:
    def attempt() -> int:
        with database.read() as session:
            found = client.waiting_for(session, reason="network.down")
        return found[0].attempt if found else 0

    _enqueue(database, client, "later", "w")
    _wait(lambda: attempt() == 1)
    with database.transaction() as session:
        (view,) = client.waiting_for(session, reason="network.down")
        assert client.waiting_for(session, reason="another") == []
        assert client.hurry(session, view)
        assert not client.hurry(session, view)
    _wait(lambda: attempt() == 3)
