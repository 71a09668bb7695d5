"""Known names with one slip of the pen: a letter missing, doubled, wrong or swapped."""

from collections.abc import Iterable, Iterator

from deid.known_variants import Pattern

#: shorter names are one slip away from too many other words
SHORTEST = 5


class TypoIndex:
    """Finds the known name that a word misspells by one letter."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._names: dict[str, Pattern] = {}
        self._shortened: dict[str, list[str]] = {}
        for pattern in patterns:
            if len(pattern.key) >= SHORTEST and pattern.key.isalpha():
                self._names.setdefault(pattern.key, pattern)
        for name in self._names:
            for short in set(_without_one(name)):
                self._shortened.setdefault(short, []).append(name)

    def __bool__(self) -> bool:
        return bool(self._names)

    def name_misread(self, word: str) -> Pattern | None:
        """Return the pattern of the name that a scan wrote with digits: "0konkwo", "Ha1e"."""
        for one in "li":
            name = word.translate(str.maketrans("0158", f"o{one}sb"))
            if name in self._names:
                return self._names[name]
        return None

    def name_behind(self, word: str) -> Pattern | None:
        """Return the pattern of the known name that ``word`` (folded) misspells, if one is."""
        if len(word) < SHORTEST - 1 or word in self._names:
            return None
        near = set(self._shortened.get(word, ()))
        for short in _without_one(word):
            if short in self._names:
                near.add(short)
            near.update(n for n in self._shortened.get(short, ()) if _one_slip(n, word))
        return self._names[min(near)] if near else None


def _without_one(word: str) -> Iterator[str]:
    for index in range(len(word)):
        yield word[:index] + word[index + 1 :]


def _one_slip(name: str, word: str) -> bool:
    """Return whether two words of one length differ by one letter or one swap of neighbors."""
    if len(name) != len(word):
        return False
    wrong = [i for i, (a, b) in enumerate(zip(name, word, strict=True)) if a != b]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and name[wrong[0]] == word[wrong[1]]
        and name[wrong[1]] == word[wrong[0]]
    )
