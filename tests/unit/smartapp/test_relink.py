"""Tokens and date chips become names and days again; nothing else is touched."""

from datetime import UTC, datetime

import pytest

from smartapp.gateway.relink import relink

AT = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)
WORDS = {"[patient]": "Adela Marrowby", "[relative 1]": "Corwin", "[clinician 1]": ""}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Tell [relative 1].", "Tell Corwin."),
        ("since [6 days before]", "since Nov 18, 2026"),
        ("[1 day after]", "Nov 25, 2026"),
        ("[45 min after]", "Nov 24, 2026, 03:00"),
        ("[3.5 h before]", "about Nov 23, 2026, 22:45"),
        ("[2 years before]", "about 2024"),
        ("[same day]", "Nov 24, 2026"),
        ("[at the question]", "Nov 24, 2026, 02:15"),
    ],
)
def test_a_token_becomes_what_stood_there(written: str, read: str) -> None:
    done = relink(written, words=WORDS, question_time=AT)
    assert done.text == read
    assert (done.replaced, done.unknown) == (1, 0)


@pytest.mark.parametrize(
    "written",
    [
        "[clinician 1]",
        "[clinician 9]",
        "[phone]",
        "[likely name]",
        "[9999999 days before]",
        "[99999 years after]",
    ],
)
def test_a_token_that_could_mean_two_people_or_nobody_stays_a_token(written: str) -> None:
    done = relink(written, words=WORDS, question_time=AT)
    assert (done.text, done.replaced, done.unknown) == (written, 0, 1)


@pytest.mark.parametrize("typed", ["2026-11-16", "11/16", "Nov 16", "16 November 2026"])
def test_a_free_typed_date_is_left_alone_and_flagged(typed: str) -> None:
    done = relink(f"Seen {typed}, stable.", words=WORDS, question_time=AT)
    assert done.text == f"Seen {typed}, stable."
    assert done.typed_dates == 1


@pytest.mark.parametrize("text", ["QRS 98/120 ms?", "1 to 2 tablets", "V2-V4", "BP 118/66"])
def test_doses_and_pressures_are_not_changed(text: str) -> None:
    assert relink(text, words=WORDS, question_time=AT).text == text


def test_a_shifted_date_becomes_the_day_of_the_chart_and_counts_as_no_typed_date() -> None:
    words = {"[2024-09-27]": "2024-02-28", "[2024-09-27 14:30]": "2/28/2024 at 14:30"}
    done = relink(
        "The CT of [2024-09-27 14:30], a day of [2024-09-27]; repeat [2031-01-01] or 2024-09-27.",
        words=words,
        question_time=AT,
    )
    assert done.text == (
        "The CT of 2/28/2024 at 14:30, a day of 2024-02-28; repeat [2031-01-01] or 2024-09-27."
    )
    assert (done.replaced, done.unknown, done.typed_dates) == (2, 1, 1)
