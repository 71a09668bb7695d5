"""Keeps one token for one person: in links as in texts, in a reply as in the question."""

import re
from collections.abc import Mapping
from typing import Final

from deid.known_identity import KnownIdentity
from deid.structured.run import RoleTokens
from deid.text.people import PeopleTokens

_TOKEN: Final = re.compile(r"\[([a-z]+(?: [a-z]+)*) ([1-9][0-9]{0,3})\]")


def for_references(identity: KnownIdentity, people: PeopleTokens) -> RoleTokens:
    """Return what names the people and places that links point to."""
    known: dict[tuple[str, str], str] = {}

    def token(base: str, *, key: str, name: str) -> str:
        if (key, name) not in known:
            hits = [hit for hit in identity.find(name) if hit.subject]
            if hits:
                known[(key, name)] = people.token_for(hits[0].token_base, subject=hits[0].subject)
            else:
                subject = f"reference:{key}" if key else ""
                known[(key, name)] = people.token_for(base, subject=subject, name=name)
        return known[(key, name)]

    return token


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
            subject = next((hit.subject for hit in identity.find(words) if hit.subject), "")
            given = people.token_for(base, subject=subject, name=words) if words else ""
            if given != expected:
                # Nobody new: the number stays taken, so that it never means somebody else.
                people.token_for(base, subject=f"earlier:{base}:{number}")
