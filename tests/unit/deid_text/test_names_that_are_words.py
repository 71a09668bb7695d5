"""A name of this chart wins over a rare word that is spelled alike; age over 89 has many forms."""

from datetime import UTC, datetime

import pytest

from deid import known_identity
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

ENGINE = TextEngine()
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def _scrub(text: str, *names: tuple[str, str]) -> str:
    patient = {
        "resourceType": "Patient",
        "name": [{"given": [given], "family": family} for given, family in names],
    }
    identity = known_identity.build([patient])
    output = ENGINE.scrub(
        text, identity=identity, people=PeopleTokens(), question_time=NOW, path="texts.question"
    ).output
    assert not identity.find_for_gate(output)
    return output


@pytest.mark.parametrize(
    ("text", "given", "family"),
    [
        ("Pearly, 10, fever and cough: amoxicillin dose?", "Pearly", "Schuster"),
        ("Elisa fell; is warfarin safe?", "Elisa", "Johnson"),
        ("Bishop at home.", "Oriel", "Bishop"),
    ],
)
def test_a_first_word_that_names_the_patient_does_not_leave(
    text: str, given: str, family: str
) -> None:
    output = _scrub(text, (given, family))
    assert given not in output
    assert family not in output


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ELISA for HIV negative", "Elisa"),
        ("Bishop score 6", "Bishop"),
        ("pearly papules on the skin", "Pearly"),
        ("White blood cells 12", "White"),
    ],
)
def test_the_word_itself_stays(text: str, family: str) -> None:
    assert _scrub(text, ("Oriel", family)) == text


@pytest.mark.parametrize(
    "text",
    [
        "Mrs Johnson, 99, fell.",
        "Is warfarin safe at 99?",
        "She was born in 1927.",
    ],
)
def test_an_age_over_89_does_not_leave(text: str) -> None:
    output = _scrub(text, ("Elisa", "Johnson"))
    assert "[age 90 or over]" in output
    assert "99" not in output
    assert "1927" not in output
