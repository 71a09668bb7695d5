"""The only place that asks the time."""

import time as _time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never jumps; only differences mean anything."""
    return _time.monotonic()


def sleep(seconds: float) -> None:
    """Wait; the only place that does."""
    _time.sleep(seconds)
