"""Scores the text engine on annotated notes: recall of full spans, damaged traps, lost text.

``python -m tests.support.note_scores`` writes fixtures/deid/known_misses.txt anew; review its diff.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deid import known_identity
from deid.text.document import Span
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens
from tests.support import marked_notes

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "deid"
NOTES = FOLDER / "notes.jsonl"
KNOWN_MISSES = FOLDER / "known_misses.txt"
QUESTION = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
#: titles may stay: "Dr", "Mrs"
_TITLES = {"dr", "mr", "mrs", "ms", "miss", "prof", "md", "rn"}


@dataclass
class Score:
    """Counts over notes; ``missed`` and ``damaged`` hold "note category start" lines."""

    wanted: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    in_chart: int = 0
    in_chart_covered: int = 0
    traps: int = 0
    damaged: list[str] = field(default_factory=list)
    damaged_surely: list[str] = field(default_factory=list)
    other: int = 0
    other_removed: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of identifiers covered letter by letter."""
        return self.covered.total() / self.wanted.total()


def notes() -> Iterator[dict[str, Any]]:
    """Yield the annotated notes."""
    with NOTES.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def chart_resources(note: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the FHIR resources of the note's chart; none when it has no chart."""
    chart = note["chart"]
    if not chart:
        return []
    return [
        chart["Patient"],
        *chart["RelatedPerson"],
        *chart["Practitioner"],
        *chart["Organization"],
        chart["Encounter"],
    ]


def score_all(engine: TextEngine, annotated: Iterable[Mapping[str, Any]]) -> Score:
    """Scrub every note with what its chart knows and count."""
    score = Score()
    for note in annotated:
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
        if span["policy"] != "optional":
            _count_span(score, note["id"], span, text, covered)
    sure = {i for s in spans if s.confidence != "likely" for i in range(s.start, s.end)}
    for trap in note["traps"]:
        place = {i for i in range(trap["start"], trap["end"]) if text[i].isalnum()} - gold
        score.traps += 1
        line = f"{note['id']} TRAP {trap['start']}"
        if place & covered:
            score.damaged.append(line)
        if place & sure:
            score.damaged_surely.append(line)
    plain = {i for i, c in enumerate(text) if c.isalnum()} - gold
    score.other += len(plain)
    score.other_removed += len(plain & covered)


def _count_span(
    score: Score, note_id: str, span: Mapping[str, Any], text: str, covered: set[int]
) -> None:
    left = {i for i in range(span["start"], span["end"]) if text[i].isalnum()} - covered
    full = not left or "".join(text[i] for i in sorted(left)).lower() in _TITLES
    category = span["category"]
    score.wanted[category] += 1
    score.covered[category] += full
    score.in_chart += span["in_chart"]
    score.in_chart_covered += span["in_chart"] and full
    if not full:
        score.missed.append(f"{note_id} {category} {span['start']}")


def failures(*scores: Score) -> list[str]:
    """Return every miss and every trap damaged with certainty."""
    return sorted(line for s in scores for line in (*s.missed, *s.damaged_surely))


def _record() -> None:
    sets = (notes(), marked_notes.notes())
    found = failures(*(score_all(TextEngine(), annotated) for annotated in sets))
    KNOWN_MISSES.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")


if __name__ == "__main__":
    _record()
