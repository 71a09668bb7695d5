"""The pace at one EHR: a bucket, a pause when asked, an open circuit after many failures."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_adapters.pacing import FAILURES_TO_OPEN, Pace, PaceState, hear, is_open, take
from fhir_adapters.traits import PaceTraits

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
PACE = Pace(per_second=4.0, burst=8)


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@given(
    st.lists(
        st.tuples(st.floats(min_value=0, max_value=3), st.integers(min_value=1, max_value=12)),
        max_size=60,
    )
)
def test_no_window_of_time_holds_more_calls_than_burst_and_rate(
    asked: list[tuple[float, int]],
) -> None:
    state, at = PaceState.fresh(PACE, NOW), 0.0
    taken: list[tuple[float, int]] = []
    for pause, wanted in asked:
        at += pause
        result = take(state, PACE, now=_after(at), wanted=wanted)
        state = result.state
        taken.append((at, result.count))
    for i, (first, _count) in enumerate(taken):
        for last, _ in taken[i:]:
            inside = sum(count for when, count in taken[i:] if when <= last)
            assert inside <= PACE.burst + (last - first) * PACE.per_second + 1e-6


def test_who_finds_the_bucket_empty_is_told_how_long_to_wait() -> None:
    empty = take(PaceState.fresh(PACE, NOW), PACE, now=NOW, wanted=8).state
    refused = take(empty, PACE, now=NOW, wanted=1)
    assert (refused.count, refused.wait) == (0, 0.25)
    assert take(refused.state, PACE, now=_after(0.25), wanted=3).count == 1


def test_a_clock_that_goes_back_fills_nothing() -> None:
    empty = take(PaceState.fresh(PACE, NOW), PACE, now=NOW, wanted=8).state
    behind = take(empty, PACE, now=_after(-60), wanted=1)
    assert behind.count == 0
    assert take(behind.state, PACE, now=NOW, wanted=1).count == 0


@pytest.mark.parametrize(("asked", "seconds"), [(None, 1.0), (3.0, 3.0), (90.0, 10.0), (-5.0, 0.0)])
def test_a_server_that_says_too_fast_is_left_alone_as_long_as_it_asks(
    asked: float | None, seconds: float
) -> None:
    fresh = PaceState.fresh(PACE, NOW)
    told = hear(fresh, PACE, now=NOW, heard="slow_down", retry_after=asked)
    assert told.paused_until == _after(seconds)
    assert take(told, PACE, now=_after(seconds - 0.01), wanted=1).count == 0
    # The queue that has built up does not fall upon the server at once.
    assert take(told, PACE, now=_after(seconds), wanted=8).count <= 1 + seconds * PACE.per_second


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    state = hear(PaceState.fresh(PACE, NOW), PACE, now=NOW, heard="slow_down", retry_after=8.0)
    state = hear(state, PACE, now=NOW, heard="slow_down", retry_after=1.0)
    assert state.paused_until == _after(8)


def test_failures_in_a_row_open_the_circuit_for_longer_and_longer_and_one_answer_closes_it() -> (
    None
):
    state = PaceState.fresh(PACE, NOW)
    for _n in range(FAILURES_TO_OPEN - 1):
        state = hear(state, PACE, now=NOW, heard="failed")
    assert not is_open(state, NOW)
    pauses = []
    for _n in range(6):
        state = hear(state, PACE, now=NOW, heard="failed")
        assert is_open(state, NOW)
        pauses.append((state.paused_until or NOW) - NOW)
    assert [one.total_seconds() for one in pauses] == [10, 20, 40, 80, 120, 120]
    assert take(state, PACE, now=_after(119), wanted=1).count == 0
    tried = take(state, PACE, now=_after(120), wanted=1)
    assert tried.count == 1
    assert hear(tried.state, PACE, now=_after(120), heard="fine").failures == 0


def test_a_site_s_own_rate_wins_over_its_vendor_s() -> None:
    traits = PaceTraits(requests_per_second=20, burst=40)
    assert Pace.of(traits) == Pace(per_second=20, burst=40)
    assert Pace.of(traits, per_second=2) == Pace(per_second=2, burst=4)
    assert Pace.of(traits, per_second=0.2) == Pace(per_second=0.2, burst=1)
    assert Pace.of(traits, per_second=2, burst=9) == Pace(per_second=2, burst=9)
