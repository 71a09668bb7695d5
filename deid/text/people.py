"""One token per person and per institution through the whole case."""

from dataclasses import dataclass, field

from deid.folding import fold_word

#: Bases that stand for one thing per case and are never numbered.
_SINGLE = frozenset({"patient"})


@dataclass(slots=True)
class PeopleTokens:
    """Gives the same person the same token in every text of one case.

    Subjects that the chart knows come with a key ("clinician:2"); others are recognized again by
    their name. Numbers follow the first appearance, so texts must be given in a fixed order.
    """

    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _counts: dict[str, int] = field(default_factory=dict, repr=False)
    _unknown: list[tuple[str, frozenset[str]]] = field(default_factory=list, repr=False)

    def token_for(self, base: str, *, subject: str = "", name: str = "") -> str:
        """Return the bracketed token of a person or institution.

        Args:
            base: the role word, for example "clinician" or "hospital".
            subject: the chart's key of this person; empty when the chart does not know them.
            name: how the text names them; recognizes an unknown person again.
        """
        key = subject or self._unknown_subject(base, name)
        known = self._tokens.get(key)
        if known is None:
            known = f"[{base}]" if base in _SINGLE else f"[{base} {self._next(base)}]"
            self._tokens[key] = known
        return known

    def _next(self, base: str) -> int:
        self._counts[base] = self._counts.get(base, 0) + 1
        return self._counts[base]

    def _unknown_subject(self, base: str, name: str) -> str:
        words = frozenset(w for w in fold_word(name).replace(",", " ").split() if len(w) > 1)
        for index, (key, seen) in enumerate(self._unknown):
            if words and (words <= seen or seen <= words):
                self._unknown[index] = (key, words | seen)
                return key
        key = f"unknown:{base}:{len(self._unknown) + 1}"
        self._unknown.append((key, words))
        return key
