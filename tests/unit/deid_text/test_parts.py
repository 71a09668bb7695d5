"""The small parts of the text engine: folding, tokens, merging, people, distances, word lists."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import deid
from deid import lexicon
from deid.folding import fold, fold_word
from deid.person_names import parse_name_text
from deid.text import overlap, relative_time, tokens
from deid.text.document import Finding, PhiText, Span, SpanSet
from deid.text.people import PeopleTokens

LISTS = Path(deid.__file__).parent / "lists"
QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("Jos\u00e9 \u0141uk", "jose luk"),
        ("Zo\u0308e", "zoe"),
        ("Stra\u00dfe", "strasse"),
        ("\uff2d\uff32\uff2e", "mrn"),
        ("Sm\u200bith", "smith"),
        ("D\u0131lek", "dilek"),
        ("\u03b2-blocker", "\u03b2-blocker"),
        ("5 \u00b5g", "5 \u03bcg"),
    ],
)
def test_folding_reads_through_disguises_and_leaves_medicine(text: str, lower: str) -> None:
    assert fold_word(text) == lower


def test_folded_offsets_lead_back_to_the_original() -> None:
    text = "Stra\u00dfe Sm\u200bith \u00e9"
    folded = fold(text)
    start = folded.lower.index("smith")
    begin, end = folded.original_start(start), folded.original_end(start + 5)
    assert text[begin:end] == "Sm\u200bith"
    assert folded.original_end(len(folded.lower)) == len(text)


def test_soft_line_breaks_are_joined_and_hard_ones_kept() -> None:
    wrapped = "a line of words that an editor broke because the next\nword did not fit\nin it"
    assert "next word" in tokens.unwrap(wrapped)
    assert tokens.unwrap("Name: Ada\nAge: 5") == "Name: Ada\nAge: 5"


def _finding(start: int, end: int, **more: str) -> Finding:
    values: dict[str, str] = {"category": "name", "confidence": "sure", "rule": "r", **more}
    return Finding(start=start, end=end, **values)  # type: ignore[arg-type]


def test_overlapping_findings_cover_the_union() -> None:
    merged = overlap.merge(
        [_finding(0, 5), _finding(3, 9, confidence="likely"), _finding(12, 14)], "Ada Byron Pym"
    )
    assert [(f.start, f.end) for f in merged] == [(0, 9), (12, 14)]
    assert merged[0].confidence == "sure"


def test_the_longer_finding_gives_the_category_and_a_known_one_the_certainty() -> None:
    merged = overlap.merge(
        [_finding(0, 20, category="file"), _finding(4, 9, confidence="known", subject="patient")],
        "byron_ada_report.pdf",
    )
    assert (merged[0].category, merged[0].confidence) == ("file", "known")


def test_a_likely_stretch_never_ties_two_findings_together() -> None:
    text = "Willow Rehab Ada Byron Pym"
    merged = overlap.merge(
        [
            _finding(0, 12, category="organization"),
            _finding(0, 26, confidence="likely"),
            _finding(13, 16),
        ],
        text,
    )
    assert [text[f.start : f.end] for f in merged] == ["Willow Rehab", "Ada", "Byron Pym"]
    assert [f.confidence for f in merged] == ["sure", "sure", "likely"]


def test_spans_that_overlap_are_refused() -> None:
    def span(start: int, end: int) -> Span:
        return Span(
            start=start, end=end, out_start=0, out_end=0, category="name", confidence="sure",
            rule="r", replacement="", kind="removed",
        )  # fmt: skip

    with pytest.raises(ValueError, match="rule r"):
        SpanSet((span(0, 5), span(4, 6)))
    assert len(SpanSet((span(0, 5), span(5, 6)))) == 2


def test_protected_text_never_prints_itself() -> None:
    assert "Marrowby" not in f"{PhiText('Marrowby')} {PhiText('Marrowby')!r}"


def test_people_are_numbered_by_role_in_order_of_appearance() -> None:
    people = PeopleTokens()
    assert people.token_for("patient", subject="patient") == "[patient]"
    assert people.token_for("clinician", subject="clinician:9") == "[clinician 1]"
    assert people.token_for("clinician", name="Orla Vantreek") == "[clinician 2]"
    assert people.token_for("relative", subject="relative:1") == "[relative 1]"
    assert people.token_for("clinician", name="Vantreek") == "[clinician 2]"
    assert people.token_for("clinician", subject="clinician:9") == "[clinician 1]"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (-0.75, "45 min before"),
        (-3.5, "3.5 h before"),
        (72, "72 h after"),
        (-73, "3 days before"),
        (24 * 364, "364 days after"),
        (-24 * 800, "2 years before"),
    ],
)
def test_moments_become_minutes_days_or_years(hours: float, words: str) -> None:
    assert relative_time.describe_moment(QUESTION + timedelta(hours=hours), QUESTION) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 22), "same day"),
        (date(2026, 11, 21), "1 day before"),
        (date(2025, 11, 22), "365 days before"),
        (date(2025, 11, 21), "1 year before"),
    ],
)
def test_days_become_years_after_one_year(day: date, words: str) -> None:
    assert relative_time.describe_days(day, QUESTION.date()) == words


@pytest.mark.parametrize(
    ("written", "given", "family"),
    [
        ("Dr. Ada M. Byron, MD", ("Ada", "M."), "Byron"),
        ("Byron, Ada", ("Ada",), "Byron"),
        ("Kimberly de la Cruz", ("Kimberly",), "de la Cruz"),
        ("Cher", (), "Cher"),
        ("Dr.", (), ""),
    ],
)
def test_displays_are_read_as_names(written: str, given: tuple[str, ...], family: str) -> None:
    name = parse_name_text(written)
    assert (name.given, name.family) == (given, family)


def test_the_lists_stay_small_and_folded() -> None:
    files = sorted(LISTS.glob("*.txt"))
    assert sum(f.stat().st_size for f in files) < 3_000_000
    for file in files:
        for word in sorted(lexicon.words(file.stem)):
            assert word == word.lower(), file.name
            assert word == word.strip(), file.name
            assert word.isascii(), file.name


@pytest.mark.parametrize(
    "word", ["hemicolectomy", "ceftriaxone", "parkinson", "oregon", "diverticulitis", "walker"]
)
def test_ordinary_words_need_no_explanation(word: str) -> None:
    assert lexicon.is_ordinary(word)


@pytest.mark.parametrize("word", ["marrowby", "gonzalez", "nguyen", "tidesalt"])
def test_names_and_unknown_words_do(word: str) -> None:
    assert not lexicon.is_ordinary(word)
