"""Partial dates are ranges as wide as their precision."""

from datetime import UTC, datetime

import pytest

from fhir_server.search import dates


def _millis(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", _millis(2026, 1, 1), _millis(2027, 1, 1)),
        ("2026-02", _millis(2026, 2, 1), _millis(2026, 3, 1)),
        ("2024-02-29", _millis(2024, 2, 29), _millis(2024, 3, 1)),
        ("2026-12", _millis(2026, 12, 1), _millis(2027, 1, 1)),
        ("2026-03-01T10:00", _millis(2026, 3, 1, 10), _millis(2026, 3, 1, 10, 1)),
        ("2026-03-01T10:00:00Z", _millis(2026, 3, 1, 10), _millis(2026, 3, 1, 10, 0, 1)),
        ("2026-03-01T10:00:00+02:00", _millis(2026, 3, 1, 8), _millis(2026, 3, 1, 8, 0, 1)),
        ("2026-03-01T10:00:00-05:30", _millis(2026, 3, 1, 15, 30), _millis(2026, 3, 1, 15, 30, 1)),
        ("1950-06-15", _millis(1950, 6, 15), _millis(1950, 6, 16)),
        ("2016-12-31T23:59:60Z", _millis(2017, 1, 1), _millis(2017, 1, 1, 0, 0, 1)),
    ],
)
def test_a_date_covers_exactly_what_it_says(text: str, low: int, high: int) -> None:
    assert dates.range_of(text) == (low, high)


def test_milliseconds_are_kept() -> None:
    start = _millis(2026, 3, 1, 10)
    assert dates.range_of("2026-03-01T10:00:00.123Z") == (start + 123, start + 124)
    assert dates.range_of("2026-03-01T10:00:00.5Z") == (start + 500, start + 600)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "26", "2026-13", "2026-02-30", "2026-1-1", "2026-03-01T25:00:00Z", "9999-99"],
)
def test_what_is_no_date_has_no_range(text: str) -> None:
    assert dates.range_of(text) is None
