"""Scores spans against annotated notes: our own count of the published measures.

A note is {id, text, spans: [{start, end, category, policy?, in_chart?}], traps: [{start, end}]}.
Spans of policy `optional` are scored neither way; only letters and digits count.

- full: share of spans whose every letter and digit is covered; a title inside a name may stay
- recall, precision: share of identifying characters covered; share of covered ones that identify
- traps: share of look-alikes of which a letter or digit was taken
- clean: share of notes with identifiers of which none is left; leak: notes with a name left
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Note = Mapping[str, Any]  # JSON
Span = tuple[int, int]

_TITLES = frozenset(
    {"dr", "mr", "mrs", "ms", "miss", "prof", "professor", "doctor", "sr", "fr", "md", "do", "rn",
     "np"}
)  # fmt: skip
_WORD = re.compile(r"[^\s.]+")


@dataclass
class Share:
    """A part of a whole."""

    part: int = 0
    whole: int = 0

    def add(self, *, hit: bool) -> None:
        """Count one more."""
        self.part += hit
        self.whole += 1

    @property
    def ratio(self) -> float | None:
        """The share, or None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass
class Scores:
    """All measures over a set of notes."""

    full: Share = field(default_factory=Share)
    in_chart: Share = field(default_factory=Share)
    by_category: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    by_template: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    recall: Share = field(default_factory=Share)
    precision: Share = field(default_factory=Share)
    over: Share = field(default_factory=Share)
    traps: Share = field(default_factory=Share)
    clean: Share = field(default_factory=Share)
    leak: Share = field(default_factory=Share)
    direct: Share = field(default_factory=Share)


_DIRECT = re.compile(
    r"PHONE|FAX|EMAIL|SSN|MRN|HEALTH|ACCOUNT|LICEN|NATIONAL|OTHER_ID|DEVICE|VEHICLE|URL|IP\b|"
    r"USERNAME|UNIQUE|RECORD|NUMBER|CERTIFICATE|SOCIAL"
)


def score(notes: Iterable[Note], found: Mapping[str, Sequence[Span]]) -> Scores:
    """Count every note; one without an answer counts as one in which nothing was found."""
    scores = Scores()
    for note in notes:
        _count(note, _places(found.get(note["id"], ()), len(note["text"])), scores)
    return scores


def _places(spans: Iterable[Span], length: int) -> set[int]:
    return {at for start, end in spans for at in range(max(0, start), min(length, end))}


def _gold(note: Note, *, optional: bool) -> list[Mapping[str, Any]]:
    return [s for s in note["spans"] if (s.get("policy") == "optional") is optional]


def _count(note: Note, covered: set[int], scores: Scores) -> None:
    text = note["text"]
    wanted = _gold(note, optional=False)
    size = len(text)
    identifying = _places(((s["start"], s["end"]) for s in wanted), size)
    free = _places(((s["start"], s["end"]) for s in _gold(note, optional=True)), size)
    letters = {at for at, sign in enumerate(text) if sign.isalnum()}
    scored = letters - (free - identifying)
    _characters(scored & identifying, scored - identifying, scored & covered, scores)
    _spans(note, wanted, letters - covered, scores)
    for trap in note.get("traps", ()):
        place = set(range(trap["start"], trap["end"])) & letters - identifying
        scores.traps.add(hit=bool(place & covered))


def _characters(wanted: set[int], other: set[int], taken: set[int], scores: Scores) -> None:
    scores.recall.part += len(wanted & taken)
    scores.recall.whole += len(wanted)
    scores.precision.part += len(wanted & taken)
    scores.precision.whole += len(taken)
    scores.over.part += len(other & taken)
    scores.over.whole += len(other)


def _spans(note: Note, wanted: list[Mapping[str, Any]], left: set[int], scores: Scores) -> None:
    missed: list[str] = []
    for span in wanted:
        still = left & set(range(span["start"], span["end"]))
        if span["category"].startswith("NAME"):
            still -= _titles(note["text"], span["start"], span["end"])
        scores.full.add(hit=not still)
        scores.by_category[span["category"]].add(hit=not still)
        scores.by_template[note.get("template", "")].add(hit=not still)
        if span.get("in_chart"):
            scores.in_chart.add(hit=not still)
        if still:
            missed.append(span["category"])
    if not wanted:
        return
    categories = [span["category"] for span in wanted]
    scores.clean.add(hit=not missed)
    if any(each.startswith("NAME") for each in categories):
        scores.leak.part += any(each.startswith("NAME") for each in missed)
    scores.leak.whole += any(each.startswith("NAME") for each in categories)
    scores.direct.add(hit=any(_DIRECT.search(each) for each in missed))


def _titles(text: str, start: int, end: int) -> set[int]:
    return {
        at
        for word in _WORD.finditer(text, start, end)
        if word[0].lower() in _TITLES
        for at in range(word.start(), word.end())
    }
