"""The right side of the preview, read from the very bytes that would leave. Pure.

Every leaf string of the bytes is either shown in a line of its resource, or belongs to the
envelope (codes, addresses, keys and build times of the message), which has a list of its own.
A picture is shown as what it is instead of as letters.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runtime import json_text

_ENVELOPE_KEYS = frozenset(
    {"system", "reference", "fullUrl", "url", "profile", "resourceType", "ifNoneExist", "ifMatch"}
)
MAX_MESSAGE = 200_000_000
_TIME = "time-from-question"
_PICTURES = ("image/png", "image/jpeg")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One outgoing resource as a line of its words and numbers."""

    entry: str
    words: tuple[str, ...] = field(repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the outgoing snapshot."""

    title: str
    lines: tuple[Line, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OutgoingPicture:
    """A picture in the bytes: the resource it stands in, and what it is made of."""

    entry: str
    body: bytes = field(repr=False)
    data: str = field(repr=False)
    """Its base64, as it stands in the message."""

    @property
    def words(self) -> str:
        """What stands in a line in its place."""
        return f"picture, {len(self.body) / 1000:.0f} KB"


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A whole submission, read from its bytes."""

    patient: tuple[str, ...] = field(repr=False)
    sections: tuple[Section, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    envelope: tuple[str, ...] = field(repr=False)
    size: int
    pictures: tuple[OutgoingPicture, ...] = ()


def read_outgoing(body: bytes) -> Outgoing:
    """Read a submission's bytes into what a page can show."""
    message: dict[str, Any] = json_text.loads(body, max_bytes=MAX_MESSAGE)
    patient: tuple[str, ...] = ()
    sections: list[Section] = []
    texts: list[str] = []
    envelope: list[str] = []
    pictures = pictures_in(message)
    for resource in _resources(message):
        kind = resource.get("resourceType")
        if kind == "Bundle":
            patient, found = _snapshot(resource, envelope)
            sections.extend(found)
        else:
            if kind == "Communication":
                payload = resource.get("payload") or []
                texts.extend(str(p["contentString"]) for p in payload if "contentString" in p)
            envelope.extend(_strings({k: v for k, v in resource.items() if k != "payload"}))
    head = {k: v for k, v in message.items() if k != "entry"}
    entries = [
        {k: v for k, v in entry.items() if k != "resource"} for entry in message.get("entry", ())
    ]
    envelope.extend(_strings([head, *entries]))
    return Outgoing(
        patient=patient,
        sections=tuple(sections),
        texts=tuple(texts),
        envelope=tuple(dict.fromkeys(envelope)),
        size=len(body),
        pictures=pictures,
    )


def pictures_in(message: Mapping[str, Any]) -> tuple[OutgoingPicture, ...]:
    """The pictures of the nested snapshot, in the order of the bytes."""
    found: list[OutgoingPicture] = []
    for snapshot in _resources(message):
        for entry in snapshot.get("entry") or () if snapshot["resourceType"] == "Bundle" else ():
            name = "/".join(str(entry["fullUrl"]).rsplit("/", 2)[-2:])
            found.extend(_attached(entry["resource"], name))
    return tuple(found)


def _attached(value: Any, entry: str) -> Iterator[OutgoingPicture]:
    if isinstance(value, dict):
        picture = _picture(value, entry)
        if picture is not None:
            yield picture
            return
        for item in value.values():
            yield from _attached(item, entry)
    elif isinstance(value, list):
        for item in value:
            yield from _attached(item, entry)


def _picture(value: Mapping[str, Any], entry: str) -> OutgoingPicture | None:
    data = value.get("data")
    if value.get("contentType") not in _PICTURES or not isinstance(data, str):
        return None
    try:
        body = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return OutgoingPicture(entry=entry, body=body, data=data)


def _resources(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in message.get("entry") or []:
        if isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _snapshot(
    bundle: Mapping[str, Any], envelope: list[str]
) -> tuple[tuple[str, ...], list[Section]]:
    composition = bundle["entry"][0]["resource"]
    envelope.extend(_strings({k: v for k, v in bundle.items() if k != "entry"}))
    envelope.extend(_strings(bundle["entry"][0]))
    by_url: dict[str, Line] = {}
    patient: tuple[str, ...] = ()
    for entry in bundle["entry"][1:]:
        words, codes = _leaves(entry["resource"])
        envelope.extend([str(entry["fullUrl"]), *codes])
        name = "/".join(str(entry["fullUrl"]).rsplit("/", 2)[-2:])
        if entry["resource"].get("resourceType") == "Patient":
            patient = words
        else:
            by_url[str(entry["fullUrl"])] = Line(
                entry=name, words=words, name=_name_of(entry["resource"])
            )
    found: list[Section] = []
    for section in composition.get("section") or []:
        urls = [str(item["reference"]) for item in section.get("entry") or []]
        lines = tuple(by_url.pop(url) for url in urls if url in by_url)
        found.append(Section(title=str(section.get("title")), lines=lines))
    if by_url:
        found.append(Section(title="Belongs to the above", lines=tuple(by_url.values())))
    return patient, found


def _name_of(resource: Mapping[str, Any]) -> str:
    """What a note or a report calls itself in the bytes that leave: its type or its code."""
    for key in ("type", "code"):
        concept = resource.get(key)
        if isinstance(concept, Mapping):
            displays = [str(one.get("display", "")) for one in concept.get("coding") or []]
            if name := next(
                (name for name in (str(concept.get("text", "")), *displays) if name), ""
            ):
                return name
    return ""


def _leaves(resource: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """(words to show, envelope) of a clinical resource; a time comes as words."""
    words: list[str] = []
    codes: list[str] = []
    for key, leaf in _walk(resource, ""):
        if isinstance(leaf, bool):
            codes.append(f"{key}: {'yes' if leaf else 'no'}")
        elif key in _ENVELOPE_KEYS:
            codes.append(str(leaf))
        else:
            words.append(str(leaf))
    return tuple(dict.fromkeys(words)), codes


def _walk(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Every (element name, leaf), and each time from the question once more as words."""
    if isinstance(value, dict):
        picture = _picture(value, "")
        if picture is not None:
            value = {**value, "data": picture.words}
        if str(value.get("url", "")).endswith(_TIME):
            yield "", _time_words(value.get("valueDuration") or {})
        for name, item in value.items():
            yield from _walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, key)
    elif value is not None:
        yield key, value


def _time_words(duration: Mapping[str, Any]) -> str:
    value = duration.get("value")
    if value is None:
        return ""
    side = "after" if Decimal(str(value)) > 0 else "before"
    size = str(value).lstrip("-")
    return f"{size} {duration.get('unit') or duration.get('code') or ''} {side}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif value is not None:
        yield str(value)
