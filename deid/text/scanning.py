"""Patterns that are worth trying only where one of their words stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scan:
    """A pattern and its signs: lower-case strings, one of which stands in whatever it matches.

    A search for a string is many times as fast as a pattern that must be tried at every letter. A
    test checks that no match is possible without a sign.
    """

    pattern: re.Pattern[str]
    signs: tuple[str, ...]

    def over(self, text: str, lower: str) -> Iterator[re.Match[str]]:
        """Yield the matches in ``text``; ``lower`` is the same text without capitals."""
        if any(map(lower.__contains__, self.signs)):
            return self.pattern.finditer(text)
        return iter(())


def signs(table: str) -> tuple[str, ...]:
    """Return the signs of a block of text, parted by bars, so that long lists stay readable."""
    return tuple(sign for line in table.strip("\n").split("\n") for sign in line.strip().split("|"))
