"""Dates of a case move together by whole days, and nothing else about them changes."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from deid.date_shift import Shift, days_of
from deid.pseudonyms import CaseKey

NEW_YORK = ZoneInfo("America/New_York")
ASKED = datetime(2026, 11, 22, 2, 12, tzinfo=NEW_YORK)


def shifted(text: str, days: int = 40) -> str | None:
    return Shift(days=days, question_time=ASKED).shifted(text)


def key(n: int) -> CaseKey:
    return CaseKey(n.to_bytes(32, "big"))


def test_the_days_of_a_case_follow_its_key_and_are_never_few() -> None:
    days = [days_of(key(n)) for n in range(4000)]
    assert days == [days_of(key(n)) for n in range(4000)]
    assert {abs(each) for each in days} <= set(range(31, 366))
    assert len(set(days)) > 600
    assert max(days) >= 182
    assert min(days) <= -182


def test_both_directions_and_all_sizes_come_up_alike() -> None:
    days = [days_of(key(n)) for n in range(4000)]
    assert 1800 < sum(each > 0 for each in days) < 2200
    assert 1800 < sum(abs(each) > 198 for each in days) < 2200


@pytest.mark.parametrize(
    ("written", "days", "moved"),
    [
        ("2024-02-28", 2, "2024-03-01"),
        ("2023-02-28", 2, "2023-03-02"),
        ("2024-01-31", 31, "2024-03-02"),
        ("2024-03-01", -1, "2024-02-29"),
        ("2023-12-31", 1, "2024-01-01"),
        ("2024-01", 40, "2024-02"),
        ("2024-01", 14, "2024-01"),
        ("2024", 183, "2024"),
        ("2024", 184, "2025"),
        ("2024", -200, "2023"),
        ("2024-03-09T23:30:00-05:00", 40, "2024-04-18T23:30:00-05:00"),
        ("2024-07-09T08:05:30.250-04:00", 40, "2024-08-18T08:05:30.250-04:00"),
        ("2024-07-09T08:05:30Z", 40, "2024-08-18T08:05:30Z"),
        ("2024-07-09T08:05", 40, "2024-08-18T08:05-05:00"),
        ("2024-07-09T08:05:30+05:45", 40, "2024-08-17T21:20:30-05:00"),
    ],
)
def test_a_date_moves_as_precise_as_it_was_written(written: str, days: int, moved: str) -> None:
    assert shifted(written, days) == moved


@pytest.mark.parametrize("text", ["", "yesterday", "2024-02-30", "1930-01-01", "1936"])
def test_what_is_no_date_or_tells_an_age_of_ninety_does_not_leave(text: str) -> None:
    assert shifted(text) is None


def test_no_day_beyond_the_calendar_is_made_up() -> None:
    at = datetime(9990, 1, 1, tzinfo=UTC)
    assert Shift(days=40, question_time=at).shifted("9999-12-30") is None


def test_moments_keep_their_distance_to_the_second_over_summer_time() -> None:
    before, after = "2024-03-10T01:30:00-05:00", "2024-03-10T03:30:00-04:00"
    moved = [datetime.fromisoformat(str(shifted(each))) for each in (before, after)]
    assert moved[1] - moved[0] == timedelta(hours=1)


def test_a_zone_far_from_the_hospital_is_told_in_the_zone_of_the_hospital() -> None:
    # +10:30 is spoken of on one island only.
    moved = str(shifted("2024-07-09T08:05:30+10:30"))
    assert "+10:30" not in moved
    assert datetime.fromisoformat(moved) == datetime(
        2024, 8, 18, 8, 5, 30, tzinfo=timezone(timedelta(hours=10, minutes=30))
    )


def test_a_day_moves_by_the_days_of_the_case() -> None:
    assert Shift(days=-31, question_time=ASKED).day(date(2024, 3, 31)) == date(2024, 2, 29)
