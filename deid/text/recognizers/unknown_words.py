"""Default deny: a capitalized word that no vocabulary explains is likely a name."""

from collections.abc import Iterator
from datetime import datetime

from deid import known_context, lexicon
from deid.text import name_words
from deid.text.document import Finding
from deid.text.tokens import TextView, Token


def find(view: TextView, question: datetime) -> Iterator[Finding]:  # noqa: ARG001
    """Yield unknown words written like names; the doctor may give each of them back."""
    for token in view.tokens:
        if _unexplained(view, token):
            yield Finding(
                start=token.start,
                end=token.end,
                category="name",
                confidence="likely",
                rule="word.unknown",
            )


def _unexplained(view: TextView, token: Token) -> bool:
    word = token.lower
    if len(word) < 3 or not token.capitalized or view.touches_digit(token):
        return False
    if word in name_words.NEVER or lexicon.is_ordinary(word):
        return False
    if known_context.names_a_drug(view.lower[token.end : token.end + 26]):
        return False
    if (
        view.plain[token.start - 1 : token.start] == "["
        and view.plain[token.end : token.end + 1] == "]"
    ):
        return False  # a brand in a code's display
    if not token.text[1:].islower() and not token.shouting:
        inner = token.text.replace("-", "").replace("'", "")
        return not inner.isupper() and len(word) > 4 and word.isalpha()
    if token.shouting:
        return len(word) > (4 if view.style == "upper" else 5)
    return True
