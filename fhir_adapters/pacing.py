"""How fast one EHR may be called, and when it is left alone for a while (pure).

A token bucket keeps the average rate; Retry-After empties it until the named moment; a row of
failures opens the circuit, so that a server in trouble is not kept in trouble by us.

Spec: spec/smart.md section 4, rate limits; spec/reliability.md V32 ("self-throttle")
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from fhir_adapters.traits import PaceTraits

Heard = Literal["fine", "failed", "slow_down"]

FAILURES_TO_OPEN = 12
OPEN_SECONDS = 10.0
_LONGEST_OPEN_SECONDS = 120.0
# With nothing said, "too fast" means this long.
_UNSAID_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Calls per second on average, and at once; how long Retry-After may keep us away."""

    per_second: float
    burst: int
    retry_after_cap: float = 10.0

    @classmethod
    def of(
        cls, traits: PaceTraits, *, per_second: float | None = None, burst: int | None = None
    ) -> "Pace":
        """Return the pace of a site: its own numbers win over its vendor's."""
        rate = max(per_second or traits.requests_per_second, 0.01)
        most = burst or (traits.burst if per_second is None else max(1, round(rate * 2)))
        return cls(per_second=rate, burst=max(most, 1), retry_after_cap=traits.retry_after_cap)


@dataclass(frozen=True, kw_only=True)
class PaceState:
    """What is known of one site: tokens at a moment, a pause, failures in a row."""

    tokens: float
    at: datetime
    paused_until: datetime | None = None
    failures: int = 0

    @classmethod
    def fresh(cls, pace: Pace, now: datetime) -> "PaceState":
        """Return the state of a site that was never called: a full bucket."""
        return cls(tokens=float(pace.burst), at=now)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of asking for tokens: `count` of them, or the seconds to wait first."""

    state: PaceState
    count: int
    wait: float


def take(state: PaceState, pace: Pace, *, now: datetime, wanted: int) -> Taken:
    """Take up to `wanted` tokens; none while a pause lasts or the bucket is empty."""
    filled = _filled(state, pace, now)
    if filled.paused_until is not None and filled.paused_until > now:
        return Taken(state=filled, count=0, wait=(filled.paused_until - now).total_seconds())
    count = min(wanted, int(filled.tokens))
    if count == 0:
        return Taken(state=filled, count=0, wait=(1.0 - filled.tokens) / pace.per_second)
    left = replace(filled, tokens=filled.tokens - count, paused_until=None)
    return Taken(state=left, count=count, wait=0.0)


def hear(
    state: PaceState, pace: Pace, *, now: datetime, heard: Heard, retry_after: float | None = None
) -> PaceState:
    """Return the state after an answer.

    `fine` closes the circuit. `failed` counts; from `FAILURES_TO_OPEN` in a row on each one
    opens it, for twice as long as the time before, at most two minutes. `slow_down` pauses
    for what the server asked, within the cap; the bucket is empty when the pause ends.
    """
    if heard == "fine":
        return replace(state, failures=0)
    if heard == "slow_down":
        asked = _UNSAID_SECONDS if retry_after is None else retry_after
        until = now + timedelta(seconds=min(max(asked, 0.0), pace.retry_after_cap))
        return replace(state, tokens=min(state.tokens, 1.0), paused_until=_later(state, until))
    failures = state.failures + 1
    if failures < FAILURES_TO_OPEN:
        return replace(state, failures=failures)
    doubled = OPEN_SECONDS * 2.0 ** min(failures - FAILURES_TO_OPEN, 10)
    until = now + timedelta(seconds=min(doubled, _LONGEST_OPEN_SECONDS))
    return replace(state, failures=failures, paused_until=_later(state, until))


def is_open(state: PaceState, now: datetime) -> bool:
    """Tell whether calls are held back because the server failed too often."""
    paused = state.paused_until is not None and state.paused_until > now
    return paused and state.failures >= FAILURES_TO_OPEN


def _filled(state: PaceState, pace: Pace, now: datetime) -> PaceState:
    # A process whose clock is behind fills nothing, and no moment is counted twice.
    moment = max(now, state.at)
    passed = (moment - state.at).total_seconds()
    return replace(
        state, tokens=min(state.tokens + passed * pace.per_second, float(pace.burst)), at=moment
    )


def _later(state: PaceState, until: datetime) -> datetime:
    return until if state.paused_until is None else max(until, state.paused_until)
