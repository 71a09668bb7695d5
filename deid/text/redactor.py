"""Writes the replacements into the text and says where everything stands, before and after."""

from collections.abc import Iterable
from dataclasses import replace

from deid.text.document import PhiText, ScrubbedText, Span, SpanSet


def redact(text: str, spans: Iterable[Span]) -> ScrubbedText:
    """Return ``text`` with every span replaced; ``out_start`` and ``out_end`` are filled in."""
    pieces: list[str] = []
    placed: list[Span] = []
    position = length = 0
    for span in SpanSet(tuple(spans)):
        kept = text[position : span.start]
        start = length + len(kept)
        length = start + len(span.replacement)
        pieces.extend((kept, span.replacement))
        placed.append(replace(span, out_start=start, out_end=length))
        position = span.end
    pieces.append(text[position:])
    return ScrubbedText(original=PhiText(text), output="".join(pieces), spans=tuple(placed))
