"""Initials that sign, dictate or stand for a person."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.lexicon import word_set
from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_DOTTED = scan(r"(?<![\w.])(?:[A-Z]\.\s?){2,3}(?![\w])|(?<![\w.])[A-Z]\.[A-Z](?![\w.])")
_NOT_PEOPLE = word_set(
    """
    us uk usa iv im po sc od os ou md do rn np pt ot am pm ed er gi gu cv hs qd qid bid tid
    prn ie eg dc va pa nh nj nc sc sd nd ri ny la ga ma mi mn ct bp hr rr id iq by to of on in
    at if no so we he the and for was not but you she his her
    """
)
#: with dots fewer letter pairs are abbreviations: "B.P." is a person more often than a pressure
_DOTTED_WORDS = word_set(
    """
    us uk iv im po sc md do rn np am pm ed or ie eg dc qd dds phd usa
    """
)
#: without capitals many more pairs are abbreviations
_DOTTED_FLAT_WORDS = word_set(
    """
    nb ps od os ou hs bid tid qid prn qod sq sl bm bp hr rr cc qhs ac pc ad yo pta npo ivf aka
    dob mrn
    """
)
#: "TW, 68, ..." stands for the patient at the start of a sentence
_WITH_AGE = scan(
    r"(?<![A-Za-z])[A-Z]{2,3}(?=,? (?:is an? )?\d{1,3}(?:,|\s?[MF]\b|\s?(?:yo|y/o|yr)))"
)
_SENTENCE_BEFORE = re.compile(r"(?:\A|[.:;\n]\s{0,2})\Z")
_DOTTED_FLAT = scan(r"(?<![\w.])[a-z]\.[a-z]\.(?:[a-z]\.)?(?=[\s,;:/)]|$)")
_SLASHED = scan(r"(?<![\w/.])(?P<a>[A-Z]{2,3})/(?P<b>[a-z]{2,3})(?![\w/])", signs=("/",))
_DICTATED = scan(
    r"\b(?:dictated|typed|transcribed|signed|entered|initials?)(?: by)?:?\s{1,2}"
    r"(?P<n>[a-z]{2,3})\b(?!\.?[a-z])(?P<typist>/[a-z]{2,3}\b)?"
)
_BEFORE_ROLE = scan(r"(?<![^\s.])-{1,2}\s?(?P<n>[A-Z]{2,3})(?=\s(?:RN|MD|NP|PA|DO|LPN)\b)")
_CLOSING = scan(r"(?<=[.\s])-{1,2}\s?(?P<n>[a-z]{2,3}|[A-Z]{2,3})\s*$", flags=re.MULTILINE)
_AFTER_DOTTED = re.compile(r"[/:](?P<n>[A-Za-z]{2,3})\b")


def find(view: TextView) -> Iterator[Finding]:
    """Yield initials of people."""
    yield from _dotted(view)
    for match in view.scan_plain(_SLASHED):
        if match["b"] not in ("min", "hr", "day", "wk", "kg", "dl", "ml", "hpf", "lpf"):
            yield _finding(*match.span())
    for match in view.scan(_DICTATED):
        if match["typist"] or match["n"] not in _NOT_PEOPLE:
            yield _finding(
                match.start("n"), match.end("typist") if match["typist"] else match.end("n")
            )
    yield from _alone(view)


def _alone(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_WITH_AGE):
        opens = _SENTENCE_BEFORE.search(view.plain, max(0, match.start() - 3), match.start())
        if opens and match.group().lower() not in lexicon.words("abbreviations"):
            yield _finding(*match.span())
    for pattern in (_BEFORE_ROLE, _CLOSING):
        for match in view.scan_plain(pattern):
            if match["n"].lower() not in _NOT_PEOPLE:
                yield _finding(*match.span("n"))


def _dotted(view: TextView) -> Iterator[Finding]:
    flat = view.scan_plain(_DOTTED_FLAT) if view.style == "lower" else ()
    for match in (*view.scan_plain(_DOTTED), *flat):
        letters = "".join(c for c in match.group() if c.isalpha()).lower()
        if letters in _DOTTED_WORDS or (flat and letters in _DOTTED_FLAT_WORDS):
            continue
        end = match.start() + len(match.group().rstrip())
        yield _finding(match.start(), end)
        typist = _AFTER_DOTTED.match(view.plain, end)
        if typist:
            yield _finding(*typist.span("n"))


def _finding(start: int, end: int) -> Finding:
    return Finding(
        start=start,
        end=end,
        category="name",
        confidence="sure",
        rule="name.initials",
        base="person",
    )
