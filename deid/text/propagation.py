"""A name accepted once is a name everywhere in the same text."""

from collections.abc import Iterable, Iterator

from deid import known_context, lexicon
from deid.text.document import Finding
from deid.text.tokens import TextView, Token


def propagate(view: TextView, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the other places where a word of an accepted name stands.

    A word that is also vocabulary is followed only where it is capitalized inside a sentence.
    """
    names = _accepted_words(view, findings)
    if names.keys().isdisjoint(view.words):
        return
    plain_words = lexicon.ambiguous_names()
    for token in view.tokens:
        source = names.get(token.lower)
        if source is None or (token.lower in plain_words and not _stands_as_name(view, token)):
            continue
        if source.confidence != "known" and known_context.eponym_follows(
            view.lower[token.end : token.end + 26]
        ):
            continue
        yield Finding(
            start=token.start,
            end=token.end,
            category="name",
            confidence=source.confidence,
            rule="name.propagated",
            base=source.base,
            subject=source.subject,
        )


def _accepted_words(view: TextView, findings: Iterable[Finding]) -> dict[str, Finding]:
    names: dict[str, Finding] = {}
    for finding in findings:
        if finding.category != "name" or finding.confidence == "likely":
            continue
        first = view.index_at(finding.start)
        for token in view.tokens[first : view.index_at(finding.end)]:
            if len(token.lower) > 2:
                names.setdefault(token.lower, finding)
    return names


def _stands_as_name(view: TextView, token: Token) -> bool:
    if not token.capitalized or token.shouting or view.starts_sentence(token):
        return False
    return not known_context.eponym_follows(view.lower[token.end : token.end + 26])
