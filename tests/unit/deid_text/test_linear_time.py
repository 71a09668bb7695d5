"""No text takes more than its length in time: patterns and engine are linear on hostile texts.

The time is CPU time, the best of several tries. What is quick on 2,000 characters is not measured
closer: a pattern that is not linear takes several times as long there. What is slow is measured on
a text six times as long.
"""

import re
import re._parser as regex_parser  # type: ignore[import-not-found]  # a private module of Python
from datetime import UTC, datetime
from typing import Any

import pytest

import deid
from deid import known_identity
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens
from tests.support import patterns
from tests.support.deid_cases import patient

PATTERNS = patterns.compiled(deid)
SCANS = patterns.scans(deid)
LENGTH = 2_000
#: a linear pattern needs less for LENGTH characters, a quadratic one several times as much
QUICK_SECONDS = 0.005
MOST_GROWTH = 2.6
QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def test_the_patterns_of_the_room_are_found() -> None:
    assert len(PATTERNS) > 150
    assert len(SCANS) > 8


def test_every_pattern_takes_time_in_proportion_to_its_text() -> None:
    slow = []
    for pattern, name in PATTERNS.items():

        def run(text: str, pattern: re.Pattern[str] = pattern) -> None:
            for _ in pattern.finditer(text):
                pass

        for text in patterns.hostile_to(pattern.pattern, LENGTH):
            if patterns.cpu_seconds(lambda t=text: run(t), tries=1) < QUICK_SECONDS:  # type: ignore[misc]
                continue
            grows = patterns.growth(run, text * 6)
            if grows > MOST_GROWTH:
                slow.append((name, text[:12], round(grows, 1)))
    assert slow == []


@pytest.mark.parametrize("unit", patterns.UNITS)
def test_the_engine_takes_time_in_proportion_to_its_text(unit: str) -> None:
    identity = known_identity.build([patient()])
    engine = TextEngine()

    def run(text: str) -> None:
        engine.scrub(text, identity=identity, people=PeopleTokens(), question_time=QUESTION)

    text = (unit * 4000)[:4000]
    if patterns.cpu_seconds(lambda: run(text), tries=1) > 0.02:
        assert patterns.growth(run, text) <= MOST_GROWTH


def test_a_gated_pattern_matches_nothing_without_one_of_its_signs() -> None:
    faults = [
        name
        for name, scan in SCANS.items()
        if scan.signs
        and not _needs(regex_parser.parse(scan.pattern.pattern, scan.pattern.flags), scan.signs)
    ]
    assert faults == []


def _needs(part: Any, signs: tuple[str, ...]) -> bool:
    """Return whether all that a parsed pattern matches holds one of ``signs``."""
    run = ""
    for kind, value in part:
        run = run + chr(value).lower() if str(kind) == "LITERAL" else ""
        if any(sign in run for sign in signs) or _item_needs(str(kind), value, signs):
            return True
    return _choices_need(list(part), signs)


def _item_needs(kind: str, value: Any, signs: tuple[str, ...]) -> bool:
    if kind == "SUBPATTERN":
        return _needs(value[-1], signs)
    if kind == "BRANCH":
        return all(_needs(branch, signs) for branch in value[1])
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        return value[0] > 0 and _needs(value[2], signs)
    return kind == "ASSERT" and _needs(value[1], signs)


def _choices_need(part: list[Any], signs: tuple[str, ...]) -> bool:
    """Try again with the choices of a branch, or of an optional letter, joined to what is around.

    "(?:old|new) harbou?r" is parsed in pieces; written out, each holds its sign as one string.
    """
    written = _written_out(part)
    return written is not None and all(any(s in text for s in signs) for text in written)


def _written_out(part: list[Any], most: int = 400) -> list[str] | None:
    texts = [""]
    for kind, value in part:
        pieces = _pieces(str(kind), value)
        texts = [text + piece for text in texts for piece in pieces]
        if len(texts) > most:
            return None
    return texts


def _pieces(kind: str, value: Any) -> list[str]:
    """Return all writings of one item; \x00 stands for what is not fixed."""
    if kind == "LITERAL":
        return [chr(value).lower()]
    if kind == "SUBPATTERN":
        return _written_out(list(value[-1])) or ["\x00"]
    if kind == "BRANCH":
        return [text for branch in value[1] for text in _written_out(list(branch)) or ["\x00"]]
    if kind in ("MAX_REPEAT", "MIN_REPEAT") and value[:2] == (0, 1):
        return ["", *(_written_out(list(value[2])) or ["\x00"])]
    return ["" if kind in ("AT", "ASSERT", "ASSERT_NOT") else "\x00"]
