"""Gives outgoing resources their numbers and links: by outgoing content, never by source."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deid.dates import FromQuestion
from deid.structured.actions import TIME_FROM_QUESTION
from deid.structured.canonical import encoded
from deid.structured.run import Link

Resource = dict[str, Any]  # FHIR JSON

_TIMES = (
    "effectiveDateTime", "effectivePeriod", "performedDateTime", "performedPeriod", "onsetDateTime",
    "onsetPeriod", "authoredOn", "occurrenceDateTime", "period", "date", "started", "authored",
    "startDate", "recordedDate", "issued", "whenHandedOver", "receivedTime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Numbered:
    """A clean resource and its number among those of its type."""

    number: int
    resource: Resource


def number(
    cleaned: Mapping[int, Resource],
    links: Iterable[Link],
    *,
    tie_breaks: Mapping[int, str],
    base: str,
) -> dict[int, Numbered]:
    """Number the resources of each type, newest first, and write every link.

    Ties in the content are broken by the content linked to, then by a keyed digest, so that
    the order of the chart never shows. Links to something that does not leave are taken out.

    Args:
        cleaned: clean resources by their position in the input; links are still empty.
        links: the links among them.
        tie_breaks: a keyed digest per position.
        base: the URL that names the case.
    """
    by_source: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        by_source[link.source].append(link)
    own = {at: encoded(resource) for at, resource in cleaned.items()}
    digests = {at: hashlib.sha256(body).digest() for at, body in own.items()}
    seen = {at: b"".join(digests.get(link.target, b"") for link in by_source[at]) for at in cleaned}
    order = sorted(
        cleaned,
        key=lambda at: (_minutes_before(cleaned[at]), own[at], seen[at], tie_breaks[at]),
    )
    counts: Counter[str] = Counter()
    numbered: dict[int, Numbered] = {}
    for at in order:
        kind = cleaned[at]["resourceType"]
        counts[kind] += 1
        numbered[at] = Numbered(counts[kind], cleaned[at])
    for at in order:
        for link in by_source[at]:
            _write(link, numbered, base)
    return numbered


def address(base: str, numbered: Numbered) -> str:
    """Return the URL of a numbered resource."""
    return f"{base}/{numbered.resource['resourceType']}/{numbered.number}"


def _write(link: Link, numbered: Mapping[int, Numbered], base: str) -> None:
    target = numbered.get(link.target)
    if target is None:
        link.reference.pop("reference")
        link.reference["display"] = "[not sent]"
    else:
        link.reference["reference"] = address(base, target)


def _minutes_before(resource: Resource) -> float:
    """Return how long before the question a resource says it was, to order by."""
    for name in _TIMES:
        holder = resource.get(f"_{name}")
        if holder is None and isinstance(resource.get(name), dict):
            period = resource[name]
            holder = period.get("_start") or period.get("_end")
        if holder is not None:
            for extension in holder["extension"]:
                if extension["url"] == TIME_FROM_QUESTION:
                    duration = extension["valueDuration"]
                    distance = FromQuestion(value=duration["value"], unit=duration["code"])
                    return -distance.minutes
    return float("inf")
