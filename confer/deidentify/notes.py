"""De-identifies notes one by one, each with the chart it may bring along: for measuring."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from confer.errors import ChartFileUnusable, DeidBroken, DeidProcessLost
from deid import known_identity, policy
from deid.known_identity import KnownIdentity
from deid.recheck import Gate, Skips
from deid.text.document import ScrubbedText
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens
from runtime import json_text, logs
from runtime.errors import JsonTextError

_MAX_LINE: Final = 20_000_000
_MAX_DEPTH: Final = 80
_NESTED: Final = 6

Resource = Mapping[str, Any]  # FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Note:
    """One line of the input."""

    line: int
    id: str | int
    text: str = field(repr=False)
    chart: tuple[Resource, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class NoteLine:
    """A line to work on and what holds for all of them."""

    line: int
    body: bytes = field(repr=False)
    question_time: datetime
    explain: bool = False


@dataclass(frozen=True, kw_only=True)
class Done:
    """One line of the output, or the problem that stops the run."""

    line: int
    body: bytes = field(default=b"", repr=False)
    spans: int = 0
    characters: int = 0
    held: tuple[str, ...] = ()
    problem: Exception | None = None


def scrub(line: NoteLine) -> Done:
    """Return a line of the output for a line of the input; a known identifier left holds it."""
    try:
        return _scrub(line)
    except ChartFileUnusable as problem:
        return Done(line=line.line, problem=problem)
    except Exception as problem:  # noqa: BLE001 - its words may be the note's: place only
        place = logs.place_of(problem)
        return Done(line=line.line, problem=DeidBroken(line=line.line, place=place))


def _scrub(line: NoteLine) -> Done:
    note = read(line.body, line.line)
    identity = known_identity.build(note.chart)
    done = _engine_output(note, identity, line.question_time)
    gate = Gate(identity, Skips())
    gate.search(done.output, "text")
    hits = gate.result().hits
    told: dict[str, Any] = {
        "id": note.id,
        "spans": list(_spans(done, explain=line.explain)),
        "text": "" if hits else done.output,
    }
    if hits:
        told["held"] = [f"{hit.category} ({hit.rule})" for hit in hits]
    return Done(
        line=line.line,
        body=json_text.dumps(told),
        spans=len(done.spans),
        characters=len(note.text),
        held=tuple(hit.category for hit in hits),
    )


def _engine_output(note: Note, identity: KnownIdentity, question_time: datetime) -> ScrubbedText:
    engine = TextEngine()
    if len(note.text) > engine.max_characters:
        raise ChartFileUnusable(
            problem=f"more than {engine.max_characters} characters", line=note.line,
            expression="text",
        )  # fmt: skip
    return engine.scrub(
        note.text,
        identity=identity,
        people=PeopleTokens(),
        question_time=question_time,
    )


def _spans(done: ScrubbedText, *, explain: bool) -> Iterator[dict[str, Any]]:
    for span in done.spans:
        told: dict[str, Any] = {
            "start": span.start,
            "end": span.end,
            "category": span.category,
            "confidence": span.confidence,
        }
        if explain:
            told["rule"] = span.rule
        yield told


def read(body: bytes, line: int) -> Note:
    """Return the note of a line: `{id, text, chart}`, the chart may be absent.

    Raises `ChartFileUnusable` with line and place.
    """
    try:
        found = json_text.loads(body, max_bytes=_MAX_LINE, max_depth=_MAX_DEPTH)
    except JsonTextError as error:
        problem = f"not strict JSON ({error.rule}, column {error.column})"
        raise ChartFileUnusable(problem=problem, line=line) from None
    if not isinstance(found, dict):
        raise ChartFileUnusable(problem="not an object", line=line)
    own_id, text = found.get("id"), found.get("text")
    if isinstance(own_id, bool) or not isinstance(own_id, (str, int)):
        raise ChartFileUnusable(problem="no id", line=line, expression="id")
    if not isinstance(text, str):
        raise ChartFileUnusable(problem="no text", line=line, expression="text")
    chart = tuple(resources_of(found.get("chart"), "chart", line))
    return Note(line=line, id=own_id, text=text, chart=chart)


def resources_of(
    value: Any, place: str = "chart", line: int = 0, levels: int = _NESTED
) -> Iterator[Resource]:
    """Yield the resources of a chart: one, a list, a Bundle, or any of them by name."""
    if value is None:
        return
    if not isinstance(value, (dict, list)) or not levels:
        raise ChartFileUnusable(problem="not FHIR resources", line=line, expression=place)
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(kind, str) and kind != "Bundle":
        yield value
        return
    for step, each in _members(value):
        yield from resources_of(each, f"{place}{step}", line, levels - 1)


def _members(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield (step of the path, member); a key that is no element name stays out of the path."""
    if isinstance(value, list):
        yield from ((f"[{position}]", each) for position, each in enumerate(value))
        return
    if value.get("resourceType") != "Bundle":
        for name, each in value.items():
            yield (f".{name}" if name in _resource_types() else ".(key)"), each
        return
    entries = value.get("entry")
    for position, entry in enumerate(entries if isinstance(entries, list) else []):
        inner = entry.get("resource") if isinstance(entry, dict) else None
        yield f".entry[{position}].resource", inner


@cache
def _resource_types() -> frozenset[str]:
    """Return the words that may stand in an error: any other key could be a name."""
    types = policy.load().types
    return frozenset((*types.nodes, *types.withheld))


def lines_of(body: bytes, question_time: datetime, *, explain: bool) -> Sequence[NoteLine]:
    """Return the lines of a file that hold something."""
    return [
        NoteLine(line=number, body=line, question_time=question_time, explain=explain)
        for number, line in enumerate(body.split(b"\n"), start=1)
        if line.strip()
    ]


def lost(line: NoteLine) -> Done:
    """Return the result of a line whose process died."""
    return Done(line=line.line, problem=DeidProcessLost())
