"""Reads notes whose identifiers are marked in the text itself: easy to write and to review.

``=== id style region`` heads a note; ``[[CATEGORY:text]]`` is an identifier, ``((text))`` a trap
that only looks like one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STYLES = Path(__file__).resolve().parents[2] / "fixtures" / "deid" / "styles.txt"
_MARK = re.compile(r"\[\[(?P<c>[A-Z0-9_]+):(?P<t>.*?)\]\]|\(\((?P<trap>.*?)\)\)(?!\))", re.DOTALL)
_HEAD = re.compile(r"(?m)^=== (?P<id>\S+) .*\n")
#: neither a miss nor a false alarm: may leave by the rules
_OPTIONAL = {"AGE", "STATE", "DATE_RELATIVE", "OCCUPATION", "DATE_YEAR"}


def notes(path: Path = STYLES) -> Iterator[dict[str, Any]]:
    """Yield each note as the annotated notes of notes.jsonl are, without a chart."""
    text = path.read_text(encoding="utf-8")
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield _note(head["id"], text[head.end() : end].rstrip("\n"))


def _note(note_id: str, marked: str) -> dict[str, Any]:
    text, position = "", 0
    spans: list[dict[str, Any]] = []
    traps: list[dict[str, Any]] = []
    for match in _MARK.finditer(marked):
        text += marked[position : match.start()]
        start = len(text)
        text += match["trap"] if match["trap"] is not None else match["t"]
        place = {"start": start, "end": len(text)}
        if match["trap"] is not None:
            traps.append(place)
        else:
            policy = "optional" if match["c"] in _OPTIONAL else "hipaa"
            spans.append({**place, "category": match["c"], "policy": policy, "in_chart": False})
        position = match.end()
    text += marked[position:]
    return {"id": note_id, "text": text, "spans": spans, "traps": traps, "chart": None}
