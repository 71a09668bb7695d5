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
    """The file is not what `confer deid` reads, so the rules cannot be applied: mend the place
    that is named, or export it again.
    """

    code: ClassVar[str] = "confer.chart_file_unusable"
    kind: ClassVar[str] = "invalid"

    def __init__(self, *, problem: str, line: int = 0, expression: str = "") -> None:
        """Name the problem and where it is (line 1-based, FHIRPath); never content."""
        where = [f"line {line}"] if line else []
        where += [expression] if expression else []
        place = f"{', '.join(where)}: " if where else ""
        super().__init__(f"the file cannot be used: {place}{problem}")
        self.problem, self.line, self.expression = problem, line, expression


class OutputUnusable(ConferError):
    """Nothing can be written to the place that the command names; nothing was left half-written."""

    code: ClassVar[str] = "confer.output_unusable"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, problem: str) -> None:
        """Name the problem, never content."""
        super().__init__(f"nothing was written: {problem}")


class KeyFileUnusable(ConferError):
    """The file of `--key-file` cannot be read or is too short to keep tokens from being guessed;
    make one with: head -c 32 /dev/urandom > FILE.
    """

    code: ClassVar[str] = "confer.key_file_unusable"
    kind: ClassVar[str] = "misconfigured"

    def __init__(self, *, problem: str) -> None:
        """Name the problem, never a byte of the key."""
        super().__init__(f"the key file cannot be used: {problem}")


class DeidBroken(ConferError):
    """De-identification met a fault of ours in one line of the input, and nothing was written.
    Report the place that is named; the line itself must not be sent to anybody.
    """

    code: ClassVar[str] = "confer.deid_broken"
    kind: ClassVar[str] = "bug"

    def __init__(self, *, line: int, place: str) -> None:
        """Name the line of the input and the place in our code."""
        super().__init__(f"line {line}: a bug, at {place}")


class DeidProcessLost(ConferError):
    """A process of `confer deid` ended before its charts were done, most likely for want of memory;
    nothing of them was written. Run again with fewer processes (`--jobs 1`).
    """

    code: ClassVar[str] = "confer.deid_process_lost"
    kind: ClassVar[str] = "refused"

    def __init__(self) -> None:
        """Say it."""
        super().__init__("the process that held this chart ended; nothing of it was written")


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


class IssuerNotRegistered(ConferError):
    """No EHR is registered with this FHIR base or id, or it is no usable address; to check one
    before it is registered, give its FHIR base and name its origin with --origin.
    """

    code: ClassVar[str] = "confer.issuer_not_registered"
    kind: ClassVar[str] = "not_found"

    def __init__(self) -> None:
        """Say what to do; the address itself is what was typed."""
        super().__init__(
            "no EHR is registered here under this FHIR base or id; to check one that is not "
            "registered yet, name what may be called: --origin https://its.host"
        )


class OriginNotNamed(ConferError):
    """Nothing is called that nobody allowed: --origin has to name scheme and host of the FHIR
    base itself, and of each further host that belongs to the sign-in.
    """

    code: ClassVar[str] = "confer.origin_not_named"
    kind: ClassVar[str] = "invalid"

    def __init__(self) -> None:
        """Say what is missing."""
        super().__init__(
            "--origin has to name the FHIR base's own origin, such as https://ehr.example"
        )


class SigningKeyUnknown(ConferError):
    """No signing key of the gateway has this id: `confer keys list` names them."""

    code: ClassVar[str] = "confer.signing_key_unknown"
    kind: ClassVar[str] = "not_found"


class SigningKeyNeeded(ConferError):
    """The key is the only one of its algorithm that signs now: announce its successor first, and
    retire it when that one signs.
    """

    code: ClassVar[str] = "confer.signing_key_needed"
    kind: ClassVar[str] = "conflict"
