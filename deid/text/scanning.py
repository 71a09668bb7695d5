"""Patterns that are tried only where a match can begin."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from deid.text.openings import Openings, openings


class _Known:
    """All patterns of the program, and which of them can begin where a word begins."""

    def __init__(self) -> None:
        self.scans: list[Scan] = []
        self.heads: Mapping[str, Sequence[Scan]] = {}
        self.counted = 0


_KNOWN = _Known()


@dataclass(frozen=True, eq=False)
class Scan:
    """A pattern, and its signs: lower-case strings, one of which stands in whatever it matches.

    A search for a string is many times as fast as a pattern that must be tried at every letter. A
    test checks that no match is possible without a sign, and that nothing is missed by trying the
    pattern only at its openings.
    """

    pattern: re.Pattern[str]
    signs: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Make the pattern known to every text."""
        _KNOWN.scans.append(self)

    @cached_property
    def openings(self) -> Openings | None:
        """Where a match can begin; None when it can begin anywhere."""
        return openings(self.pattern.pattern, self.pattern.flags)

    @cached_property
    def by_heads_only(self) -> bool:
        """Whether a match can begin nowhere but at some words and rows of digits."""
        where = self.openings
        if where is None or self.signs:
            return False
        return bool(where.heads) and not (where.words or where.signs)


def scan(pattern: str, *, signs: tuple[str, ...] = (), flags: int = 0) -> Scan:
    """Return a compiled pattern that is tried only where it can begin."""
    return Scan(re.compile(pattern, flags), signs)


def every() -> Sequence[Scan]:
    """Return all patterns of the modules that are loaded."""
    return tuple(_KNOWN.scans)


def by_head() -> Mapping[str, Sequence[Scan]]:
    """Return which patterns can begin with which head (see `deid.text.openings`)."""
    if _KNOWN.counted < len(_KNOWN.scans):
        table = defaultdict(list)
        for each in (scans := list(_KNOWN.scans)):
            for head in each.openings.heads if each.openings else ():
                table[head].append(each)
        _KNOWN.heads, _KNOWN.counted = {head: tuple(of) for head, of in table.items()}, len(scans)
    return _KNOWN.heads


def signs(table: str) -> tuple[str, ...]:
    """Return the signs of a block of text, parted by bars, so that long lists stay readable."""
    return tuple(sign for line in table.strip("\n").split("\n") for sign in line.strip().split("|"))
