"""Ages in years told in decades, when the doctor wants the age made general."""

import re
from collections.abc import Iterator

from deid.text.document import Finding
from deid.text.tokens import TextView

_AGE = re.compile(
    r"(?<![\d./-])(?P<n>[1-8]\d)(?=[\s-]{0,2}(?:y\.?/?o\b|yrs?\b|years?[\s-]{0,2}old\b|"
    r"year[\s-]{1,2}old\b)|\s?[mf](?![a-z0-9]))"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield every age from 10 to 89 years."""
    for match in _AGE.finditer(view.lower):
        decade = int(match["n"]) // 10 * 10
        yield Finding(
            start=match.start("n"),
            end=match.end("n"),
            category="age",
            confidence="known",
            rule="age.decade",
            wording=f"{decade} to {decade + 9}",
        )
