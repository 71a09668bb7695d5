"""Which category a code, a label or a word belongs to; the lists are data."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final, NamedTuple

import ahocorasick  # type: ignore[import-not-found]  # ships no types

from deid.errors import PolicyUnusable

_ICD: Final = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")
_CPT: Final = re.compile(r"[0-9]{5}")
_ICD_SYSTEMS: Final = ("icd-10", "2.16.840.1.113883.6.90", "2.16.840.1.113883.6.3")
_CPT_SYSTEMS: Final = ("www.ama-assn.org/go/cpt", "2.16.840.1.113883.6.12")
_LISTS: Final = {
    "loinc": ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "rxnorm": (
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "urn:oid:2.16.840.1.113883.6.88",
    ),
    "snomed": ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"),
}


class Word(NamedTuple):
    """A word of a category where it stands; a hint does not say it but gives it away."""

    start: int
    end: int
    category: str
    word: str
    hint: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """One kind of sensitive content."""

    name: str
    title: str
    parent: str
    """What is said instead when it is masked; empty when it can only be withheld."""
    icd10: tuple[tuple[str, str], ...]
    not_icd10: tuple[tuple[str, str], ...]
    cpt: tuple[tuple[int, int], ...]
    codes: frozenset[tuple[str, str]]
    hints_need: int
    """How many different hints say it after all; 0 for never."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the security labels of FHIR say."""

    systems: frozenset[str]
    harmless: frozenset[str]
    codes: Mapping[str, str]

    def category(self, system: object, code: object) -> str | None:
        """Return the category of one label; an unknown one of these systems is restricted."""
        if not isinstance(code, str) or code in self.harmless:
            return None
        if code in self.codes:
            return self.codes[code]
        return "restricted" if system in self.systems else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueSets:
    """All categories, ready to be asked."""

    categories: Mapping[str, Category]
    labels: Labels
    _words: Any = field(repr=False)  # ahocorasick.Automaton: no type of its own

    def of_code(self, system: object, code: object) -> Iterator[str]:
        """Yield the categories a code belongs to."""
        if not isinstance(code, str) or not isinstance(system, str):
            return
        lower = system.lower()
        icd = code.upper().replace(".", "") if any(s in lower for s in _ICD_SYSTEMS) else ""
        cpt = int(code) if _CPT.fullmatch(code) and lower.endswith(_CPT_SYSTEMS) else -1
        for name, each in self.categories.items():
            by_icd = icd and _in_prefixes(icd, each.icd10)
            if (
                (system, code) in each.codes
                or (by_icd and not _in_prefixes(icd, each.not_icd10))
                or any(low <= cpt <= high for low, high in each.cpt)
            ):
                yield name

    def words_in(self, plain: str, lower: str) -> Iterator[Word]:
        """Yield every word of a category; `lower` is `plain` without capitals, letter by letter."""
        for last, entries in self._words.iter(lower):
            for length, category, word, capital, hint in entries:
                start, end = last - length + 1, last + 1
                if (start > 0 and lower[start - 1].isalnum()) or (
                    end < len(lower) and lower[end].isalnum() and lower[end : end + 1] != "s"
                ):
                    continue
                if end + 1 < len(lower) and lower[end] == "s" and lower[end + 1].isalnum():
                    continue
                if capital and plain[start:end] != word:
                    continue
                yield Word(start, end, category, word, hint)


@lru_cache(maxsize=1)
def load() -> ValueSets:
    """Load the lists that ship with this package.

    Raises:
        PolicyUnusable: a list is not what it must be; nothing is prepared without them.
    """
    folder = resources.files("deid.sensitive") / "values"
    try:
        table = tomllib.loads((folder / "categories.toml").read_text("utf-8"))
        labels = tomllib.loads((folder / "labels.toml").read_text("utf-8"))
        return compile_sets(table, labels)
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise PolicyUnusable(
            policy="sensitive", rule="values", problem=f"{type(error).__name__} in a list"
        ) from None


def compile_sets(table: Mapping[str, Any], labels: Mapping[str, Any]) -> ValueSets:
    """Compile the two files of lists; a label may only name a category that exists."""
    unknown = set(labels["codes"].values()) - table.keys()
    if unknown:
        raise PolicyUnusable(policy="sensitive", rule=min(unknown), problem="no such category")
    return ValueSets(
        categories={name: _category(name, each) for name, each in table.items()},
        labels=Labels(
            systems=frozenset(labels["systems"]),
            harmless=frozenset(labels["harmless"]),
            codes=dict(labels["codes"]),
        ),
        _words=_automaton(table),
    )


def _category(name: str, table: Mapping[str, Any]) -> Category:
    return Category(
        name=name,
        title=str(table["title"]),
        parent=str(table["parent"]),
        icd10=_prefixes(table.get("icd10", ())),
        not_icd10=_prefixes(table.get("not_icd10", ())),
        cpt=tuple(_numbers(each) for each in table.get("cpt", ())),
        codes=frozenset(
            (system, code)
            for key, systems in _LISTS.items()
            for system in systems
            for code in table.get(key, ())
        ),
        hints_need=int(table.get("hints_need", 0)),
    )


def _prefixes(ranges: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for each in ranges:
        low, _, high = each.partition("-")
        low, high = low.replace(".", ""), (high or low).replace(".", "")
        if len(low) != len(high) or low > high:
            raise ValueError(each)
        pairs.append((low, high))
    return tuple(pairs)


def _numbers(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high)


def _in_prefixes(code: str, ranges: tuple[tuple[str, str], ...]) -> bool:
    return any(low <= code[: len(low)] <= high for low, high in ranges)


def _automaton(table: Mapping[str, Any]) -> Any:
    entries: dict[str, list[tuple[int, str, str, bool, bool]]] = {}
    for category, lists in table.items():
        for key, capital, hint in (
            ("words", False, False),
            ("capitals", True, False),
            ("hints", False, True),
        ):
            for word in lists.get(key, ()):
                entry = (len(word), category, word, capital, hint)
                entries.setdefault(word.lower(), []).append(entry)
    automaton = ahocorasick.Automaton()
    for word, found in entries.items():
        automaton.add_word(word, tuple(found))
    automaton.make_automaton()
    return automaton
