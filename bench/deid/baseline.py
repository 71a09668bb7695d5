"""The floor to beat: the chart's exact values and ten simple patterns, written in an afternoon."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Span = tuple[int, int]

_MIN_LENGTH: Final = 3
_NAMING: Final = frozenset(
    {"family", "given", "text", "value", "line", "city", "postalCode", "name", "birthDate"}
)
_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b\d{1,4}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b(?:,? \d{{2,4}})?",
        rf"\b{_MONTH}\.? \d{{1,2}}\b(?:,? \d{{4}})?",
        r"\(?\+?\b\d{2,5}\)?[ .-]\d{3,4}[ .-]?\d{3,4}\b",
        r"\b\d{3}-\d{2}-\d{4}\b",
        r"[\w.+-]{1,40}@[\w-]{1,40}\.[\w.]{2,40}",
        r"https?://\S{3,200}|www\.\S{3,200}",
        r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|RN)\.? [A-Z][\w'-]{1,20}(?: [A-Z][\w'-]{1,20})?\b",
        r"\b[A-Z]{0,3}-?\d{6,12}\b",
        r"\b(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b",
    )
)


def find(text: str, chart: Any) -> list[Span]:
    """Return what the patterns match and where the chart's values stand, letter for letter."""
    spans = [match.span() for pattern in PATTERNS for match in pattern.finditer(text)]
    for value in sorted(set(_values(chart, ""))):
        at = text.find(value)
        while at >= 0:
            spans.append((at, at + len(value)))
            at = text.find(value, at + 1)
    return spans


def _values(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _values(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _values(each, name)
    elif isinstance(value, str) and name in _NAMING and len(value) >= _MIN_LENGTH:
        yield value
