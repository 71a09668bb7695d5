"""Gives outgoing resources their numbers and links: by outgoing content, never by source."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from deid import dates
from deid.structured.canonical import encoded
from deid.structured.date_methods import TIME_FROM_QUESTION
from deid.structured.run import Link

Resource = dict[str, Any]  # FHIR JSON

_ORDER: Final = {
    name: n
    for n, name in enumerate(
        ("effectiveDateTime", "effectivePeriod", "performedDateTime", "performedPeriod",
         "onsetDateTime", "onsetPeriod", "authoredOn", "occurrenceDateTime", "period", "date",
         "sent", "createdDateTime", "started", "authored", "startDate", "recordedDate", "issued",
         "whenHandedOver", "receivedTime")
    )
}  # fmt: skip
"""The elements that say when a resource was, the most telling first."""
_TIMES: Final = {written: name for name in _ORDER for written in (name, f"_{name}")}

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_YEAR: Final = len("2026")


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
    """Return how long before some fixed moment a resource says it was, to order by."""
    present = [name for key in resource if (name := _TIMES.get(key)) is not None]
    for name in sorted(present, key=_ORDER.__getitem__) if len(present) > 1 else present:
        holder, told = resource.get(f"_{name}"), resource.get(name)
        if isinstance(told, dict):
            holder = told.get("_start") or told.get("_end")
            told = told.get("start") or told.get("end")
        if holder is not None:
            distance = _distance_of(holder["extension"])
            if distance is not None:
                return -distance.minutes
        elif isinstance(told, str) and len(told) > _YEAR:
            moment = dates.parse(told, question_time=_EPOCH)
            if moment is not None:
                return (_EPOCH - moment.at) / _MINUTE
    return float("inf")


def _distance_of(extensions: list[dict[str, Any]]) -> dates.FromQuestion | None:
    for extension in extensions:
        if extension["url"] == TIME_FROM_QUESTION:
            duration = extension["valueDuration"]
            return dates.FromQuestion(value=duration["value"], unit=duration["code"])
    return None
