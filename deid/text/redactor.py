"""Writes the replacements into the text and says where everything stands, before and after."""

from collections.abc import Iterable
from typing import NamedTuple

from deid.text.document import Finding, GiveBack, Kind, PhiText, ScrubbedText, Span, SpanSet


class Edit(NamedTuple):
    """One replacement to make; ``start`` and ``end`` are of the original text."""

    start: int
    end: int
    finding: Finding
    kind: Kind
    replacement: str
    give_back: GiveBack | None

    def __repr__(self) -> str:
        return f"Edit({self.start}-{self.end}, {self.finding.rule})"


def redact(text: str, edits: Iterable[Edit]) -> ScrubbedText:
    """Return ``text`` with every edit made, in text order, and the spans of both sides."""
    pieces: list[str] = []
    spans: list[Span] = []
    position = length = 0
    for edit in edits:
        kept = text[position : edit.start]
        start = length + len(kept)
        length = start + len(edit.replacement)
        pieces.extend((kept, edit.replacement))
        spans.append(
            Span(
                start=edit.start,
                end=edit.end,
                out_start=start,
                out_end=length,
                category=edit.finding.category,
                confidence=edit.finding.confidence,
                rule=edit.finding.rule,
                replacement=edit.replacement,
                kind=edit.kind,
                give_back=edit.give_back,
            )
        )
        position = edit.end
    pieces.append(text[position:])
    return ScrubbedText(
        original=PhiText(text), output="".join(pieces), spans=SpanSet(tuple(spans)).spans
    )
