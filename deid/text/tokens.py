"""Words of a text with the facts that name rules ask for."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from deid.folding import FoldedText, fold
from deid.text.scanning import Scan

# A possessive 's is not part of the word; an inner apostrophe or hyphen is (O'Hara, Al-Masri).
_WORD = re.compile(r"(?<!\w')[^\W\d_]+(?:['-](?![sS]\b)[^\W\d_]+)*")
_DIGITS = re.compile(r"\d+")
#: width in characters between which a text looks wrapped by an editor
_NARROW, _WIDE = 40, 110
_SENTENCE_END = frozenset(".:;!?\n|>]*")


class Token(NamedTuple):
    """One word; offsets are of the folded text. A tuple, because there are very many."""

    start: int
    end: int
    text: str
    lower: str
    #: the word starts with a capital letter
    capitalized: bool
    #: the word has two letters or more, all capitals
    shouting: bool

    def __repr__(self) -> str:
        return f"Token({self.start}-{self.end})"


@dataclass(frozen=True)
class TextView:
    """One text, folded and cut into words once, for all recognizers to read."""

    folded: FoldedText = field(repr=False)

    @cached_property
    def plain(self) -> str:
        """The folded text with its capitals; lines that were only wrapped are joined."""
        return unwrap(self.folded.plain)

    @cached_property
    def lower(self) -> str:
        """The same without capitals; same length, same offsets."""
        if self.plain is self.folded.plain:
            return self.folded.lower
        return unwrap(self.folded.lower)

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """All words in order."""
        plain, lower = self.plain, self.lower
        words = []
        for match in _WORD.finditer(plain):
            start, end = match.span()
            word = plain[start:end]
            capital = word[0].isupper()
            shouting = capital and end - start > 1 and word.isupper()
            words.append(Token(start, end, word, lower[start:end], capital, shouting))
        return tuple(words)

    @cached_property
    def digit_runs(self) -> Sequence[tuple[int, int]]:
        """Start and end of every unbroken row of digits."""
        return [match.span() for match in _DIGITS.finditer(self.lower)]

    def from_digits(self, pattern: re.Pattern[str], *, least: int = 1) -> Iterator[re.Match[str]]:
        """Yield the matches of a pattern that can only begin at the start of a row of digits.

        The same as ``pattern.finditer(view.lower)``, tried only there: several times as fast.
        Rows of fewer than ``least`` digits are passed over.
        """
        text, after = self.lower, 0
        for start, end in self.digit_runs:
            if start >= after and end - start >= least:
                match = pattern.match(text, start)
                if match:
                    after = match.end()
                    yield match

    def has(self, signs: tuple[str, ...]) -> bool:
        """Return whether any of ``signs`` (lower case) stands in the text: cheaper than a regex."""
        return any(map(self.lower.__contains__, signs))

    def has_run(self, length: int) -> bool:
        """Return whether a row of exactly ``length`` digits stands in the text."""
        return any(end - start == length for start, end in self.digit_runs)

    def scan(self, scan: Scan) -> Iterator[re.Match[str]]:
        """Yield the matches of a pattern in the text without capitals."""
        return scan.over(self.lower, self.lower)

    def scan_plain(self, scan: Scan) -> Iterator[re.Match[str]]:
        """Yield the matches of a pattern in the text with its capitals."""
        return scan.over(self.plain, self.lower)

    @cached_property
    def _starts(self) -> list[int]:
        return [t.start for t in self.tokens]

    def index_at(self, position: int) -> int:
        """Return the index of the first word that starts at or after ``position``."""
        return bisect_left(self._starts, position)

    @cached_property
    def style(self) -> str:
        """ "upper", "lower" or "mixed": whether capitals tell anything in this text."""
        words = [t for t in self.tokens if len(t.text) > 2]
        if not words:
            return "mixed"
        if sum(t.shouting for t in words) >= 0.7 * len(words):
            return "upper"
        return "mixed" if any(t.capitalized for t in words) else "lower"

    def starts_sentence(self, token: Token) -> bool:
        """Return whether a plain word would be capitalized here."""
        head = self.plain[max(0, token.start - 4) : token.start].rstrip(" \t\"'(#-")
        return not head or head[-1] in _SENTENCE_END

    def touches_digit(self, token: Token) -> bool:
        """Return whether the word is part of a code such as CD4 or T2N0."""
        start, end = token.start, token.end
        return (start > 0 and self.plain[start - 1].isdigit()) or self.plain[
            end : end + 1
        ].isdigit()


def unwrap(text: str) -> str:
    """Return ``text`` with line breaks turned to spaces where an editor broke a full line.

    A break is soft when the next word would not have fitted into the longest line.
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    if len(lines) == 1 or not _NARROW <= width <= _WIDE:
        return text
    pieces: list[str] = []
    for line, following in pairwise(lines):
        word = following.split(" ", 1)[0]
        soft = bool(line) and bool(word) and len(line) + 1 + len(word) > width
        pieces.extend((line, " " if soft else "\n"))
    return "".join(pieces) + lines[-1]


def view(text: str) -> TextView:
    """Return ``text`` ready for recognizers."""
    return TextView(fold(text))
