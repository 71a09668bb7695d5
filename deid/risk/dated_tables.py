"""Loads the dated tables of how many people there are and how rare facts are."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import ahocorasick  # type: ignore[import-not-found]  # ships no types

from deid.errors import PolicyUnusable

KINDS: Final = ("disease", "procedure", "event", "occupation", "family")
_BANDS: Final = 18
_HUNDRED_THOUSAND: Final = 100_000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """People of one country by sex, area and age band of five years; the last is 85 and over."""

    country: str
    counts: Mapping[tuple[str, str], tuple[float, ...]]
    share_90: float
    estimate: bool

    def people(self, *, sex: str | None, area: str | None, ages: tuple[int, int] | None) -> float:
        """Return how many people fit; `ages` are inclusive years, None for any age."""
        sexes = [sex] if sex in ("male", "female") else ["male", "female"]
        place = area if area and (sexes[0], area) in self.counts else self.country
        return sum(self._of(self.counts[(each, place)], ages) for each in sexes)

    def _of(self, bands: tuple[float, ...], ages: tuple[int, int] | None) -> float:
        if ages is None:
            return sum(bands)
        low, high = ages
        if low >= 90:
            return bands[-1] * self.share_90
        found = 0.0
        for number, count in enumerate(bands):
            start = number * 5
            width = 5 if number < _BANDS - 1 else 15
            inside = min(high + 1, start + width) - max(low, start)
            if inside > 0:
                found += count * inside / width
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Extreme:
    """Bounds of a measurement outside of which few people are."""

    unit: str
    low: float
    high: float
    adult: bool
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Rarity:
    """How rare codes, words and values are, as shares of all people."""

    shown_below: float
    icd10: tuple[tuple[str, str, float], ...]
    extremes: Mapping[str, Extreme]
    _words: Any = field(repr=False)  # ahocorasick.Automaton: no type of its own

    def of_icd10(self, code: str) -> float | None:
        """Return the share of people with a code of ICD-10-CM, if it is on the list."""
        plain = code.upper().replace(".", "")
        shares = [share for low, high, share in self.icd10 if low <= plain[: len(low)] <= high]
        return min(shares, default=None)

    def words_in(self, lower: str) -> Iterator[tuple[str, str, float]]:
        """Yield (kind, word, share) for every word of the lists in a text without capitals."""
        for last, entries in self._words.iter(lower):
            for kind, word, share in entries:
                start, end = last - len(word) + 1, last + 1
                if (start and lower[start - 1].isalnum()) or lower[end : end + 1].isalnum():
                    continue
                yield kind, word, share


@lru_cache(maxsize=1)
def rarity() -> Rarity:
    """Load the list of rare facts.

    Raises:
        PolicyUnusable: the file is not what it must be.
    """
    table = _load("rarity.toml")
    try:
        words: dict[str, list[tuple[str, str, float]]] = {}
        codes: list[tuple[str, str, float]] = []
        for kind in KINDS:
            for row in table[kind]:
                share = row["per_100k"] / _HUNDRED_THOUSAND
                for word in row["words"]:
                    words.setdefault(word, []).append((kind, word, share))
                for prefix in row.get("icd10", ()):
                    low, _, high = prefix.replace(".", "").partition("-")
                    codes.append((low, high or low, share))
        automaton = ahocorasick.Automaton()
        for word, entries in words.items():
            automaton.add_word(word, tuple(entries))
        automaton.make_automaton()
        return Rarity(
            shown_below=table["shown_below"] / _HUNDRED_THOUSAND,
            icd10=tuple(codes),
            extremes={row["loinc"]: _extreme(row) for row in table["extreme"]},
            _words=automaton,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _unusable("rarity", error) from None


@lru_cache(maxsize=2)
def population(country: str) -> Population:
    """Load the people of a country: "GB", and the United States for every other one.

    Raises:
        PolicyUnusable: the file is not what it must be.
    """
    table = _load("population-gb.toml" if country == "GB" else "population-us.toml")
    try:
        counts: dict[tuple[str, str], tuple[float, ...]] = {}
        if "nations" in table:
            for area, people in table["nations"].items():
                for sex, shares in table["shares"].items():
                    counts[(sex, area)] = _bands(people / 2 * share for share in shares)
        else:
            for sex in ("male", "female"):
                for area, bands in table[sex].items():
                    counts[(sex, area)] = _bands(float(each) for each in bands)
        return Population(
            country=table["table"]["country"],
            counts=counts,
            share_90=table["oldest"]["share_90"],
            estimate=table["table"]["estimate"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _unusable("population", error) from None


def _bands(counts: Iterable[float]) -> tuple[float, ...]:
    bands = tuple(counts)
    if len(bands) != _BANDS:
        raise TypeError
    return bands


def _extreme(row: Mapping[str, Any]) -> Extreme:
    return Extreme(
        unit=row["unit"],
        low=row["low"],
        high=row["high"],
        adult=row["adult"],
        share=row["per_100k"] / _HUNDRED_THOUSAND,
    )


def _load(name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((resources.files("deid.risk") / "tables" / name).read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise _unusable(name, error) from None


def _unusable(name: str, error: Exception) -> PolicyUnusable:
    problem = f"{type(error).__name__} in a table"
    return PolicyUnusable(policy="risk", rule=name, problem=problem)
