"""Ours, both peers and the baseline on the same notes in the same run: quality and speed."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import baseline
import scores
from tables import percent, table

from confer.deidentify import notes as note_lines
from deid import known_identity
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

HERE: Final = Path(__file__).resolve().parent
PEER_PYTHON: Final = HERE / ".venv" / "bin" / "python"
QUESTION: Final = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PEERS: Final = {
    "presidio": "Presidio + small English model",
    "philter": "philter-lite (spaCy's tagger)",
}
_FOLDS: Final = 5
_WARM_UP: Final = 20

Note = Mapping[str, Any]  # JSON
Spans = dict[str, list[tuple[int, int]]]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one system found, and how long it took."""

    name: str
    found: Spans = field(repr=False)
    seconds: float
    start_seconds: float | None = None
    peak_mb: float | None = None


def read(path: Path) -> list[Note]:
    """Return the notes of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def ours(notes: Sequence[Note], *, with_chart: bool) -> Result:
    """Run our engine; reading each chart is part of the time."""
    engine = TextEngine()
    charts = [
        tuple(note_lines.resources_of(note.get("chart") if with_chart else None)) for note in notes
    ]
    for note in notes[:_WARM_UP]:
        _scrub(engine, note["text"], ())
    started = time.process_time()
    found = {
        note["id"]: _scrub(engine, note["text"], chart)
        for note, chart in zip(notes, charts, strict=True)
    }
    seconds = time.process_time() - started
    return Result(
        name="Confer, with the chart" if with_chart else "Confer, no chart",
        found=found,
        seconds=seconds,
    )


def _scrub(
    engine: TextEngine, text: str, chart: Sequence[Mapping[str, Any]]
) -> list[tuple[int, int]]:
    done = engine.scrub(
        text,
        identity=known_identity.build(chart),
        people=PeopleTokens(),
        question_time=QUESTION,
    )
    return [(span.start, span.end) for span in done.spans]


def simple(notes: Sequence[Note]) -> Result:
    """Run the baseline."""
    started = time.process_time()
    found = {note["id"]: baseline.find(note["text"], note.get("chart")) for note in notes}
    seconds = time.process_time() - started
    return Result(name="exact chart values + ten patterns", found=found, seconds=seconds)


def peer(key: str, notes: Sequence[Note]) -> Result:
    """Run a peer in its own environment, over the same texts."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        lines = (json.dumps({"id": note["id"], "text": note["text"]}) for note in notes)
        source.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        subprocess.run(  # noqa: S603 - our own script in our own environment
            [PEER_PYTHON, HERE / "peers.py", key, source, target], check=True, capture_output=True
        )
        *answers, told = read(target)
    found = {each["id"]: [(s["start"], s["end"]) for s in each["spans"]] for each in answers}
    return Result(
        name=PEERS[key],
        found=found,
        seconds=told["seconds"],
        start_seconds=told["start_seconds"],
        peak_mb=told["peak_mb"],
    )


def run(path: Path) -> str:
    """Measure everything on one file and return the tables as Markdown."""
    notes = read(path)
    has_chart = any(note.get("chart") for note in notes)
    results = [ours(notes, with_chart=True)] if has_chart else []
    results.append(ours(notes, with_chart=False))
    missing = []
    for key, name in PEERS.items():
        if PEER_PYTHON.exists():
            results.append(peer(key, notes))
        else:
            missing.append(name)
    if has_chart:
        results.append(simple(notes))
    characters = sum(len(note["text"]) for note in notes)
    counted = {each.name: scores.score(notes, each.found) for each in results}
    parts = [
        f"{path.name}: {len(notes)} notes, {characters:,} characters.",
        _quality(results, counted, characters),
        _categories(counted),
    ]
    if any(note.get("template") for note in notes):
        parts.append(_folds(counted))
    if missing:
        parts.append(f"Not installed, run bench/deid/setup first: {', '.join(missing)}.")
    return "\n\n".join(parts)


def _quality(
    results: Sequence[Result], counted: Mapping[str, scores.Scores], characters: int
) -> str:
    presidio = next((each for each in results if each.name == PEERS["presidio"]), None)
    rows = []
    for each in results:
        got = counted[each.name]
        ratio = f"{presidio.seconds / each.seconds:.1f}" if presidio else "-"
        rows.append(
            (
                each.name,
                *(percent(share.ratio) for share in (got.full, got.in_chart)),
                f"{percent(got.recall.ratio)} / {percent(got.precision.ratio)}",
                *(
                    percent(share.ratio)
                    for share in (got.traps, got.over, got.clean, got.leak, got.direct)
                ),
                f"{characters / each.seconds:,.0f}",
                ratio,
            )
        )
    return table(
        (
            "system",
            "full recall",
            "in chart",
            "char recall / precision",
            "traps damaged",
            "other text taken",
            "clean notes",
            "notes with a name leak",
            "notes with a number or contact leak",
            "chars/s",
            "x Presidio",
        ),
        rows,
    )


def _categories(counted: Mapping[str, scores.Scores]) -> str:
    names = sorted({name for each in counted.values() for name in each.by_category})
    rows = [
        (
            name,
            str(next(iter(counted.values())).by_category[name].whole),
            *(percent(each.by_category[name].ratio) for each in counted.values()),
        )
        for name in names
    ]
    return table(("category, full recall", "spans", *counted), rows)


def _folds(counted: Mapping[str, scores.Scores]) -> str:
    """Recall over five groups of templates: what a mean over all of them may hide."""
    rows = []
    for name, got in counted.items():
        ratios = []
        templates = sorted(got.by_template)
        for fold in range(_FOLDS):
            chosen = [got.by_template[each] for each in templates[fold::_FOLDS]]
            whole = sum(each.whole for each in chosen)
            ratios.append(sum(each.part for each in chosen) / whole if whole else 1.0)
        rows.append(
            (name, *(percent(each) for each in ratios), f"{(max(ratios) - min(ratios)) * 100:.1f}")
        )
    heads = tuple(f"group {number}" for number in range(1, _FOLDS + 1))
    return table(("full recall by group of templates", *heads, "spread, points"), rows)
