"""Default deny: a capitalized word that no vocabulary explains is likely a name."""

from collections.abc import Iterator

from deid import known_context, lexicon
from deid.text import name_words
from deid.text.document import Finding
from deid.text.tokens import TextView, Token


def find(view: TextView) -> Iterator[Finding]:
    """Yield unknown words written like names; the doctor may give each of them back."""
    for index in view.capitals:
        token = view.tokens[index]
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
    if len(word) < 3 or lexicon.is_ordinary(word):
        return False
    if word in name_words.NEVER or view.touches_digit(token):
        return False
    return _shaped_like_name(view, token) and not _names_a_product(view, token)


def _names_a_product(view: TextView, token: Token) -> bool:
    """A dose follows, or a code's display has the brand in brackets."""
    if known_context.names_a_drug(view.lower[token.end : token.end + 26]):
        return True
    plain = view.plain
    return plain[token.start - 1 : token.start] == "[" and plain[token.end : token.end + 1] == "]"


def _shaped_like_name(view: TextView, token: Token) -> bool:
    """Capitals inside or throughout are mostly abbreviations, unless the word is long."""
    length = len(token.lower)
    if token.shouting:
        return length > (4 if view.style == "upper" else 5)
    if token.text[1:].islower():
        return True
    inner = token.text.replace("-", "").replace("'", "")
    return not inner.isupper() and length > 4 and token.lower.isalpha()
