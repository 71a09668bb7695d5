"""The demo as a visitor starts it: the real command, real processes, a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confer.demo_plan import DemoPlan
from confer.supervisor import answers
from tests.support.ports import free_ports

_START_SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class AutoRun:
    """What one `demo --auto` printed and how it ended."""

    exit_code: int
    summary: Mapping[str, Any]
    progress: str


def _arguments(folder: Path, ports: list[int]) -> list[str]:
    names = ("--ehr-port", "--gateway-port", "--consult-port")
    pairs = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    return [sys.executable, "-m", "confer", "demo", "--data", str(folder), *pairs]


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "PYTHONWARNINGS": "default", **(extra or {})}


def run_auto(
    folder: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    ports: list[int] | None = None,
    seconds: int = 150,
) -> AutoRun:
    """Run `confer demo --auto` to its end."""
    done = subprocess.run(
        [*_arguments(folder, ports or free_ports(3)), "--auto", *options],
        capture_output=True,
        text=True,
        timeout=seconds,
        env=_environment(environment),
        check=False,
    )
    summary = json.loads(done.stdout) if done.stdout.strip() else {}
    return AutoRun(exit_code=done.returncode, summary=summary, progress=done.stderr)


@contextmanager
def running(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[DemoPlan]:
    """The demo, up and running; stopped as by Ctrl-C at the end."""
    ports = free_ports(3)
    plan = DemoPlan(
        folder=folder,
        ehr_url=f"http://localhost:{ports[0]}",
        gateway_url=f"http://127.0.0.1:{ports[1]}",
        consult_url=f"http://127.0.0.1:{ports[2]}",
    )
    log = folder.parent / "demo-output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_arguments(folder, ports), *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(environment),
        )
    try:
        _wait_until_ready(process, plan, log)
        yield plan
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], plan: DemoPlan, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    urls = [program.ready_url for program in plan.programs() if program.ready_url]
    while not all(answers(url) for url in urls):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the demo did not start:\n{log.read_text()}")
        time.sleep(0.2)
