"""Merging what several recognizers saw into spans that do not overlap."""

from collections.abc import Iterable

from deid.text.document import Finding

_RANK = {"likely": 0, "sure": 1, "known": 2}


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Return non-overlapping findings in text order.

    Overlapping findings become one that covers them all, so that no letter any recognizer pointed
    at is left. The longest that is not only likely gives category and wording (ties: the more
    certain, then the first by rule name); the certainty is the highest of all. Words the doctor
    hid win over everything.
    """
    ordered = sorted(findings, key=lambda f: (f.start, -f.end, f.rule, f.subject))
    merged: list[Finding] = []
    for finding in ordered:
        if finding.start >= finding.end:
            continue
        if merged and finding.start < merged[-1].end:
            merged[-1] = _join(merged[-1], finding)
        else:
            merged.append(finding)
    return merged


def _join(first: Finding, second: Finding) -> Finding:
    winner = max(first, second, key=_weight)
    surer = max(first.confidence, second.confidence, key=_RANK.__getitem__)
    start, end = min(first.start, second.start), max(first.end, second.end)
    if (start, end, surer) == (winner.start, winner.end, winner.confidence):
        return winner
    return winner._replace(start=start, end=end, confidence=surer)


def _weight(finding: Finding) -> tuple[bool, bool, int, int, bool, bool, str]:
    return (
        finding.category == "hidden",
        finding.confidence != "likely",  # default deny says where, not what
        finding.end - finding.start,
        _RANK[finding.confidence],
        finding.category != "other_id",  # "some number" says least
        bool(finding.subject),
        finding.rule,
    )
