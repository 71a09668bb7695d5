"""Words of a text with the facts that name rules ask for."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

from deid.folding import FoldedText, fold
from deid.text.openings import ANY, DIGITS, LETTERS, Openings, Words
from deid.text.scanning import Scan, by_head

# A possessive 's is not part of the word; an inner apostrophe or hyphen is (O'Hara, Al-Masri).
_WORD = re.compile(r"(?<!\w')[^\W\d_]+(?:['-](?![sS]\b)[^\W\d_]+)*")
#: the same where there are no other letters, several times as fast
_ASCII_WORD = re.compile(r"[A-Za-z](?<!\w'[A-Za-z])[A-Za-z]*(?:['-](?![sS]\b)[A-Za-z]+)*")
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[a-z]+")
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
        for match in (_ASCII_WORD if plain.isascii() else _WORD).finditer(plain):
            start, end = match.span()
            word, folded = plain[start:end], lower[start:end]
            capital = shouting = False
            if word != folded:
                capital = word[0].isupper()
                shouting = capital and end - start > 1 and word.isupper()
            words.append(Token(start, end, word, folded, capital, shouting))
        return tuple(words)

    @cached_property
    def capitals(self) -> Sequence[int]:
        """The indexes of the words that begin with a capital."""
        return [index for index, token in enumerate(self.tokens) if token.capitalized]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the text without capitals, once."""
        return frozenset([token.lower for token in self.tokens])

    @cached_property
    def digit_runs(self) -> Sequence[tuple[int, int]]:
        """Start and end of every unbroken row of digits."""
        return [match.span() for match in _DIGITS.finditer(self.lower)]

    def has(self, signs: tuple[str, ...]) -> bool:
        """Return whether any of ``signs`` (lower case) stands in the text: cheaper than a regex."""
        return any(map(self.lower.__contains__, signs))

    def has_run(self, length: int) -> bool:
        """Return whether a row of exactly ``length`` digits stands in the text."""
        return any(end - start == length for start, end in self.digit_runs)

    def scan(self, scan: Scan) -> Iterable[re.Match[str]]:
        """Return the matches of a pattern in the text without capitals."""
        if scan.by_heads_only:
            starts = self._opened.get(scan)
            return tried(scan.pattern, self.lower, starts) if starts else ()
        return self._matches(scan, self.lower)

    def scan_plain(self, scan: Scan) -> Iterable[re.Match[str]]:
        """Return the matches of a pattern in the text with its capitals."""
        return self._matches(scan, self.plain)

    def _matches(self, scan: Scan, text: str) -> Iterable[re.Match[str]]:
        if scan.signs and not self.has(scan.signs):
            return ()
        where = scan.openings
        if where is None or where.one_sign:
            return scan.pattern.finditer(text)
        starts = self._beginnings(scan, where)
        return tried(scan.pattern, text, starts) if starts else ()

    def _beginnings(self, scan: Scan, where: Openings) -> Sequence[int]:
        """Return every position where a match can begin, in order."""
        rows: list[Iterable[int]] = [self._opened.get(scan, ())]
        rows.extend(map(self._words.__getitem__, where.words))
        rows.extend(map(self._places_of, where.signs))
        return sorted(chain(*rows))

    @cached_property
    def _heads(self) -> Mapping[str, list[int]]:
        """Where words and rows of digits begin, by their heads (see `deid.text.openings`)."""
        lower = self.lower
        heads: dict[str, list[int]] = {}
        any_word: Sequence[list[int]] = ([], [], [], [])
        for match in _LETTERS.finditer(lower):
            start, end = match.span()
            heads.setdefault(lower[start:end][:LETTERS], []).append(start)
            any_word[min(end - start, LETTERS)].append(start)
        heads.update((ANY * length, any_word[length]) for length in range(1, LETTERS + 1))
        for start, end in self.digit_runs:
            row = "0" * min(end - start, DIGITS)
            behind = lower[end : end + 1] or "$"
            heads.setdefault(row, []).append(start)
            heads.setdefault(row + ("a" if behind.isalpha() else behind), []).append(start)
        return heads

    @cached_property
    def _opened(self) -> Mapping[Scan, Sequence[int]]:
        """Where each pattern can begin by the words and rows of digits of this text."""
        known = by_head()
        opened: dict[Scan, list[int]] = {}
        for head, starts in self._heads.items():
            for scan in known.get(head, ()):
                opened[scan] = [*opened[scan], *starts] if scan in opened else starts
        for starts in opened.values():
            starts.sort()
        return opened

    @cached_property
    def _words(self) -> Mapping[Words, Sequence[int]]:
        """Where words begin, by how they begin."""
        plain = self.plain
        words: dict[Words, list[int]] = {"Aa": [], "AA": [], "A": []}
        every = (self._heads[ANY * length] for length in range(1, LETTERS + 1))
        for start in chain(*every):
            if plain[start].isupper():
                second = plain[start + 1 : start + 2]
                kind: Words = (
                    "AA" if "A" <= second <= "Z" else "Aa" if "a" <= second <= "z" else "A"
                )
                words[kind].append(start)
        return words

    def _places_of(self, sign: str) -> Iterator[int]:
        position = self.lower.find(sign)
        while position >= 0:
            yield position
            position = self.lower.find(sign, position + 1)

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
        before, after = self._digit_edges
        return token.start in before or token.end in after

    @cached_property
    def _digit_edges(self) -> tuple[frozenset[int], frozenset[int]]:
        """Where rows of digits end, and where they begin."""
        runs = self.digit_runs
        return frozenset([end for _start, end in runs]), frozenset([start for start, _end in runs])


def tried(pattern: re.Pattern[str], text: str, starts: Sequence[int]) -> Iterator[re.Match[str]]:
    """Yield what ``pattern.finditer(text)`` yields when a match can begin at ``starts`` only."""
    after = 0
    for start in starts:
        if start >= after:
            match = pattern.match(text, start)
            if match:
                after = match.end()
                yield match


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
