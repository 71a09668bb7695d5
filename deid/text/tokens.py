"""Words of a text with the facts that name rules ask for."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from deid.folding import FoldedText, fold

# A possessive 's is not part of the word; an inner apostrophe or hyphen is (O'Hara, Al-Masri).
_WORD = re.compile(r"[^\W\d_]+(?:['-](?![sS]\b)[^\W\d_]+)*")
_SENTENCE_END = frozenset(".:;!?\n|>]*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word; offsets are of the folded text."""

    start: int
    end: int
    text: str = field(repr=False)
    lower: str = field(repr=False)

    @property
    def capitalized(self) -> bool:
        """The word starts with a capital letter."""
        return self.text[0].isupper()

    @property
    def shouting(self) -> bool:
        """The word has two letters or more, all capitals."""
        return len(self.text) > 1 and self.text.isupper()


@dataclass(frozen=True)
class TextView:
    """One text, folded and cut into words once, for all recognizers to read."""

    folded: FoldedText = field(repr=False)

    @property
    def plain(self) -> str:
        """The folded text with its capitals."""
        return self.folded.plain

    @property
    def lower(self) -> str:
        """The folded text without capitals, same length."""
        return self.folded.lower

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """All words in order."""
        plain, lower = self.folded.plain, self.folded.lower
        return tuple(
            Token(m.start(), m.end(), m.group(), lower[m.start() : m.end()])
            for m in _WORD.finditer(plain)
        )

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
        before = self.plain[token.start - 1 : token.start]
        return before.isdigit() or self.plain[token.end : token.end + 1].isdigit()


def view(text: str) -> TextView:
    """Return ``text`` ready for recognizers."""
    return TextView(fold(text))
