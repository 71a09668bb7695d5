"""Default deny for plain words: a capital inside a sentence that medicine does not explain.

"Seen at Ridgeline", "referred to Bluestem Family Health", "moved to "
"Comfort": every word stands in
a dictionary, and yet it names a place, a person or a firm. Notes, forms and letters write many
other words with a capital; those are listed (deid/lists/headings.txt) or stand in headings and
labels.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from deid import known_context, lexicon
from deid.lexicon import word_set
from deid.text import institutions, name_cues, name_words
from deid.text.document import Finding
from deid.text.tokens import TextView, Token

_ROOM = 26
_GAPS = frozenset({" ", "-", " & ", "'s ", "' "})
_SMALL = frozenset({"of", "the", "upon", "de", "la", "del", "le", "sur"})
_ENDS_LABEL = re.compile(r"(?:'?s)?\s?[:#=]")
_ROLES = word_set(
    """
    md do rn np pa phd pharmd rph dds lpn cna crna msw lcsw dr drs mr mrs ms miss mx prof mrn
    dob ssn npi nhs gmc fax tel phone pager bleep ext email date time room rm bed patient pt
    pts attending attg resident fellow consultant surgeon pcp gp dear thanks sincerely regards
    signed re cc
    """
)
#: what is said of people only, even at the start of a sentence
_PERSON_AFTER = re.compile(
    r" (?:presents? with|presented (?:with|to)|reports that|reported that|denies|states|"
    r"underwent|"
    r"was admitted|was seen|is an? \d|is now \d|lives (?:in|with|alone)|returns for|complains "
    r"of)\b"
)
#: "Accident and Emergency" is a heading; "lives in Rough and Ready" is a town
_PLACE_BEFORE = re.compile(
    r"\b(?:lives? in|living in|moved to|moved from|native of|from|trip to|travel to|ride back to|"
    r"in|to)\s\Z"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield runs of capitalized words of which at least one is unexplained; likely only."""
    if view.style != "mixed":
        return
    end = 0
    for index in view.capitals:
        if index >= end:
            end = _run_end(view, index)
            yield from _judge(view, view.tokens[index:end])


def _run_end(view: TextView, index: int) -> int:
    """Return the index after the last word of the run of capitalized words at ``index``."""
    tokens = view.tokens
    end = index + 1
    while end < len(tokens) and end - index < 7:
        gap = view.plain[tokens[end - 1].end : tokens[end].start]
        following = tokens[end]
        if not _connects(view, tokens[end - 1], gap) or _parts(following):
            break
        if following.capitalized:
            end += 1
            continue
        skip = _over_small_words(view, end)
        if not skip or _parts(tokens[skip]):
            break
        end = skip + 1
    return end


def _parts(token: Token) -> bool:
    """A title, a role or a month begins something else."""
    return token.lower in _ROLES or token.lower in lexicon.words("months")


def _connects(view: TextView, before: Token, gap: str) -> bool:
    if gap == ". ":
        initial = len(before.text) == 1 and view.plain[before.start - 1 : before.start] in ("", " ")
        return before.lower in ("st", "mt", "ft") or (initial and not _measured(view, before))
    return gap in _GAPS


def _measured(view: TextView, token: Token) -> bool:
    """ "9 cm H2O. Mask": a letter after a number is a unit, not an initial."""
    return view.plain[max(0, token.start - 2) : token.start - 1].isdigit()


def _over_small_words(view: TextView, index: int) -> int:
    """Return the index of the capitalized word after "of the" and its like, or 0."""
    tokens = view.tokens
    for step in range(index, min(index + 2, len(tokens) - 1)):
        word, following = tokens[step], tokens[step + 1]
        if view.plain[word.end : following.start] != " ":
            return 0
        if word.lower not in _SMALL and not (
            word.lower in ("and", "or") and _names_a_place(view, index)
        ):
            return 0
        if following.capitalized:
            return step + 1
    return 0


def _names_a_place(view: TextView, index: int) -> bool:
    start = view.tokens[index - 1].start
    return bool(_PLACE_BEFORE.search(view.lower, max(0, start - 16), start))


def _judge(view: TextView, run: Sequence[Token]) -> Iterator[Finding]:
    words = [t for t in run if t.capitalized]
    if not _is_unexplained(view, words) or _is_label(view, run) or _heads_a_line(view, run):
        return
    article = run[0].lower == "the" and len(run) > 1 and not view.starts_sentence(run[0])
    while run and not article and (_is_edge(run[0]) or (len(run) > 1 and _leads(run[0]))):
        run = run[1:]
    while run and _is_edge(run[-1]):
        run = run[:-1]
    if run:
        yield Finding(
            start=run[0].start,
            end=run[-1].end,
            category="name",
            confidence="likely",
            rule="word.capital",
        )


def _is_unexplained(view: TextView, words: Sequence[Token]) -> bool:
    first = words[0]
    first_excused = view.starts_sentence(first) and not _PERSON_AFTER.match(view.lower, first.end)
    return any(
        _names_something(view, token)
        for position, token in enumerate(words)
        if position or not first_excused
    )


def _names_something(view: TextView, token: Token) -> bool:
    if _is_explained(token.lower) or not token.text[1:].islower() or view.touches_digit(token):
        return False
    after = view.lower[token.end : token.end + _ROOM]
    return not (known_context.eponym_follows(after) or known_context.names_a_drug(after))


@lru_cache(maxsize=16_384)
def _is_explained(word: str) -> bool:
    """Return whether the word needs no name to explain its capital."""
    if len(word) < 3 or word in lexicon.written_with_capital() or word in name_words.NEVER:
        return True
    if word in institutions.GENERIC or _is_compound(word):
        return True
    return lexicon.is_medical_word(word)


def _is_compound(word: str) -> bool:
    """ "R-handed", "Mini-Mental": put together of a letter or of words that explain it."""
    parts = word.split("-")
    return len(parts) > 1 and any(
        len(part) < 2 or part in lexicon.written_with_capital() for part in parts
    )


def _is_label(view: TextView, run: Sequence[Token]) -> bool:
    """ "Referring Office:" labels what follows."""
    return bool(_ENDS_LABEL.match(view.plain, run[-1].end))


def _heads_a_line(view: TextView, run: Sequence[Token]) -> bool:
    """A line of capitalized plain words only is a heading ("Review Of Systems")."""
    start, end = run[0].start, run[-1].end
    before = view.plain[max(0, start - 2) : start].strip(" *#-")
    after = view.plain[end : end + 2].strip(" *#-")
    alone = (not before or before[-1] == "\n") and (not after or after[0] == "\n")
    return alone and not institutions.ends_with_kind(run[-1].lower)


def _leads(token: Token) -> bool:
    """ "Employer Harmon", "Sees Faith": the first word is the note's own."""
    if token.lower in institutions.GENERIC:
        return False
    abbreviated = token.shouting and token.lower in lexicon.words("abbreviations")
    return abbreviated or token.lower in lexicon.words("headings") or name_cues.is_cue(token.lower)


def _is_edge(token: Token) -> bool:
    """Titles, months and small words at either end are not part of what is named."""
    return (
        token.lower in name_words.NEVER
        or token.lower in lexicon.words("months")
        or token.lower in _SMALL
    )
