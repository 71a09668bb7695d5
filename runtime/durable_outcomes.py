"""What a step leaves in the engine's tables: short JSON, never a pickle, never a text.

A failed step is stored as its code and kind, so that a replay fails in the same way, and
nothing an exception said ever reaches the database.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from dbos import Serializer
from dbos import error as engine_errors

from runtime import json_text, logs
from runtime.errors import JobInvalid, Kind, RetryLater, RuntimeFault, code_of, kind_of
from runtime.jobs import Failure
from runtime.log_events import Event

MAX_RESULT_BYTES = 1024


class StepFailed(RuntimeFault):
    """A step of a job failed; the code and kind of its error are kept."""

    code: ClassVar[str] = "runtime.step_failed"
    kind: ClassVar[Kind] = "bug"

    def __init__(self, *, failure: Failure) -> None:
        """Keep what the step's error was."""
        self.failure = failure
        super().__init__(f"step failed: {failure.code}")


class JsonSerializer(Serializer):
    """Plain JSON for the engine: ids, codes and counts; exceptions by code only."""

    def serialize(self, data: Any) -> str:
        """Write a value; an exception becomes its code."""
        # Any: the library hands over arguments, results and exceptions alike.
        if isinstance(data, BaseException):
            data = {"error": code_of(data)}
        return json_text.dumps(data).decode("utf-8")

    def deserialize(self, serialized_data: str) -> Any:
        """Read a value back; a stored exception comes back as `StepFailed`."""
        value = json_text.loads(serialized_data.encode("utf-8"))
        if isinstance(value, dict) and set(value) == {"error"}:
            return StepFailed(failure=Failure(code=str(value["error"]), kind="bug"))
        return value

    def name(self) -> str:
        """Name the format in the engine's rows."""
        return "confer_json"


def guarded(name: str, work: Callable[[], str | None]) -> str:
    """Do the work of a step; return its outcome as text, also when it fails."""
    try:
        result = work()
        if result is not None and len(result.encode("utf-8")) > MAX_RESULT_BYTES:
            raise JobInvalid(rule="step result over 1 KB")  # noqa: TRY301
    except RetryLater as later:
        return _text({"retry": later.reason, "after": _seconds(later.after_seconds)})
    except Exception as error:  # noqa: BLE001  (the boundary: its code is stored, not its text)
        _report(error, name)
        return _text(
            {
                "fail": code_of(error),
                "kind": kind_of(error),
                "after": _seconds(getattr(error, "retry_after", None)),
            }
        )
    return _text({"ok": result})


def opened(outcome: str) -> str | None:
    """Return a step's result, or raise what its outcome says."""
    content: dict[str, Any] = json_text.loads(outcome.encode("utf-8"))
    after = content.get("after")
    if "retry" in content:
        raise RetryLater(reason=content["retry"], after_seconds=after)
    if "fail" in content:
        raise StepFailed(
            failure=Failure(code=content["fail"], kind=content["kind"], after_seconds=after)
        )
    result: str | None = content["ok"]
    return result


def failure_of(work: Callable[[], None]) -> Failure | None:
    """Run a workflow; return why it failed, or None. The engine's own errors pass through."""
    try:
        work()
    except engine_errors.DBOSException:
        raise
    except RetryLater as later:
        return Failure(code=later.reason, kind="upstream_down", after_seconds=later.after_seconds)
    except StepFailed as failed:
        return failed.failure
    except Exception as error:  # noqa: BLE001  (the boundary: every failure gets a decision)
        _report(error, "between steps")
        return Failure(code=code_of(error), kind=kind_of(error))
    return None


def _report(error: Exception, step: str) -> None:
    if kind_of(error) == "bug":
        logs.emit(
            Event.JOB_FAILED,
            kind=logs.bound("job_kind"),
            step=step,
            exception=type(error).__name__,
            place=logs.place_of(error),
        )


def _seconds(value: object) -> int | None:
    return round(value) if isinstance(value, (int, float)) else None


def _text(content: dict[str, Any]) -> str:
    return json_text.dumps(content).decode("utf-8")
