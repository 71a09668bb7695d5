"""Where a match of a pattern can begin, read from the pattern itself.

A pattern that must be tried at every letter of a text costs as much as the text is long. Most of
ours can begin only where one of a few words begins, where a row of digits begins, or at a sign.
The answer here is always wide enough: a beginning too many costs time, never a finding.
"""

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import _parser as regex_parser  # type: ignore[attr-defined]  # not public; see `openings`
from typing import Any, Literal, NamedTuple

#: letters of a word that are compared; more would tell a little better and cost much more to list
LETTERS = 3
#: a row of digits is told by its length, up to this one; its head is as many zeros
DIGITS = 5
#: how a word begins: a capital and a small letter; two capitals; one capital alone
Words = Literal["Aa", "AA", "A"]
#: any letter in a head
ANY = "?"
#: a head that is any capital letter
_CAPITAL = "*"
_WITH_DIGITS = ("CATEGORY_DIGIT", "CATEGORY_WORD")
#: a word that may begin with more letters than this may as well be any word
_FEW_LETTERS = 12
_WORD_GUARD, _DIGIT_GUARD = 1, 2


@dataclass(frozen=True, kw_only=True)
class Openings:
    """The places where a match can begin.

    ``heads`` are the first three letters of words, or shorter words whole, and rows of digits as
    zeros ("00" is a row of two, "00000" one of five or more), also with what stands behind the row
    ("00/"; "00a" for any letter). "?", "??" and "???" are any words of one letter, two, and more.
    ``words`` adds words that begin with a capital by what follows it; ``signs`` every place of
    these characters.
    """

    heads: frozenset[str]
    words: frozenset[Words]
    signs: frozenset[str]
    #: the pattern begins with one sign, which Python itself looks for quickly
    one_sign: bool


class _Unbounded(Exception):
    """A match can begin inside a word or at a sign that is not named."""


class _Chars(NamedTuple):
    """What one item of a pattern can stand for."""

    letters: frozenset[str]
    #: whether small letters are among them, and capitals
    small: bool
    capital: bool
    digit: bool
    #: characters that are neither; None when they cannot be listed
    signs: frozenset[str] | None


class _State(NamedTuple):
    """How far a match has been read: its letters so far, and what cannot stand before it."""

    head: str = ""
    guard: int = 0


def openings(pattern: str, flags: int) -> Openings | None:
    """Return where a match of ``pattern`` can begin; None when it can begin anywhere.

    Python's own parser of patterns is not public. What it may come to name otherwise is not
    known here and counts as anywhere; a test compares every pattern with trying it everywhere.
    """
    reader = _Reader(flags)
    try:
        parsed = regex_parser.parse(pattern, flags)
        left = reader.sequence(parsed, {_State()})
        for state in left:
            reader.close(state, exact=False)
    except _Unbounded:
        return None
    return Openings(
        heads=frozenset(reader.heads),
        words=frozenset(reader.words),
        signs=frozenset(reader.signs),
        one_sign=str(parsed[0][0]) == "LITERAL",
    )


