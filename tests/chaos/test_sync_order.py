"""An accepted job is on the disk before anybody is told: kill -9 alone cannot show it.

The order of system calls does: between the start of the transaction and the word that it
was accepted there is a sync of the write-ahead log. Needs strace.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

_PROGRAM = """
import os, sys
import sqlalchemy as sa
from runtime import durable
from runtime.database import create_tables, open_database
from runtime.durable import DurableClient
from runtime.tables import RuntimeBase

database = open_database(sys.argv[1])
create_tables(database, RuntimeBase.metadata)
durable.prepare(database)
client = DurableClient(database)
for number in range(20):
    os.write(1, b"BEGIN\\n")
    with database.transaction() as session:
        if sys.argv[2] == "weak":
            session.connection().connection.driver_connection.rollback()
            session.connection().exec_driver_sql("PRAGMA synchronous=NORMAL")
            session.connection().exec_driver_sql("BEGIN IMMEDIATE")
        client.enqueue(session, kind="k", key=f"job-{number}", args={})
    os.write(1, b"ACCEPTED\\n")
"""


def _acceptances_without_sync(folder: Path, mode: str) -> int:
    trace = folder / "trace"
    command = [sys.executable, "-c", _PROGRAM, f"sqlite:///{folder / 'a.db'}", mode]
    strace = ["strace", "-f", "-y", "-e", "trace=write,fsync,fdatasync", "-o", str(trace)]
    subprocess.run([*strace, *command], check=True, capture_output=True, timeout=120)
    synced, missing, accepted = False, 0, 0
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        if '"BEGIN\\n"' in line:
            synced = False
        elif re.search(r"f(data)?sync\(\d+<[^>]*-wal>", line):
            synced = True
        elif '"ACCEPTED\\n"' in line:
            accepted += 1
            missing += not synced
    assert accepted == 20
    return missing


def test_every_acceptance_is_synced_first(tmp_path: Path) -> None:
    assert _acceptances_without_sync(tmp_path, "strict") == 0


def test_the_check_notices_a_weaker_setting(tmp_path: Path) -> None:
    assert _acceptances_without_sync(tmp_path, "weak") > 10
