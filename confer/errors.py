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