class _Reader:
    """Collects the beginnings while the items of a parsed pattern are read in order."""

    def __init__(self, flags: int) -> None:
        self.heads: set[str] = set()
        self.signs: set[str] = set()
        self.words: set[Words] = set()
        self._flags = flags

    def sequence(self, items: Iterable[tuple[Any, Any]], states: set[_State]) -> set[_State]:
        """Read items one after the other; returns the states that still need letters."""
        for kind, value in items:
            if not states:
                break
            states = self._item(str(kind), value, states)
        return states

    def close(self, state: _State, *, exact: bool) -> None:
        """Nothing more is known of this beginning; ``exact`` when no letter can follow."""
        if not state.head:
            raise _Unbounded
        if state.head == _CAPITAL:
            self.words.update(("A",) if exact else ("A", "Aa", "AA"))
        elif exact:
            self.heads.add(state.head)
        else:
            self.heads.update(_continued(state.head))

    def _item(self, kind: str, value: Any, states: set[_State]) -> set[_State]:
        if kind in ("LITERAL", "NOT_LITERAL", "IN", "ANY"):
            return self._consume(_chars(kind, value), states)
        if kind == "AT":
            return self._at(str(value), states)
        if kind in ("ASSERT", "ASSERT_NOT"):
            # what must stand around a match only makes fewer of them
            guard = _guards(value[1]) if kind == "ASSERT_NOT" and value[0] < 0 else 0
            return {s if s.head else s._replace(guard=s.guard | guard) for s in states}
        return self._group(kind, value, states)

    def _group(self, kind: str, value: Any, states: set[_State]) -> set[_State]:
        if kind == "BRANCH":
            return {s for branch in value[1] for s in self.sequence(branch, states)}
        if kind == "SUBPATTERN":
            self._flags |= value[1]  # too wide for what follows the group, never too narrow
            return self.sequence(value[-1], states)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeat(value, states)
        raise _Unbounded  # a reference to a group, or what a later Python adds

    def _repeat(self, value: Any, states: set[_State]) -> set[_State]:
        least, most, items = value
        done = set(states) if least == 0 else set()
        for count in range(1, min(int(most), DIGITS + 1) + 1):
            states = self.sequence(items, states)
            if count >= min(least, DIGITS + 1):
                done |= states
        return done

    def _at(self, place: str, states: set[_State]) -> set[_State]:
        if place == "AT_NON_BOUNDARY":
            return states
        for state in states:
            if state.head:
                self.close(state, exact=True)
        return {_State(guard=_WORD_GUARD | _DIGIT_GUARD) for s in states if not s.head}

    def _consume(self, chars: _Chars, states: set[_State]) -> set[_State]:
        following: set[_State] = set()
        for state in states:
            if state.head == _CAPITAL:
                self._after_capital(chars)
            elif state.head.startswith("0"):
                self._after_digits(state, chars, following)
            else:
                self._after_letters(state, chars, following)
        return following

    def _after_capital(self, chars: _Chars) -> None:
        either = bool(self._flags & re.IGNORECASE and chars.letters)
        if chars.capital or either:
            self.words.add("AA")
        if chars.small or either:
            self.words.add("Aa")
        if chars.digit or chars.signs is None or chars.signs:
            self.words.add("A")

    def _after_digits(self, state: _State, chars: _Chars, following: set[_State]) -> None:
        if chars.digit:
            self._longer(state, "0", following)
        if chars.signs is None:
            self.close(state, exact=True)
            return
        behind = {*chars.signs, "a"} if chars.letters else chars.signs
        self.heads.update(state.head + sign for sign in behind)

    def _after_letters(self, state: _State, chars: _Chars, following: set[_State]) -> None:
        if state.head:
            if chars.digit or chars.signs is None or chars.signs:
                self.close(state, exact=True)
        else:
            self._begin(chars, state.guard)
            if chars.digit:
                self._longer(state, "0", following)
            if len(chars.letters) > _FEW_LETTERS:
                if not chars.small and not self._flags & re.IGNORECASE:
                    following.add(state._replace(head=_CAPITAL))
                else:
                    self._longer(state, ANY, following)
                return
        for letter in (ANY,) if state.head.startswith(ANY) and chars.letters else chars.letters:
            self._longer(state, letter, following)

    def _longer(self, state: _State, sign: str, following: set[_State]) -> None:
        longer = state._replace(head=state.head + sign)
        if len(longer.head) == (DIGITS if sign == "0" else LETTERS):
            self.heads.add(longer.head)
        else:
            following.add(longer)

    def _begin(self, chars: _Chars, guard: int) -> None:
        """Note what a match that begins with one of ``chars`` asks for."""
        if chars.signs is None or (chars.letters and not guard & _WORD_GUARD):
            raise _Unbounded
        if chars.digit and not guard & _DIGIT_GUARD:
            raise _Unbounded
        self.signs.update(chars.signs)


def _continued(head: str) -> Iterator[str]:
    """Yield all heads that begin with some letters, or with a row of digits."""
    yield head
    if head.startswith("0"):
        yield from ("0" * length for length in range(len(head) + 1, DIGITS + 1))
    elif len(head) < LETTERS:
        for letter in ANY if head.startswith(ANY) else string.ascii_lowercase:
            yield from _continued(head + letter)


def _guards(items: Sequence[tuple[Any, Any]]) -> int:
    """Return which kinds of characters a negative look behind rules out, letters or digits."""
    if len(items) != 1:
        return 0
    kind, value = items[0]
    if str(kind) != "IN" or str(value[0][0]) == "NEGATE":
        return 0
    words = frozenset(string.ascii_letters) <= _listed(value)
    digits = any(str(item) == "CATEGORY" and str(of) in _WITH_DIGITS for item, of in value)
    return (_WORD_GUARD if words else 0) | (_DIGIT_GUARD if digits else 0)


def _chars(kind: str, value: Any) -> _Chars:
    if kind == "LITERAL":
        return _split(frozenset({chr(value)}), others=False)
    if kind == "IN":
        negated = str(value[0][0]) == "NEGATE"
        listed = _listed(value)
        if negated:
            return _split(frozenset(map(chr, range(128))) - listed, others=True)
        others = any(_is_open(str(item), chosen) for item, chosen in value)
        return _split(listed, others=others)
    return _split(frozenset(map(chr, range(128))), others=True)


def _is_open(kind: str, value: Any) -> bool:
    """Return whether an item of a class holds characters besides letters and digits, unlisted."""
    if kind == "RANGE":
        return bool(value[1] > 127)
    return kind == "CATEGORY" and str(value) != "CATEGORY_DIGIT"


def _split(chars: frozenset[str], *, others: bool) -> _Chars:
    plain = frozenset(c for c in chars if c.isascii() and c.isalnum())
    return _Chars(
        letters=frozenset(c.lower() for c in plain if c.isalpha()),
        small=any(c.islower() for c in plain),
        capital=any(c.isupper() for c in plain),
        digit=any(c.isdigit() for c in plain),
        signs=None if others else chars - plain,
    )


_CATEGORIES = {
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": string.whitespace,
}


def _listed(items: Sequence[tuple[Any, Any]]) -> frozenset[str]:
    """Return the ASCII characters that a class names, whether or not it is negated."""
    listed: set[str] = set()
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            listed.add(chr(value))
        elif name == "RANGE":
            listed.update(map(chr, range(value[0], min(value[1], 127) + 1)))
        elif name == "CATEGORY":
            listed.update(_category(str(value)))
    return frozenset(listed)


def _category(name: str) -> frozenset[str]:
    if name.startswith("CATEGORY_NOT_"):
        every = frozenset(map(chr, range(128)))
        return every - frozenset(_CATEGORIES["CATEGORY_" + name.removeprefix("CATEGORY_NOT_")])
    return frozenset(_CATEGORIES[name])
