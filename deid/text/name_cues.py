"""Words that announce a person's name, from deid/lists/name_cues.txt."""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from deid import lexicon


class Cue(NamedTuple):
    """Announcing words, whom they announce, and how certainly."""

    words: str
    base: str
    strength: str  # strong | weak | mere


@cache
def cues() -> Mapping[str, tuple[Cue, ...]]:
    """Return the announcing words by their first word, the longest first."""
    grouped: dict[str, list[Cue]] = {}
    for line in lexicon.words("name_cues"):
        base, words, strength = line.split(" | ")
        first = re.split(r"[^a-z'-]", words, maxsplit=1)[0]
        grouped.setdefault(first, []).append(Cue(words, base, strength))
    return {
        first: tuple(sorted(cues, key=lambda c: (-len(c.words), c.words)))
        for first, cues in grouped.items()
    }


def is_cue(word: str) -> bool:
    """Return whether the word alone announces a name."""
    return any(cue.words == word for cue in cues().get(word, ()))
