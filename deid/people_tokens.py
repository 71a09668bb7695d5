"""Keeps one token for one person: in links as in texts, in a reply as in the question."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from deid.known_identity import KnownIdentity
from deid.text.document import ScrubbedText
from deid.text.people import PeopleTokens

_TOKEN: Final = re.compile(r"\[([a-z]+(?: [a-z]+)*) ([1-9][0-9]{0,3})\]")
_PEOPLE: Final = frozenset({"patient", "relative", "clinician", "person"})
_NAMED: Final = re.compile(
    r"\[(?:patient|[a-z]+(?: [a-z]+)* [1-9][0-9]{0,3}"
    r"|[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?: [0-9]{2}:[0-9]{2})?)?)\]"
)


class ReferenceNames:
    """Names the people and places that links point to, and keeps whom each token means."""

    def __init__(self, identity: KnownIdentity, people: PeopleTokens) -> None:
        self._identity = identity
        self._people = people
        self._known: dict[tuple[str, str], str] = {}
        self.words: dict[str, str] = {}

    def __call__(self, base: str, *, key: str, name: str) -> str:
        """Return the token of a person or place; see `deid.structured.run.RoleTokens`."""
        if (key, name) not in self._known:
            token = self._known[(key, name)] = self._token(base, key, name)
            if len(name) > len(self.words.get(token, "")):
                self.words[token] = name
        return self._known[(key, name)]

    def _token(self, base: str, key: str, name: str) -> str:
        hits = [hit for hit in self._identity.find(name) if hit.subject]
        # "Marrowby Family Medicine" is the clinic, though it bears the name of somebody known
        hit = max(hits, key=lambda h: (h.token_base == base, h.end - h.start), default=None)
        if hit is not None and (hit.token_base in _PEOPLE) == (base in _PEOPLE):
            return self._people.token_for(hit.token_base, subject=hit.subject)
        subject = f"reference:{key}" if key else ""
        return self._people.token_for(base, subject=subject, name=name)


def words_behind(scrubbed: Iterable[ScrubbedText], references: Mapping[str, str]) -> dict[str, str]:
    """Return the fullest wording behind every token that leaves; it stays in the vault."""
    found = dict(references)
    for text in scrubbed:
        for span in text.spans:
            words = text.original.value[span.start : span.end]
            if _NAMED.fullmatch(span.replacement) and len(words) > len(
                found.get(span.replacement, "")
            ):
                found[span.replacement] = words
    return found


def replay(people: PeopleTokens, identity: KnownIdentity, earlier: Mapping[str, str]) -> None:
    """Give every person the token that left before in this case; new people count on from there.

    Args:
        people: the registry of this run, still empty.
        identity: recognizes whom the words mean now.
        earlier: tokens and the words behind them.
    """
    by_base: dict[str, dict[int, str]] = {}
    for token, words in earlier.items():
        match = _TOKEN.fullmatch(token)
        if match is not None:
            by_base.setdefault(match[1], {})[int(match[2])] = words
    for base, numbered in sorted(by_base.items()):
        for number in range(1, max(numbered) + 1):
            expected = f"[{base} {number}]"
            words = numbered.get(number, "")
            subject = _subject_of(identity, base, words)
            given = people.token_for(base, subject=subject, name=words) if words else ""
            if given != expected:
                # Nobody new: the number stays taken, so that it never means somebody else.
                people.token_for(base, subject=f"earlier:{base}:{number}")


def _subject_of(identity: KnownIdentity, base: str, words: str) -> str:
    """Return whom the chart means by ``words``; a clinic's token never becomes its namesake's."""
    hits = [hit for hit in identity.find(words) if hit.subject]
    same = [hit for hit in hits if hit.token_base == base]
    return same[0].subject if same else ""
