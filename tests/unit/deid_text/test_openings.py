"""A pattern that is tried only at its openings finds what it finds everywhere."""

import random
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from string import ascii_lowercase

import pytest

import deid
from deid.text import scanning, tokens
from deid.text.openings import openings
from deid.text.scanning import Scan
from tests.support import marked_notes, patterns

_GLUE = ("", " ", "-", "/", "_", "\n", "\u00e9", "(", ". ", ", ", "'", "9", "A")


def _texts() -> Iterator[str]:
    """Notes as they are, in capitals, without capitals, and cut up and glued anew."""
    dice = random.Random(7)  # noqa: S311 - no secret
    for note in islice(marked_notes.notes(), 0, None, 3):
        text: str = note["text"]
        yield from (text, text.upper(), text.lower())
        words = text.split(" ")
        dice.shuffle(words)
        yield "".join(word + dice.choice(_GLUE) for word in words)


def _spans(matches: Iterable[re.Match[str]]) -> list[tuple[int, int]]:
    return [match.span() for match in matches]


def test_no_pattern_misses_anything_at_its_openings() -> None:
    faults: set[str] = set()
    assert list(patterns.modules(deid))
    scans = scanning.every()
    assert len(scans) > 120
    for text in _texts():
        view = tokens.view(text)
        for scan in scans:
            if _spans(view.scan(scan)) != _spans(scan.pattern.finditer(view.lower)):
                faults.add(scan.pattern.pattern[:60])
            if _spans(view.scan_plain(scan)) != _spans(scan.pattern.finditer(view.plain)):
                faults.add(scan.pattern.pattern[:60])
    assert faults == set()


@pytest.mark.parametrize(
    ("pattern", "heads"),
    [
        (r"\bwards?\b", {"war"}),
        (r"\b(?:at|to|from) x", {"at", "to", "fro"}),
        (r"\bno\b", {"no"}),
        (
            r"(?<!\w)a?bc",
            {"abc", "bc", *(f"bc{letter}" for letter in ascii_lowercase)},
        ),
        (r"(?<!\d)\d{1,2}/", {"0/", "00/"}),
        (r"\b\d{3}[a-z ]", {"000a", "000 "}),
        (r"\b(?:19|20)\d\d-", {"0000-"}),
        (r"\b[a-z]{1,3}icu", {"???"}),
        (r"(?<!\w)(?i:[A-Z])\d", {"?"}),
    ],
)
def test_the_beginnings_of_a_pattern_are_read_from_it(pattern: str, heads: set[str]) -> None:
    found = openings(pattern, 0)
    assert found is not None
    assert (found.heads, found.words, found.signs) == (heads, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\b[A-Z][a-z]+ Hill", {"Aa"}),
        (r"(?<!\w)[A-Z]{2,4}\d", {"AA"}),
        (r"(?<![\w.])[A-Z]\.", {"A"}),
        (r"\b[A-Z]", {"A", "AA", "Aa"}),
    ],
)
def test_any_word_is_told_by_its_capitals(pattern: str, words: set[str]) -> None:
    found = openings(pattern, 0)
    assert found is not None
    assert (found.heads, found.words) == (frozenset(), words)


@pytest.mark.parametrize(
    "pattern",
    [
        "word",
        r"(?<!\d)ab",
        "(?<![^a-zA-Z])b",
        r"\d\d",
        r"(?<=dob)jan",
        r"\w+",
        r"[^x]",
        r".",
        r"a*",
        r"\s?\(",
        "(?<![a-z])X",
    ],
)
def test_what_can_begin_inside_a_word_is_tried_everywhere(pattern: str) -> None:
    assert openings(pattern, 0) is None
    scan = Scan(re.compile(pattern))
    view = tokens.view("swords 12 dobjan x (cab) aXa")
    assert _spans(view.scan(scan)) == _spans(scan.pattern.finditer(view.lower))


def test_signs_are_looked_for_where_they_stand() -> None:
    found = openings(r"[(/]\d", 0)
    assert found is not None
    assert found.signs == {"(", "/"}
