"""Dates become a year and a distance from the question."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from deid import dates
from deid.dates import FromQuestion

EASTERN = timezone(timedelta(hours=-5))
QUESTION = datetime(2026, 11, 22, 2, 12, tzinfo=EASTERN)


def distance(text: str) -> FromQuestion | None:
    moment = dates.parse(text, question_time=QUESTION)
    assert moment is not None
    return dates.from_question(moment, question_time=QUESTION)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2026-11-22T02:12:00-05:00", 0, "min"),
        ("2026-11-22T06:42:00Z", -30, "min"),
        ("2026-11-22T02:57:00-05:00", 45, "min"),
        ("2026-11-19T02:12:00-05:00", -72 * 60, "min"),
        ("2026-11-19T02:11:00-05:00", -3, "d"),
        ("2026-11-22", 0, "d"),
        ("2026-11-16", -6, "d"),
        ("2025-11-22", -365, "d"),
        ("2025-11-21", -1, "a"),
        ("2025-11-21T09:00:00+01:00", -1, "a"),
        ("2016-05-02", -11, "a"),
        ("2014", -12, "a"),
        ("2024", -2, "a"),
        ("2024-11", -2, "a"),
        ("1938-01-01", -89, "a"),
    ],
)
def test_distance_is_minutes_then_days_then_years(text: str, value: int, unit: str) -> None:
    assert distance(text) == FromQuestion(value=value, unit=unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["2026", "2025", "2026-10", "2026-02", "1930", "1936", "1936-11-22"]
)
def test_no_distance_is_given_that_is_too_fine_or_tells_an_age_over_89(text: str) -> None:
    assert distance(text) is None


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "26-01-01", "2026-01-01T25:00:00Z",
             "2026-11-22 02:12", "2026-11-22T02:12:00-05:00 Smith"]
)  # fmt: skip
def test_what_is_no_fhir_date_is_no_date(text: str) -> None:
    assert dates.parse(text, question_time=QUESTION) is None


def test_a_time_without_a_zone_is_in_the_zone_of_the_question() -> None:
    moment = dates.parse("2026-11-22T02:00:00", question_time=QUESTION)
    assert moment is not None
    assert moment.at == datetime(2026, 11, 22, 2, 0, tzinfo=EASTERN)


def test_a_leap_second_is_read() -> None:
    moment = dates.parse("2016-12-31T23:59:60Z", question_time=QUESTION)
    assert moment is not None
    assert moment.at == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(("year", "stays"), [("2026", True), ("1937", True), ("1936", False)])
def test_a_year_stays_unless_it_lies_ninety_years_back(year: str, stays: bool) -> None:
    moment = dates.parse(year, question_time=QUESTION)
    assert moment is not None
    assert dates.year_may_stay(moment, question_time=QUESTION) is stays


@pytest.mark.parametrize(
    ("born", "years"), [("1959-11-22", 67), ("1959-11-23", 66), ("2026-11-22", 0)]
)
def test_age_counts_birthdays(born: str, years: int) -> None:
    moment = dates.parse(born, question_time=QUESTION)
    assert moment is not None
    assert dates.age_years(moment, at=QUESTION) == years


def test_distances_sort_by_minutes() -> None:
    sizes = [FromQuestion(value=-1, unit="a"), FromQuestion(value=-2, unit="d"),
             FromQuestion(value=-5, unit="min")]  # fmt: skip
    assert [each.minutes for each in sizes] == [-525960.0, -2880.0, -5.0]
