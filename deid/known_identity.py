"""This patient's own identifiers and their variants: searched as a detector and as the gate."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, NamedTuple

import ahocorasick  # type: ignore[import-not-found]  # ships no types

from deid import known_context, known_places, lexicon
from deid.folding import FoldedText, fold
from deid.known_numbers import disguised_numbers
from deid.known_places import Place
from deid.known_typos import SHORTEST, TypoIndex
from deid.known_values import read_values
from deid.known_variants import Pattern, patterns_of
from deid.person_names import PersonName

_LONG_WORD = re.compile(r"(?<![\w'])[^\W\d_]{4,40}(?![\w])")
_LETTERS_AND_DIGITS = re.compile(
    r"(?<![a-z0-9])(?=[a-z]{0,24}[0158])(?=[0158]{0,8}[a-z])[a-z0158]{5,25}(?![a-z0-9])"
)
_NO_TYPOS = TypoIndex(())
_TYPO_RULE = "known.typo"


class KnownHit(NamedTuple):
    """One place where a known identifier stands; offsets are of the searched text."""

    start: int
    end: int
    category: str
    rule: str
    token_base: str
    subject: str
    gender: str = ""

    @property
    def exact(self) -> bool:
        """Whether the chart's own spelling or a usual form of it stands here, not a misspelling."""
        return self.rule != _TYPO_RULE


@dataclass(frozen=True, kw_only=True)
class KnownIdentity:
    """Everything the chart knows that could name this patient or the people around them.

    Build it with :func:`build`, once per case, from all resources that name somebody.
    """

    #: how many distinct values the chart gave (shown to the doctor)
    count: int
    #: folded given and family words of the people, for rules that need to recognize them
    initials: frozenset[str] = field(repr=False, default=frozenset())
    #: gender of the patient, to tell "Mr. X" from "Mrs. X" when both are known
    patient_gender: str = ""
    _automaton: Any = field(repr=False, default=None)  # pyahocorasick ships no types
    _typos: TypoIndex = field(repr=False, default=_NO_TYPOS)
    #: numbers of seven digits or more, for those written in words
    _numbers: Mapping[str, Pattern] = field(repr=False, default_factory=dict)
    #: misspellings already looked up in this case
    _behind: dict[str, Pattern | None] = field(repr=False, default_factory=dict)

    def find(self, text: str) -> list[KnownHit]:
        """Return where known identifiers stand in ``text``, longest first where they overlap."""
        folded = fold(text)
        return [_in_original(h, folded) for h in self.find_folded(folded)]

    def find_folded(self, folded: FoldedText) -> list[KnownHit]:
        """Do as :meth:`find` on an already folded text; offsets are of the folded text."""
        return _longest([*self._hits(folded, gate=False)])

    def find_for_gate(self, text: str) -> list[KnownHit]:
        """Return hits that must hold a case: whole tokens, doubtful words only in context."""
        if self._automaton is None:
            return []
        folded = fold(text)
        return _longest([_in_original(h, folded) for h in self._hits(folded, gate=True)])

    def _hits(self, folded: FoldedText, *, gate: bool) -> Iterator[KnownHit]:
        if self._automaton is None:
            return
        lower = folded.lower
        squeezed = lower if lower.isalnum() else "".join(filter(str.isalnum, lower))
        found = list(self._automaton.iter(squeezed))
        if found:
            where = list(compress(range(len(lower)), map(str.isalnum, lower)))
            for last, (length, patterns) in found:
                place = Place(folded, where[last - length + 1], where[last] + 1)
                yield from _hits_at(place, patterns, gate=gate)
        yield from self._misspelled(folded, gate=gate)
        yield from self._misread(lower)
        if self._numbers:
            for number in disguised_numbers(lower):
                for digits, pattern in self._numbers.items():
                    if digits in number.digits:
                        yield _hit(pattern, number.start, number.end)

    def _misspelled(self, folded: FoldedText, *, gate: bool) -> Iterator[KnownHit]:
        if not self._typos:
            return
        lower, behind = folded.lower, self._behind
        for match in _LONG_WORD.finditer(lower):
            word = match.group()
            if word not in behind:
                behind[word] = self._name_behind(word)
            pattern = behind[word]
            if pattern is not None and _is_slip(folded, match.start(), match.end(), gate=gate):
                known = lexicon.is_name(word)  # "Maria" may be somebody else than Marina
                yield KnownHit(
                    match.start(), match.end(), "name", _TYPO_RULE,
                    "person" if known else pattern.base, "" if known else pattern.subject,
                )  # fmt: skip

    def _misread(self, lower: str) -> Iterator[KnownHit]:
        if self._typos:
            for match in _LETTERS_AND_DIGITS.finditer(lower):
                pattern = self._typos.name_misread(match.group())
                if pattern is not None:
                    yield _hit(pattern, match.start(), match.end())

    def _name_behind(self, word: str) -> Pattern | None:
        return None if lexicon.is_ordinary(word) else self._typos.name_behind(word)


