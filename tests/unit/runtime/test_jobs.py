"""When a failed attempt is repeated, and when a person has to look."""

from datetime import timedelta

import pytest

from runtime import clock
from runtime.errors import KINDS, Kind
from runtime.jobs import Failure, decide_delay

NOW = clock.now()


def _decide(
    kind: Kind, *, attempt: int = 0, after: float | None = None, days: float = 0.0
) -> object:
    return decide_delay(
        Failure(code="x", kind=kind, after_seconds=after),
        attempt=attempt,
        tried_since=NOW - timedelta(days=days),
        now=NOW,
        jitter=0.5,
    )


def test_the_wait_doubles_from_ten_seconds_to_an_hour() -> None:
    waits = [_decide("upstream_down", attempt=attempt) for attempt in range(11)]
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


@pytest.mark.parametrize(
    ("kind", "waits"),
    [
        ("upstream_down", [True, True, True]),
        ("throttled", [True, True, True]),
        ("unauthenticated", [True, False, False]),
        ("bug", [True, True, False]),
        ("invalid", [False, False, False]),
        ("refused", [False, False, False]),
        ("forbidden", [False, False, False]),
        ("not_found", [False, False, False]),
        ("conflict", [False, False, False]),
        ("upstream_refused", [False, False, False]),
        ("misconfigured", [False, False, False]),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(kind: Kind, waits: list[bool]) -> None:
    assert [_decide(kind, attempt=attempt) is not None for attempt in (0, 1, 6)] == waits


def test_every_kind_has_a_decision() -> None:
    for kind in KINDS:
        _decide(kind)


def test_the_other_side_s_wait_is_kept_within_an_hour() -> None:
    assert _decide("throttled", after=100) == 100
    assert _decide("throttled", after=1) == 10
    assert _decide("throttled", after=100_000) == 3600


def test_after_seven_days_it_is_given_up() -> None:
    assert _decide("upstream_down", attempt=99, days=6.9) is not None
    assert _decide("upstream_down", attempt=99, days=6.99) is None


def test_jitter_spreads_by_a_quarter_each_way() -> None:
    def at(jitter: float) -> object:
        return decide_delay(
            Failure(code="x", kind="upstream_down"),
            attempt=0,
            tried_since=NOW,
            now=NOW,
            jitter=jitter,
        )

    assert (at(0.0), at(1.0)) == (7.5, 12.5)
