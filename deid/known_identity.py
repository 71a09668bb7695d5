"""This patient's own identifiers and their variants: searched as a detector and as the gate."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ahocorasick  # type: ignore[import-not-found]  # ships no types

from deid import known_context, lexicon
from deid.folding import FoldedText, fold
from deid.known_values import read_values
from deid.known_variants import Pattern, patterns_of
from deid.person_names import PersonName

# Characters that may stand between the letters of one value without breaking it.
_WORD_GAPS = frozenset(" \t\n.,'-_/\u00b7")
_CODE_GAPS = frozenset(" \t\n.-/()+,_:|")
_ID_CUE = ("mrn", "no", "number", "id", "#", "record", "patient", "pt", "chart", "case", "acct",
           "account", "h/n", "hospital")  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownHit:
    """One place where a known identifier stands; offsets are of the searched text."""

    start: int
    end: int
    category: str
    rule: str
    token_base: str
    subject: str
    gender: str = ""


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

    def find(self, text: str) -> list[KnownHit]:
        """Return where known identifiers stand in ``text``, longest first where they overlap."""
        folded = fold(text)
        return [_in_original(h, folded) for h in self.find_folded(folded)]

    def find_folded(self, folded: FoldedText) -> list[KnownHit]:
        """Do as :meth:`find` on an already folded text; offsets are of the folded text."""
        return _longest(list(self._hits(folded, gate=False)))

    def find_for_gate(self, text: str) -> list[KnownHit]:
        """Return hits that must hold a case: whole tokens, doubtful words only in context."""
        folded = fold(text)
        return _longest([_in_original(h, folded) for h in self._hits(folded, gate=True)])

    def _hits(self, folded: FoldedText, *, gate: bool) -> Iterator[KnownHit]:
        if self._automaton is None:
            return
        lower = folded.lower
        where = [i for i, c in enumerate(lower) if c.isalnum()]
        squeezed = "".join([lower[i] for i in where]) if len(where) != len(lower) else lower
        for last, (length, patterns) in self._automaton.iter(squeezed):
            start, end = where[last - length + 1], where[last] + 1
            if not _bounded(lower, start, end):
                continue
            for pattern in patterns:
                if _accept(pattern, folded, start, end, gate=gate):
                    yield KnownHit(
                        start=start,
                        end=end,
                        category=pattern.category,
                        rule=pattern.rule,
                        token_base=pattern.base,
                        subject=pattern.subject,
                        gender=pattern.gender,
                    )
                    if gate:
                        break


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
    genders = [v.gender for v in values if v.subject == "patient" and v.gender]
    return KnownIdentity(
        count=len({(v.kind, v.value.casefold()) for v in values}),
        initials=frozenset(_all_initials(v.name for v in values if v.name)),
        patient_gender=genders[0] if genders else "",
        _automaton=automaton,
    )


def _all_initials(names: Iterable[PersonName]) -> Iterator[str]:
    for name in names:
        if len(name.initials) == 2:
            yield name.initials
            letters = [g[0] for g in name.given if g] + [name.family[:1]]
            yield "".join(letters).lower()


def _in_original(hit: KnownHit, folded: FoldedText) -> KnownHit:
    if folded.starts is None:
        return hit
    return replace(hit, start=folded.original_start(hit.start), end=folded.original_end(hit.end))


def _bounded(lower: str, start: int, end: int) -> bool:
    return (start == 0 or not lower[start - 1].isalnum()) and (
        end == len(lower) or not lower[end].isalnum()
    )


def _accept(pattern: Pattern, folded: FoldedText, start: int, end: int, *, gate: bool) -> bool:
    if pattern.kind == "word":
        return _accept_word(pattern, folded, start, end, gate=gate)
    if pattern.kind == "phrase":
        return _accept_phrase(pattern, folded, start, end, gate=gate)
    return _accept_code(pattern, folded.lower, start, end)


def _accept_word(pattern: Pattern, folded: FoldedText, start: int, end: int, *, gate: bool) -> bool:
    if end - start != len(pattern.key) and not _broken_word(pattern, folded.lower[start:end]):
        return False
    if not pattern.ambiguous:
        return True
    if pattern.category == "city":
        return _city_context(folded, start, end)
    if _capital_says_name(pattern, folded.plain[start:end]):
        return True
    if gate:
        return known_context.in_name_context(folded, start, end)
    return known_context.stands_as_name(folded, start, end)


def _capital_says_name(pattern: Pattern, written: str) -> bool:
    """A name of this chart that is hardly a word ("Pearly", "Elisa", but not "ELISA")."""
    return (
        pattern.category == "name"
        and len(pattern.key) >= 4
        and written[:1].isupper()
        and written[1:].islower()
        and pattern.key not in lexicon.everyday()
    )


def _broken_word(pattern: Pattern, written: str) -> bool:
    """A long word split by a hyphen, at a line end, at its apostrophe, or letter by letter."""
    if len(pattern.key) < 5:
        return False
    gap = "".join(c for c in written if not c.isalnum())
    if gap in ("-", "'", "-\n", "- ", "' ") or (pattern.parted and gap in (" ", ".", ". ")):
        return True
    spaced = len(written) == 2 * len(pattern.key) - 1
    return spaced and len(set(written[1::2])) == 1


def _two_separators(written: str) -> bool:
    """A date of birth in few digits must be written as one: 4/3/59, never 4359."""
    signs = [c for c in written if not c.isalnum()]
    return len(signs) == 2 and signs[0] == signs[1] and written[-1].isdigit()


def _accept_phrase(
    pattern: Pattern, folded: FoldedText, start: int, end: int, *, gate: bool
) -> bool:
    if not _gaps_allowed(folded.lower, start, end, _WORD_GAPS | {"@", ":", "#", "&", "+"}):
        return False
    if end - start == len(pattern.key) and len(pattern.key) < 6:
        return False  # "li a" run together as "lia" proves nothing
    plain = folded.plain[start:end]
    if not _initials_real(plain, folded, end):
        return False
    if not pattern.ambiguous:
        return True
    if not gate and folded.plain == folded.lower:  # a text without capitals proves nothing by them
        return min(map(len, plain.split())) > 1
    return plain[0].isupper() and all(w[0].isupper() for w in plain.split() if w[0].isalpha())


def _initials_real(plain: str, folded: FoldedText, end: int) -> bool:
    """A closing single letter is an initial only as a capital ("Ferguson, d.o.b." is none)."""
    last = plain[-1]
    if len(plain) < 3 or plain[-2].isalnum() or not last.isalpha():
        return True
    if folded.plain[end : end + 1] in ("&", "/"):
        return False
    return last.isupper() or folded.plain == folded.lower


def _accept_code(pattern: Pattern, lower: str, start: int, end: int) -> bool:
    if pattern.ambiguous:
        head = lower[max(0, start - 12) : start].rstrip(" :#.=-(\n")
        return end - start == len(pattern.key) and (
            head.endswith(_ID_CUE) or lower[max(0, start - 2) : start].endswith("#")
        )
    if pattern.category == "birth_date" and pattern.key.isdigit() and len(pattern.key) < 8:
        return _two_separators(lower[start:end])
    if len(pattern.key) < 6 and end - start != len(pattern.key):
        return False
    if not _gaps_allowed(lower, start, end, _CODE_GAPS):
        return False
    if pattern.key.isdigit() and len(pattern.key) < 7:
        return not _part_of_number(lower, start, end)
    return True


def _part_of_number(lower: str, start: int, end: int) -> bool:
    before, after = lower[max(0, start - 2) : start], lower[end : end + 2]
    return (before[-1:] in (".", ",", "/") and before[:1].isdigit()) or (
        after[:1] in (".", ",", "/", "%") and after[1:2].isdigit()
    )


def _gaps_allowed(lower: str, start: int, end: int, allowed: frozenset[str]) -> bool:
    run = 0
    for c in lower[start:end]:
        if c.isalnum():
            run = 0
            continue
        run += 1
        if c not in allowed or run > 4:
            return False
    return True


def _city_context(folded: FoldedText, start: int, end: int) -> bool:
    if not folded.plain[start].isupper():
        return False
    before = folded.lower[max(0, start - 14) : start].rstrip()
    after = folded.lower[end : end + 12]
    return before.endswith(_CITY_CUES) or (after.startswith(",") and after[1:3].strip().isalpha())


_CITY_CUES = (" in", " from", " of", " near", " to", " at", ",", "city", "lives", "address")


def _longest(hits: list[KnownHit]) -> list[KnownHit]:
    """Drop hits inside longer ones; keep all subjects of the same stretch."""
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