def build(resources: Iterable[Mapping[str, Any]]) -> KnownIdentity:
    """Return the known identity of one chart.

    Args:
        resources: FHIR resources as plain JSON (Patient, RelatedPerson, Practitioner,
            Organization, Location, Encounter, ... and any others whose references carry displays).

    Spec: deid.md 0.2, 4; DETAILS 11.
    """
    values = list(dict.fromkeys(read_values(resources)))
    grouped: dict[str, dict[tuple[str, str, str], Pattern]] = {}
    for value in values:
        for pattern in patterns_of(value):
            same = grouped.setdefault(pattern.key, {})
            same.setdefault((pattern.kind, pattern.category, pattern.subject), pattern)
    automaton = None
    if grouped:
        automaton = ahocorasick.Automaton()
        for key in sorted(grouped):
            automaton.add_word(key, (len(key), tuple(grouped[key].values())))
        automaton.make_automaton()
    patterns = [p for same in grouped.values() for p in same.values()]
    genders = [v.gender for v in values if v.subject == "patient" and v.gender]
    return KnownIdentity(
        count=len({(v.kind, v.value.casefold()) for v in values}),
        initials=frozenset(_all_initials(v.name for v in values if v.name)),
        patient_gender=genders[0] if genders else "",
        _automaton=automaton,
        _typos=TypoIndex(p for p in patterns if p.kind == "word" and p.rule == "known.name_part"),
        _numbers={p.key: p for p in patterns if _is_long_number(p)},
    )


def _is_long_number(pattern: Pattern) -> bool:
    return pattern.kind == "code" and len(pattern.key) >= 7 and pattern.key.isdigit()


def _all_initials(names: Iterable[PersonName]) -> Iterator[str]:
    for name in names:
        if len(name.initials) == 2:
            yield name.initials
            letters = [g[0] for g in name.given if g] + [name.family[:1]]
            yield "".join(letters).lower()


def _hits_at(place: Place, patterns: tuple[Pattern, ...], *, gate: bool) -> Iterator[KnownHit]:
    _, start, end = place
    if not known_places.is_bounded(place.folded.lower, start, end):
        for pattern in patterns:
            if pattern.unspaced and known_places.accepts(pattern, place, gate=gate):
                yield _hit(pattern, start, end)
                return
            around = known_places.inside_handle(pattern, place)
            if around is not None:
                yield _hit(pattern, *around)
                return
        return
    for pattern in patterns:
        if known_places.accepts(pattern, place, gate=gate):
            yield _hit(pattern, start, end)
            if gate:
                return


def _hit(pattern: Pattern, start: int, end: int) -> KnownHit:
    return KnownHit(
        start, end, pattern.category, pattern.rule, pattern.base, pattern.subject, pattern.gender
    )


def _is_slip(folded: FoldedText, start: int, end: int, *, gate: bool) -> bool:
    """Return whether an unknown word one letter off a name stands where a name may stand."""
    capital = folded.plain[start].isupper()
    if not capital and (gate or end - start < SHORTEST or folded.plain != folded.lower):
        return False
    if folded.plain[start - 1 : start] == "[" or folded.plain[end : end + 1] == "]":
        return False  # a brand beside its substance
    after = folded.lower[end : end + 26]
    return not known_context.names_a_drug(after) and not known_context.eponym_follows(after)


def _in_original(hit: KnownHit, folded: FoldedText) -> KnownHit:
    if folded.starts is None:
        return hit
    return hit._replace(start=folded.original_start(hit.start), end=folded.original_end(hit.end))


def _longest(hits: list[KnownHit]) -> list[KnownHit]:
    """Drop hits inside longer ones; keep all subjects of the same stretch."""
    if len(hits) < 2:
        return hits
    hits.sort(key=lambda h: (h.start, -h.end, h.category, h.subject))
    kept: list[KnownHit] = []
    reach = -1
    span = (-1, -1)
    for hit in hits:
        if (hit.start, hit.end) == span:
            kept.append(hit)
        elif hit.end > reach:
            kept.append(hit)
            span, reach = (hit.start, hit.end), hit.end
    return kept
