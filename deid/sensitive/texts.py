"""Sensitive words in free text: blotted out where they must not leave, listed where they may."""

from collections.abc import Callable, Iterable, Iterator

from deid.sensitive.screening import Item, Screening
from deid.sensitive.value_sets import Word
from deid.text.document import Finding
from deid.text.tokens import TextView

Recognizer = Callable[[TextView], Iterator[Finding]]


def blotter(screening: Screening, *, typed: bool) -> Recognizer:
    """Return the recognizer of what must not leave.

    In what the doctor typed only the categories that the doctor took out are blotted out.
    """
    if typed:
        taken = {
            key.partition(":")[2] for key in screening.left_out if key.startswith("sensitive:")
        }
        categories = frozenset(taken)
    else:
        categories = screening.kept_back()

    def find(view: TextView) -> Iterator[Finding]:
        if not categories:
            return
        for word in screening.policy.values.words_in(view.plain, view.lower):
            if word.category in categories and not word.hint:
                # One rule name for all: the counts of rules leave, and would tell which it was.
                yield Finding(
                    start=word.start,
                    end=word.end,
                    category="sensitive",
                    confidence="known",
                    rule="sensitive.word",
                )

    return find


def items_in(
    screening: Screening, text: str, *, position: int | None, element: str, key: str
) -> Iterator[Item]:
    """Yield what an outgoing text still says: one item for each category, and its hints."""
    lower = text.lower()
    if len(lower) != len(text):  # a letter that grows: offsets would not fit
        text = lower
    said: dict[tuple[str, bool], list[Word]] = {}
    for word in screening.policy.values.words_in(text, lower):
        said.setdefault((word.category, word.hint), []).append(word)
    for (category, hint), words in said.items():
        action = screening.action(category)
        if hint:
            action = "warn"
        elif action in ("mask", "withhold"):
            action = "consent"  # only what the doctor typed gets here; it is never changed unasked
        yield Item(
            category=category,
            action=action,
            why="word",
            position=position,
            element=element,
            key=key,
            shown=", ".join(dict.fromkeys(word.word for word in words)),
            reveals=hint,
        )


def revealing(kept_back: Iterable[str], hints: Iterable[Item]) -> Iterator[Item]:
    """Yield the hints that give away a category of which something was kept back."""
    categories = frozenset(kept_back)
    for item in hints:
        if item.category in categories:
            yield Item(
                category=item.category,
                action="warn",
                why=item.why,
                position=item.position,
                element=item.element,
                key=item.key,
                shown=item.shown,
                reveals=True,
            )
