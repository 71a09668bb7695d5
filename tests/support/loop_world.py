"""The demo's programs for tests that break them: provisioned once, copied for each test.

The programs know one another by address, so every test of a session uses the same ports.
"""

import atexit
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from confer.demo_plan import DemoPlan
from confer.supervisor import Program, Supervisor
from tests.support.demo import AutoRun, run_auto
from tests.support.ports import free_ports

_PROVISION = """
import sys
from pathlib import Path
from confer.demo_plan import DemoPlan
from confer.supervisor import make_folder
folder, *urls = sys.argv[1:]
make_folder(Path(folder), fresh=False)
DemoPlan(folder=Path(folder), ehr_url=urls[0], gateway_url=urls[1], consult_url=urls[2], auto=True,
         send_delay_seconds=0.0).provision(print)
"""


@dataclass(frozen=True, kw_only=True)
class LoopWorld:
    """A provisioned folder that is never run in, and the ports that it was made for."""

    template: Path
    ports: list[int]
    said: list[str] = field(default_factory=list)  # while it was provisioned

    def plan(self, folder: Path) -> DemoPlan:
        """The demo as `--auto` runs it, in another folder."""
        return DemoPlan(
            folder=folder,
            ehr_url=f"http://localhost:{self.ports[0]}",
            gateway_url=f"http://127.0.0.1:{self.ports[1]}",
            consult_url=f"http://127.0.0.1:{self.ports[2]}",
            auto=True,
            send_delay_seconds=0.0,
        )

    def copy(self, folder: Path) -> Path:
        """A fresh copy of the provisioned folder."""
        shutil.copytree(self.template, folder)
        return folder

    def run_auto(
        self, folder: Path, *options: str, environment: Mapping[str, str] | None = None
    ) -> AutoRun:
        """Run `confer demo --auto`, the real command, in a copy."""
        return run_auto(self.copy(folder), *options, environment=environment, ports=self.ports)

    @contextmanager
    def running(
        self,
        folder: Path,
        *,
        more: Sequence[Program] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[DemoPlan, Supervisor]]:
        """The programs in a copy under a supervisor whose process ids the test knows."""
        plan = self.plan(self.copy(folder))
        supervisor = Supervisor(
            programs=(*plan.programs(), *more),
            environment={**plan.environment(), **(environment or {})},
            log_folder=folder / "logs",
            notify=lambda text: None,
        )
        try:
            supervisor.start()
            yield plan, supervisor
        finally:
            supervisor.stop()


@cache
def provisioned() -> LoopWorld:
    """The one world of this process; its ports serve one demo at a time."""
    folder = Path(tempfile.mkdtemp(prefix="confer-loop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _make_world(folder / "provisioned")


def _make_world(folder: Path) -> LoopWorld:
    """Provision once, in a process of its own: provisioning configures that process's logs."""
    world = LoopWorld(template=folder, ports=free_ports(3))
    plan = world.plan(folder)
    done = subprocess.run(
        [
            *(sys.executable, "-c", _PROVISION, str(folder)),
            *(plan.ehr_url, plan.gateway_url, plan.consult_url),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    world.said.extend(done.stdout.splitlines())
    return world


@dataclass(kw_only=True)
class Killer:
    """Kills a program of the supervisor, its children included, at random moments."""

    supervisor: Supervisor
    program: str
    seed: int
    times: int
    longest_seconds: float = 2.5
    killed: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Killer":
        """Begin to kill."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop killing."""
        self._over.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        moments = random.Random(self.seed)  # noqa: S311 - chooses moments, guards nothing
        while len(self.killed) < self.times:
            if self._over.wait(moments.uniform(0.05, self.longest_seconds)):
                return
            process = self.supervisor.process_id(self.program)
            if process in self.killed:
                continue  # not started again yet
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
                self.killed.append(process)
