"""Who is alive: workers beat into a table, and silent ones are named dead.

A worker on this very machine whose process is gone is dead at once; elsewhere silence
decides. A worker that finds its own row gone was declared dead and must leave.
"""

import os
import socket
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from runtime import clock
from runtime.tables import HeartbeatRow


def machine() -> str:
    """Name the space in which process ids are comparable (boot and pid namespace)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return f"host:{socket.gethostname()[:80]}"
    return f"linux:{boot}:{namespace}"


def begin(session: Session, *, executor_id: str, program: str) -> None:
    """Write the first beat, before any work is taken."""
    moment = clock.now()
    session.add(
        HeartbeatRow(
            executor_id=executor_id,
            program=program,
            machine=machine(),
            pid=os.getpid(),
            started_at=moment,
            beat_at=moment,
        )
    )
    session.flush()


def beat(session: Session, executor_id: str) -> bool:
    """Renew the beat; False when the row is gone: somebody declared this worker dead."""
    result = session.execute(
        update(HeartbeatRow)
        .where(HeartbeatRow.executor_id == executor_id)
        .values(beat_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


def end(session: Session, executor_ids: Collection[str]) -> None:
    """Remove rows of workers that have stopped or whose work was taken over."""
    session.execute(delete(HeartbeatRow).where(HeartbeatRow.executor_id.in_(executor_ids)))


def dead(session: Session, *, silent_seconds: float) -> list[str]:
    """Return the executors whose process is gone, or that were silent for too long."""
    limit = clock.now() - timedelta(seconds=silent_seconds)
    here = machine()
    return [
        row.executor_id
        for row in session.scalars(select(HeartbeatRow))
        if row.beat_at < limit or (row.machine == here and not _runs(here, row.pid))
    ]


def known(session: Session) -> set[str]:
    """Return all executors that have a row."""
    return set(session.scalars(select(HeartbeatRow.executor_id)))


def _runs(here: str, pid: int) -> bool:
    if not here.startswith("linux:"):
        return True  # cannot tell; silence decides
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] != "Z"
