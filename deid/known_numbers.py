"""Known numbers in words or with letters for digits: "five four one", "4O2l9"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_DIGITS = {
    "zero": "0", "oh": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_WORD = r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|\d{1,4})"
_ROW = re.compile(rf"(?<![a-z0-9]){_WORD}(?:[ ,.;-]{{1,3}}{_WORD}){{3,24}}(?![a-z0-9])")
_PIECE = re.compile(r"[a-z]+|\d+")
#: letters that a scan or a hand makes of digits
_MISREAD = str.maketrans("oilsb", "01158")
_MIXED = re.compile(r"(?<![a-z0-9])[0-9oilsb]{6,24}(?![a-z0-9])")
_TELLING = ("three", "four", "five", "six", "seven", "eight", "nine", "zero", "double")


class ReadNumber(NamedTuple):
    """A stretch of folded text and the digits that it means."""

    start: int
    end: int
    digits: str

    def __repr__(self) -> str:
        return f"ReadNumber({self.start}-{self.end})"


def disguised_numbers(lower: str) -> Iterator[ReadNumber]:
    """Yield the rows of digit words and the codes with misread digits of a folded text."""
    if sum(map(lower.count, _TELLING)) > 2:
        for match in _ROW.finditer(lower):
            yield ReadNumber(match.start(), match.end(), _spoken(match.group()))
    for match in _MIXED.finditer(lower):
        written = match.group()
        if not written.isdigit() and any(c.isdigit() for c in written):
            yield ReadNumber(match.start(), match.end(), written.translate(_MISREAD))


def _spoken(row: str) -> str:
    digits: list[str] = []
    times = 1
    for piece in _PIECE.findall(row):
        if piece in ("double", "triple"):
            times = 2 if piece == "double" else 3
            continue
        digits.append(_DIGITS.get(piece, piece) * times)
        times = 1
    return "".join(digits)
