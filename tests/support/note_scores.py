"""Scores the text engine on annotated notes: recall of full spans, damaged traps, lost text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deid import known_identity
from deid.text.document import Span
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

NOTES = Path(__file__).resolve().parents[2] / "fixtures" / "deid" / "notes.jsonl"
QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
#: titles may stay: "Dr", "Mrs"
_TITLES = {"dr", "mr", "mrs", "ms", "miss", "prof", "md", "rn"}


@dataclass
class Score:
    """Counts over all notes; ``missed`` holds (note id, category) of spans not fully covered."""

    wanted: int = 0
    covered: int = 0
    in_chart: int = 0
    in_chart_covered: int = 0
    traps: int = 0
    traps_damaged: int = 0
    other: int = 0
    other_removed: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)


def notes() -> Iterator[dict[str, Any]]:
    """Yield the annotated notes."""
    with NOTES.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def chart_resources(note: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the FHIR resources of the note's chart."""
    chart = note["chart"]
    return [
        chart["Patient"],
        *chart["RelatedPerson"],
        *chart["Practitioner"],
        *chart["Organization"],
        chart["Encounter"],
    ]


def score_all(engine: TextEngine) -> Score:
    """Scrub every note with what its chart knows and count."""
    score = Score()
    for note in notes():
        result = engine.scrub(
            note["text"],
            identity=known_identity.build(chart_resources(note)),
            people=PeopleTokens(),
            question_time=QUESTION,
        )
        _count(score, note, result.spans)
    return score


def _count(score: Score, note: Mapping[str, Any], spans: Sequence[Span]) -> None:
    text = note["text"]
    covered = {i for s in spans for i in range(s.start, s.end)}
    gold = {i for s in note["spans"] for i in range(s["start"], s["end"])}
    for span in note["spans"]:
        if span["policy"] == "optional":
            continue
        left = {i for i in range(span["start"], span["end"]) if text[i].isalnum()} - covered
        body = "".join(text[i] for i in sorted(left)).lower()
        full = not left or body in _TITLES
        score.wanted += 1
        score.covered += full
        score.in_chart += span["in_chart"]
        score.in_chart_covered += span["in_chart"] and full
        if not full:
            score.missed.append((note["id"], span["category"]))
    for trap in note["traps"]:
        place = set(range(trap["start"], trap["end"])) - gold
        score.traps += 1
        score.traps_damaged += any(text[i].isalnum() for i in place & covered)
    plain = {i for i, c in enumerate(text) if c.isalnum()} - gold
    score.other += len(plain)
    score.other_removed += len(plain & covered)
