"""How a person's name can be written: parts, order, initials, with and without digits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from deid.lexicon import word_set

_TITLES = word_set(
    """
    mr mrs ms miss mx dr prof professor doctor sir dame lord lady rev fr sr nurse md do np pa pa-c
    rn phd pharmd dds dmd mbbs frcp frcs jr sr ii iii iv mph facs esq lpn cna pt ot msw lcsw dpm
    dpt bsn msn fnp aprn crna
    """
)
_PARTICLES = word_set(
    """
    van von der den de del della di da la le los las du dos st san al el bin
    """
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonName:
    """A person's name in parts, as the chart spells it."""

    given: tuple[str, ...] = field(repr=False)
    family: str = field(repr=False)

    @property
    def full(self) -> str:
        """The name in reading order."""
        return " ".join([*self.given, self.family]).strip()

    @property
    def initials(self) -> str:
        """First letters of the first given and the last family name, lower case."""
        parts = [
            self.given[0] if self.given else "",
            self.family.split()[-1] if self.family else "",
        ]
        return "".join(part[0] for part in parts if part).lower()


def parse_name_text(text: str) -> PersonName:
    """Return the name in a display such as "Dr. Ada M. Byron, MD" or "Byron, Ada"."""
    head, _, tail = text.partition(",")
    words = [w for w in head.replace("(", " ").replace(")", " ").split() if not _is_title(w)]
    after = [w for w in tail.replace(",", " ").split() if not _is_title(w)]
    if after and words:
        return PersonName(given=tuple(after), family=" ".join(words))
    if len(words) < 2:
        return PersonName(given=(), family=" ".join(words))
    split = len(words) - 1
    while split > 1 and words[split - 1].lower() in _PARTICLES:
        split -= 1
    return PersonName(given=tuple(words[:split]), family=" ".join(words[split:]))


def _is_title(word: str) -> bool:
    return word.strip(".,").lower() in _TITLES


def single_words(name: PersonName) -> Iterator[str]:
    """Yield each part that alone names the person, with and without test-data digits."""
    for part in _each_spelling([*name.given, name.family]):
        yield part
        pieces = [p for p in re.split(r"[\s\-]+", part) if p]
        if len(pieces) > 1:
            yield from (p for p in pieces if len(p) > 2 and p.lower() not in _PARTICLES)


def phrases(name: PersonName) -> Iterator[str]:
    """Yield the full forms: both orders, with and without middle names, with initials."""
    for given, family in _spellings(name):
        if not (given and family):
            continue
        first, middle = given[0], given[1:]
        yield f"{first} {family}"
        yield f"{family} {first}"
        yield f"{first[0]} {family}"
        yield f"{family} {first[0]}"
        if len(middle) >= 1:
            yield f"{' '.join(given)} {family}"
            yield f"{family} {' '.join(given)}"
            letters = " ".join(m[0] for m in middle)
            yield f"{first} {letters} {family}"
            yield f"{first[0]} {letters} {family}"
            yield f"{family} {first} {letters}"
            yield f"{first} {' '.join(middle)}"
            yield f"{middle[0]} {family}"


def _spellings(name: PersonName) -> Iterator[tuple[tuple[str, ...], str]]:
    yield name.given, name.family
    bare = tuple(without_digits(g) for g in name.given), without_digits(name.family)
    if bare != (name.given, name.family):
        yield bare


def _each_spelling(parts: list[str]) -> Iterator[str]:
    for part in parts:
        if part:
            yield part
            bare = without_digits(part)
            if bare and bare != part:
                yield bare


def without_digits(text: str) -> str:
    """Synthetic charts append digits to names ("Marquardt819"); texts may leave them out."""
    return re.sub(r"(?<=[^\W\d])\d+", "", text)
