"""Merging what several recognizers saw into spans that do not overlap."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from deid.text.document import Finding

#: "Anselm of St. Meinrad": what is left between two names is not itself one
_PARTICLES_AROUND = re.compile(
    r"^(?:(?:of|the|de|la|and|or) ){1,3}|(?: (?:of|the|de|la|and|or)){1,3}$"
)
_RANK = {"likely": 0, "sure": 1, "known": 2}


#: what a likely word beside it can be a part of
_EXTENSIBLE = frozenset(
    {"name", "organization", "employer", "school", "city", "place", "street", "unit"}
)


def merge(findings: Iterable[Finding], text: str) -> list[Finding]:
    """Return non-overlapping findings of ``text`` in text order.

    Overlapping findings become one that covers them all, so that no letter any recognizer pointed
    at is left. The longest that is not only likely gives category and wording (ties: the more
    certain, then the first by rule name); the certainty is the highest of all. A likely stretch
    that would tie two findings together is cut at them. Words the doctor hid win over everything.
    """
    ordered = sorted(findings, key=lambda f: (f.start, -f.end, f.rule, f.subject))
    likely = [f for f in ordered if f.confidence == "likely"]
    firm = _sweep(f for f in ordered if f.confidence != "likely")
    if not likely:
        return firm
    pieces = [piece for finding in likely for piece in _cut(finding, firm, text)]
    return _sweep(sorted((*firm, *pieces), key=lambda f: (f.start, -f.end, f.rule, f.subject)))


def _sweep(ordered: Iterable[Finding]) -> list[Finding]:
    merged: list[Finding] = []
    for finding in ordered:
        if finding.start >= finding.end:
            continue
        if merged and finding.start < merged[-1].end:
            merged[-1] = _join(merged[-1], finding)
        else:
            merged.append(finding)
    return merged


def _cut(finding: Finding, firm: Sequence[Finding], text: str) -> Iterator[Finding]:
    """Yield what is left of a likely finding between the firm ones it touches."""
    first = bisect_right(firm, finding.start, key=lambda f: f.end)
    touched = []
    for at in range(first, len(firm)):  # no slice: a copy for each finding would be quadratic
        if firm[at].start >= finding.end:
            break
        touched.append(firm[at])
    if len(touched) == 1 and touched[0].category in _EXTENSIBLE:
        touched = []
    start = finding.start
    for stop, following in [(o.start, o.end) for o in touched] + [(finding.end, finding.end)]:
        piece = text[start:stop]
        body = _PARTICLES_AROUND.sub("", piece.strip(" \n\t.,;:&/'-"))
        if len(body) > 1:
            at = start + piece.index(body)
            yield finding._replace(start=at, end=at + len(body))
        start = max(start, following)


def _join(first: Finding, second: Finding) -> Finding:
    winner = _longer(first, second) or max(first, second, key=_weight)
    surer = max(first.confidence, second.confidence, key=_RANK.__getitem__)
    start, end = min(first.start, second.start), max(first.end, second.end)
    if (start, end, surer) == (winner.start, winner.end, winner.confidence):
        return winner
    return winner._replace(start=start, end=end, confidence=surer)


def _longer(first: Finding, second: Finding) -> Finding | None:
    """Return what `_weight` would choose where the length alone decides: most of the time."""
    difference = first.end - first.start - second.end + second.start
    if not difference or "hidden" in (first.category, second.category):
        return None
    if (first.confidence == "likely") is not (second.confidence == "likely"):
        return None
    return first if difference > 0 else second


def _weight(finding: Finding) -> tuple[bool, bool, int, int, bool, bool, bool, str]:
    return (
        finding.category == "hidden",
        finding.confidence != "likely",  # default deny says where, not what
        finding.end - finding.start,
        _RANK[finding.confidence],
        finding.category != "other_id",  # "some number" says least
        bool(finding.subject),
        finding.rule.startswith("known."),  # the best explanation for who reads the receipt
        finding.rule,
    )
