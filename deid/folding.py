# ruff: noqa: RUF001 - look-alike letters are the subject of this module
"""Reading text so that a disguise does not help: folded letters with a map back to the original."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

# Letters of other scripts that look like Latin ones. Cyrillic is always read as its look-alike
# (charts here are Latin); Greek only inside a Latin word, because "β-blocker" must stay Greek.
_CYRILLIC = str.maketrans("АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһ", "ABESIJKMHOPCTYXaesijopcyxdh")
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονι", "ABEZHIKMNOPTYXovi", strict=True))
_PLAIN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00b4": "'", "\u0060": "'", "\u2032": "'",
        "\u201c": '"', "\u201d": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-",
        "\u2014": "-", "\u2212": "-", "\u2044": "/", "\u00f8": "o", "\u00d8": "O", "\u0142": "l",
        "\u0141": "L", "\u0111": "d", "\u0110": "D", "\u0131": "i", "\u00df": "ss", "\u00e6": "ae",
        "\u00c6": "AE", "\u0153": "oe", "\u0152": "OE", "\u00fe": "th", "\u00de": "Th",
        "\u00f0": "d", "\u00d0": "D",
    }
)  # fmt: skip


# Thai and Lao, Burmese, Korean (folded into its letters), Khmer, kana, Han: no spaces between
# words, or particles that touch the word before.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)

_TWO_KOREAN_SIGNS = 4
_FOREIGN = re.compile(r"[^\x00-\x7f]")


def is_unspaced(folded: str) -> bool:
    """Return whether folded letters are a word of a script that parts no words by spaces.

    One sign is no word: it stands inside many. Korean comes folded, two letters or three a sign.
    """
    if folded.isascii() or _UNSPACED.fullmatch(folded) is None:
        return False
    return len(folded) >= (_TWO_KOREAN_SIGNS if "\u1100" <= folded[0] <= "\u11ff" else 2)


def is_caseless(folded: str) -> bool:
    """Return whether letters are of a script without capitals: a missing one proves nothing."""
    return not folded.isascii() and folded.lower() == folded.upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldedText:
    """A text as a searcher should read it.

    ``plain`` keeps upper and lower case, ``lower`` has the same length without it. ``starts`` maps
    an index of them to the original, one entry more than characters; None when nothing moved.
    """

    plain: str = field(repr=False)
    lower: str = field(repr=False)
    starts: Sequence[int] | None = field(repr=False)

    def original_start(self, index: int) -> int:
        """Return where the character at ``index`` begins in the original text."""
        return index if self.starts is None else self.starts[index]

    def original_end(self, index: int) -> int:
        """Return where the original text ends that is covered up to ``index`` (exclusive)."""
        if self.starts is None or index == 0:
            return index
        last = self.starts[index - 1]
        for following in range(index, len(self.starts)):
            if self.starts[following] > last:
                return self.starts[following]
        return self.starts[-1]


def fold(text: str) -> FoldedText:
    """Return ``text`` with accents, invisible characters, widths and look-alikes removed."""
    if text.isascii():
        return FoldedText(plain=text, lower=text.lower(), starts=None)
    plain: list[str] = []
    starts: list[int] = []
    position = 0
    for match in _FOREIGN.finditer(text):
        index = match.start()
        folded = _fold_character(text, index)
        plain.extend((text[position:index], folded))
        starts.extend(range(position, index))
        starts.extend([index] * len(folded))
        position = index + 1
    plain.append(text[position:])
    starts.extend(range(position, len(text) + 1))
    joined = "".join(plain)
    return FoldedText(plain=joined, lower=_same_length_lower(joined), starts=starts)


def fold_word(text: str) -> str:
    """Return the folded, case-less form of a short text, for use as a key."""
    return fold(text).lower


def _fold_character(text: str, index: int) -> str:
    character = text[index]
    replaced = character.translate(_PLAIN).translate(_CYRILLIC)
    if replaced.isascii():
        return replaced
    if character in _GREEK and _touches_latin(text, index):
        return _GREEK[character]
    pieces = []
    for piece in unicodedata.normalize("NFKD", character):
        if unicodedata.category(piece) in ("Mn", "Cf"):
            continue
        pieces.append(" " if piece.isspace() and piece != "\n" else piece)
    return "".join(pieces)


def _touches_latin(text: str, index: int) -> bool:
    before = text[index - 1] if index else ""
    after = text[index + 1] if index + 1 < len(text) else ""
    return any(c.isascii() and c.isalpha() for c in (before, after) if c)


def _same_length_lower(text: str) -> str:
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
