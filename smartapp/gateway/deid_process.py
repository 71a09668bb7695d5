"""De-identification in a process of its own, which can be killed.

A hostile or monstrous text may make a detector run for minutes or eat all memory. The
process has limits of memory and time; when it exceeds one it is killed and the case is held:
nothing leaves, and the doctor is told. The signing key stays in the parent: the child asks
for a signature over claims and gets a token back.
"""

import multiprocessing
import resource
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from deid.attachments.picture_file import Box, PictureFile
from deid.attachments.pictures import CleanPicture, clean, with_strong_contrast
from deid.attachments.pixels import NoPicture
from deid.errors import CaseHeld as DeidCaseHeld
from deid.errors import DeidError
from deid.pipeline import CaseInput
from exchange.case_order import CaseOrder
from exchange.clarification import ReplyOrder, ThreadPlace
from exchange.errors import ExchangeError
from exchange.sealing import Claims, Signer
from runtime import clock, logs
from runtime.log_events import Event
from smartapp.errors import CaseHeld
from smartapp.gateway.build_revision import Built, build

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class DeidJob:
    """What the process needs: the chart and words (PHI), and the coded facts around them."""

    policy_id: str
    case: CaseInput = field(repr=False)
    order: CaseOrder | ReplyOrder
    place: ThreadPlace | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class PictureJob:
    """A picture to draw as it would leave: decoding a hostile one may take the process down."""

    file: PictureFile = field(repr=False)
    boxes: tuple[Box, ...]
    max_side: int
    strong_contrast: bool = False


class _AskParent:
    """A Signer that asks the parent process (exchange.sealing.Signer)."""

    def __init__(self, line: Connection, *, kid: str, alg: str) -> None:
        self._line = line
        self.kid = kid
        self.alg = alg

    def sign(self, claims: Claims, typ: str) -> str:
        """Return the parent's token over these claims."""
        self._line.send(("sign", dict(claims), typ))
        token: str = self._line.recv()
        return token


def serve(line: Connection, memory_megabytes: int) -> None:
    """The child's whole life: limit memory, then build until the line is closed."""
    limit = memory_megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the chart
    while True:
        try:
            job, kid, alg = line.recv()
        except (EOFError, OSError):
            return
        line.send(_answer(job, _AskParent(line, kid=kid, alg=alg)))


def _answer(job: DeidJob | PictureJob, signer: Signer) -> tuple[Any, ...]:
    # Any: messages between the two processes are small tagged tuples.
    try:
        return _done(job, signer)
    except DeidCaseHeld as held:
        return ("held", "gate", tuple(held.hits))
    except CaseHeld as held:
        return ("held", held.reason, held.hits)
    except (DeidError, ExchangeError) as stopped:
        return ("held", stopped.code, ())
    except MemoryError:
        return ("held", "memory", ())
    except Exception as bug:  # noqa: BLE001 - the process's edge: its text may hold chart words
        return ("broken", type(bug).__name__, logs.place_of(bug))


def _done(job: DeidJob | PictureJob, signer: Signer) -> tuple[Any, ...]:
    if isinstance(job, PictureJob):
        drawn = clean(job.file, job.boxes, max_side=job.max_side)
        if job.strong_contrast and isinstance(drawn, CleanPicture):
            drawn = with_strong_contrast(drawn)
        return ("drawn", drawn)
    return ("built", build(job.policy_id, job.case, job.order, job.place, signer))


class DeidWorkers:
    """Warm processes, one job each at a time; a process that misbehaves is not used again."""

    def __init__(
        self, *, timeout_seconds: float, memory_megabytes: int, keep_warm: int = 2
    ) -> None:
        self._timeout = timeout_seconds
        self._memory = memory_megabytes
        self._keep_warm = keep_warm
        self._context = multiprocessing.get_context("spawn")
        self._idle: list[tuple[BaseProcess, Connection]] = []
        self._lock = threading.Lock()

    def run(self, job: DeidJob, signer: Signer) -> Built:
        """Build one submission; raises `CaseHeld` when anything at all went wrong."""
        built: Built = self._ask(job, signer)
        return built

    def draw(self, job: PictureJob) -> CleanPicture | NoPicture:
        """Draw one picture; one that breaks the process cannot be read."""
        try:
            drawn: CleanPicture | NoPicture = self._ask(job, None)
        except CaseHeld:
            return NoPicture("picture cannot be read")
        return drawn

    def _ask(self, job: DeidJob | PictureJob, signer: Signer | None) -> Any:
        process, line = self._take()
        healthy = False
        try:
            line.send((job, signer.kid if signer else "", signer.alg if signer else ""))
            answer = self._wait(line, signer)
            healthy = True
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise CaseHeld(reason="crashed") from None
        finally:
            if healthy:
                self._give_back(process, line)
            else:
                _end(process, line)
        if answer[0] == "broken":
            logs.emit(Event.DEID_BROKEN, exception=answer[1], place=answer[2])
            raise CaseHeld(reason="crashed")
        if answer[0] in ("built", "drawn"):
            return answer[1]
        raise CaseHeld(reason=str(answer[1]), hits=answer[2])

    def close(self) -> None:
        """End every idle process."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process, line in idle:
            _end(process, line)

    def warm_up(self) -> None:
        """Start one process ahead of the first case."""
        self._give_back(*self._take())

    def _wait(self, line: Connection, signer: Signer | None) -> tuple[Any, ...]:
        ends_at = clock.monotonic() + self._timeout
        while line.poll(max(ends_at - clock.monotonic(), 0)):
            message: tuple[Any, ...] = line.recv()
            if message[0] != "sign" or signer is None:
                return message
            claims: Mapping[str, Any] = message[1]
            line.send(signer.sign(claims, str(message[2])))
        raise CaseHeld(reason="timeout")

    def _take(self) -> tuple[BaseProcess, Connection]:
        with self._lock:
            while self._idle:
                process, line = self._idle.pop()
                if process.is_alive():
                    return process, line
                _end(process, line)
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(theirs, self._memory), name="confer-deid", daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def _give_back(self, process: BaseProcess, line: Connection) -> None:
        with self._lock:
            if len(self._idle) < self._keep_warm:
                self._idle.append((process, line))
                return
        _end(process, line)


def _end(process: BaseProcess, line: Connection) -> None:
    line.close()
    process.kill()
    process.join(timeout=5)
