"""Annotated notes: how much identity the text engine removes, and how much medicine it leaves.

The figures are floors: raise them when the engine gets better, never lower them silently. What is
missed is listed in fixtures/deid/known_misses.txt and must be exactly that, gains included.
"""

from collections.abc import Callable

import pytest

from deid.text.engine import TextEngine
from tests.support import marked_notes, note_scores
from tests.support.note_scores import Score

#: of a category with fewer spans one miss says little: the list of known misses guards those
ENOUGH = 20
FLOOR = 0.95


@pytest.fixture(scope="module")
def score() -> Score:
    return note_scores.score_all(TextEngine(), note_scores.notes())


@pytest.fixture(scope="module")
def styles() -> Score:
    return note_scores.score_all(TextEngine(), marked_notes.notes())


def test_nearly_every_identifier_is_covered_letter_by_letter(score: Score) -> None:
    assert score.wanted.total() > 800
    assert score.recall >= 0.99, score.missed


def test_no_category_is_weak(score: Score) -> None:
    often = {c: n for c, n in score.wanted.items() if n >= ENOUGH}
    assert len(often) >= 12
    assert {c: score.covered[c] for c, n in often.items() if score.covered[c] / n < FLOOR} == {}


def test_what_the_chart_knows_is_covered_almost_always(score: Score) -> None:
    assert score.in_chart > 350
    assert score.in_chart_covered / score.in_chart >= 0.998


def test_text_that_only_looks_like_an_identifier_stays(score: Score) -> None:
    assert score.traps > 300
    assert len(score.damaged) / score.traps <= 0.01


def test_little_other_text_is_lost(score: Score) -> None:
    assert score.other_removed / score.other <= 0.02


def test_notes_of_seventy_styles_without_any_chart_lose_nearly_every_identifier(
    styles: Score,
) -> None:
    assert styles.wanted.total() > 600
    assert styles.recall >= 0.94, styles.missed


def test_their_clinical_meaning_stays(styles: Score) -> None:
    assert styles.traps > 250
    assert len(styles.damaged) / styles.traps <= 0.06
    assert styles.other_removed / styles.other <= 0.05


def test_known_misses_are_exactly_the_recorded_ones(score: Score, styles: Score) -> None:
    recorded = note_scores.KNOWN_MISSES.read_text(encoding="utf-8").splitlines()
    assert note_scores.failures(score, styles) == recorded


def _same_length(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(c if len(change(c)) != 1 else change(c) for c in text)


def _wrapped(text: str) -> str:
    """Break lines as another editor would; a space becomes a line break, nothing moves."""
    characters, column, space = list(text), 0, -1
    for i, c in enumerate(characters):
        column = 0 if c == "\n" else column + 1
        space = i if c == " " else -1 if c == "\n" else space
        if column > 62 and space > 0:
            characters[space], column, space = "\n", i - space, -1
    return "".join(characters)


@pytest.mark.parametrize(
    ("change", "floor"),
    [
        pytest.param(_wrapped, 0.985, id="other line breaks"),
        pytest.param(_same_length(str.upper), 0.96, id="capitals only"),
        pytest.param(_same_length(str.lower), 0.94, id="no capitals"),
    ],
)
def test_the_same_notes_written_otherwise_lose_little(
    change: Callable[[str], str], floor: float
) -> None:
    changed = ({**note, "text": change(note["text"])} for note in note_scores.notes())
    assert note_scores.score_all(TextEngine(), changed).recall >= floor
