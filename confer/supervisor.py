"""Starts the programs of the demo, watches them, restarts what dies, and stops them all."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from confer.errors import NotOurFolder, PortTaken, ProgramEnded
from runtime import clock

MARKER = ".confer-demo"
_READY_SECONDS = 60.0
_STOP_SECONDS = 8.0
_POLL_SECONDS = 0.05
_RESTARTS = 20


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process of the demo: what it runs and where it says that it is ready."""

    name: str
    title: str
    argv: tuple[str, ...]
    ready_url: str | None = None
    option: str = ""


def web_program(*, name: str, title: str, application: str, url: str, option: str) -> Program:
    """A gunicorn with one process and eight threads on the port of `url`."""
    port = urlsplit(url).port or 80
    argv = (
        sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8",
        "--worker-class", "gthread", "--bind", f"127.0.0.1:{port}", "--timeout", "60",
        "--graceful-timeout", "3", "--log-level", "warning", "--no-control-socket",
        f"confer.wsgi:{application}()",
    )  # fmt: skip
    return Program(name=name, title=title, argv=argv, ready_url=f"{url}/ready", option=option)


def worker_program(*, name: str, title: str) -> Program:
    """The durable worker of one program."""
    return Program(
        name=f"{name}-worker", title=title, argv=(sys.executable, "-m", "confer", "work", name)
    )


@dataclass(kw_only=True)
class Supervisor:
    """The running programs. `environment` is added to every child."""

    programs: Sequence[Program]
    environment: Mapping[str, str]
    log_folder: Path
    notify: Callable[[str], None]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _restarts: int = 0

    def check_ports(self) -> None:
        """Refuse to start when a port is taken, before anything runs."""
        for program in self.programs:
            if program.ready_url is None:
                continue
            port = urlsplit(program.ready_url).port or 80
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise PortTaken(
                        program=program.title, port=port, option=program.option
                    ) from None

    def start(self) -> None:
        """Start every program, the first one ahead of the rest; return when all answer."""
        self.log_folder.mkdir(parents=True, exist_ok=True)
        first, *others = self.programs
        started = clock.monotonic()
        self._launch(first)
        self._wait_ready(first)
        self.notify(f"{first.title} is ready after {clock.monotonic() - started:.1f} s")
        for program in others:
            self._launch(program)
        for program in others:
            self._wait_ready(program)
        self.notify(f"all is ready after {clock.monotonic() - started:.1f} s")

    def tend(self) -> None:
        """Restart a program that ended by itself; a worker may be killed at any time."""
        for program in self.programs:
            process = self._running[program.name]
            if process.poll() is None:
                continue
            self._restarts += 1
            if self._restarts > _RESTARTS:
                raise ProgramEnded(program=program.title, log=str(self._log(program)))
            self.notify(f"{program.title} ended; starting it again")
            _signal_group(process, signal.SIGKILL)  # what it left would hold its port
            self._launch(program)

    def process_id(self, name: str) -> int:
        """The process id of a program, for `demo --auto` and the chaos tests."""
        return self._running[name].pid

    def stop(self) -> None:
        """Ask all to stop, then make them."""
        for process in self._running.values():
            _signal_group(process, signal.SIGTERM)
        deadline = clock.monotonic() + _STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(timeout=max(0.1, deadline - clock.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def _log(self, program: Program) -> Path:
        return self.log_folder / f"{program.name}.log"

    def _launch(self, program: Program) -> None:
        with self._log(program).open("ab") as log:
            self._running[program.name] = subprocess.Popen(  # noqa: S603 - our own fixed arguments
                program.argv,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},  # noqa: TID251 - children need PATH and HOME
                start_new_session=True,
            )

    def _wait_ready(self, program: Program) -> None:
        if program.ready_url is None:
            return
        deadline = clock.monotonic() + _READY_SECONDS
        while clock.monotonic() < deadline:
            if self._running[program.name].poll() is not None:
                break
            if answers(program.ready_url):
                return
            clock.sleep(_POLL_SECONDS)
        raise ProgramEnded(program=program.title, log=str(self._log(program)))


def answers(url: str) -> bool:
    """Whether the program behind `url` answers 200."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        process.poll()


def make_folder(folder: Path, *, fresh: bool) -> None:
    """Make the data folder; with `fresh`, first delete the one that an earlier demo made."""
    if fresh and folder.exists():
        if any(folder.iterdir()) and not (folder / MARKER).exists():
            raise NotOurFolder(folder=str(folder))
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / MARKER).touch()
