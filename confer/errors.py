"""Errors of the command line and the composition root."""

from typing import ClassVar


class ConferError(Exception):
    """Something on the command line could not be done."""

    code: ClassVar[str] = "confer.error"
    kind: ClassVar[str] = "bug"


class WalkFailed(ConferError):
    """The demonstration walk met a page or an answer that it did not expect."""

    code: ClassVar[str] = "confer.walk_failed"
    kind: ClassVar[str] = "upstream_refused"

    def __init__(self, *, step: str, reason: str) -> None:
        """Name the step and what was missing; never page content."""
        super().__init__(f"{step}: {reason}")
        self.step, self.reason = step, reason


class ConnectionLost(WalkFailed):
    """A program of the demo went away in the middle of a request; nobody knows what it did."""

    code: ClassVar[str] = "confer.connection_lost"
    kind: ClassVar[str] = "upstream_down"

    def __init__(self, *, program: str) -> None:
        """Name the program by its address."""
        super().__init__(step="http", reason=f"{program} did not answer")


class PortTaken(ConferError):
    """A port that a program of the demo needs is in use; choose another with its option."""

    code: ClassVar[str] = "confer.port_taken"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, program: str, port: int, option: str) -> None:
        """Name the program, its port and the option that moves it."""
        super().__init__(
            f"Port {port} is in use, and the {program} needs it. Stop what uses it, "
            f"or choose another: scripts/demo {option} {port + 100}"
        )


class ProgramEnded(ConferError):
    """A program of the demo ended before it was ready; its log says why."""

    code: ClassVar[str] = "confer.program_ended"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, program: str, log: str) -> None:
        """Name the program and its log file."""
        super().__init__(f"The {program} ended or did not answer in time. Its log: {log}")


class NotOurFolder(ConferError):
    """The data folder holds something that the demo did not make, so --fresh does not delete it."""

    code: ClassVar[str] = "confer.not_our_folder"
    kind: ClassVar[str] = "refused"

    def __init__(self, *, folder: str) -> None:
        """Name the folder."""
        super().__init__(f"{folder} was not made by the demo; nothing was deleted")


class DatabaseMissing(ConferError):
    """The program's SQLite file does not exist; make it with `confer db upgrade`, or check the
    database setting.
    """

    code: ClassVar[str] = "confer.database_missing"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, program: str) -> None:
        """Name the program."""
        super().__init__(f"the {program} has no database here; run: confer db upgrade {program}")


class ChartFileUnusable(ConferError):
    """The file is not a FHIR Bundle of one patient's chart, so the rules cannot be applied."""

    code: ClassVar[str] = "confer.chart_file_unusable"
    kind: ClassVar[str] = "invalid"

    def __init__(self, *, problem: str) -> None:
        """Name the problem, never content."""
        super().__init__(f"the file cannot be used: {problem}")


class NamesNotOurs(ConferError):
    """A top-level package name of ours leads to files of another distribution; use a Python
    environment that holds Confer alone.
    """

    code: ClassVar[str] = "confer.names_not_ours"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, names: tuple[str, ...]) -> None:
        """Name the packages."""
        super().__init__(f"not our own packages: {', '.join(names)}")


class ClockOff(ConferError):
    """This machine's clock differs from another system's; tokens will be refused."""

    code: ClassVar[str] = "confer.clock_off"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, seconds: int) -> None:
        """Keep the difference in seconds."""
        super().__init__(f"the clock differs by {seconds} s from what the other side says")


class AnswerUnexpected(ConferError):
    """Another system answered, but not as it should; look at its address in the registration."""

    code: ClassVar[str] = "confer.answer_unexpected"
    kind: ClassVar[str] = "upstream_refused"

    def __init__(self, *, status: int) -> None:
        """Keep the HTTP status."""
        super().__init__(f"unexpected answer, HTTP status {status}")


class SandboxOnly(ConferError):
    """The simulated EHR is for synthetic data; it does not start in production mode."""

    code: ClassVar[str] = "confer.sandbox_only"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self) -> None:
        """Say it."""
        super().__init__("the simulated EHR runs in sandbox mode only")


class KeyFileExists(ConferError):
    """There is a key file already; a new one would make everything stored unreadable."""

    code: ClassVar[str] = "confer.key_file_exists"
    kind: ClassVar[str] = "conflict"

    def __init__(self, *, program: str) -> None:
        """Name the program."""
        super().__init__(f"the {program} has a key file; to change keys: confer keys rotate")
