"""Puts the resources of a bulk export together again, patient by patient."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from confer.errors import ChartFileUnusable

_REFERENCE: Final = re.compile(rb'"reference"\s{0,8}:\s{0,8}"([A-Z][A-Za-z]{2,40}/[^"\\]{1,80})"')
_PATIENT: Final = re.compile(r"Patient/[^/?#]{1,80}")
_ABOUT: Final = ("subject", "patient", "beneficiary", "individual")


class _Head(msgspec.Struct):
    """The few elements that tell what a line is and whom it is about."""

    resourceType: str = ""  # noqa: N815 - FHIR's own name
    id: str = ""
    subject: Any = None  # FHIR JSON: a reference, or something that is none
    patient: Any = None
    beneficiary: Any = None
    individual: Any = None


_HEAD: Final = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One resource of the export and where it stands."""

    file: str
    line: int
    key: str
    about: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouped:
    """One patient's resources, the Patient first, and what they point to."""

    file: str
    line: int
    bodies: tuple[bytes, ...] = field(repr=False)
    others: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stray:
    """A line that belongs to nobody in the export."""

    file: str
    line: int
    problem: str


@dataclass(slots=True)
class Export:
    """All lines read so far."""

    patients: dict[str, Line] = field(default_factory=dict)
    owned: dict[str, list[Line]] = field(default_factory=dict)
    shared: dict[str, Line] = field(default_factory=dict)
    doubled: list[Line] = field(default_factory=list)

    def add(self, file: str, line: int, body: bytes) -> str:
        """Take one line; returns its resource type. A Bundle is not kept: it is its own chart.

        Raises `ChartFileUnusable` with the line when it is no FHIR resource.
        """
        head = _head(body, line)
        kind = head.resourceType
        if kind == "Bundle":
            return kind
        read = Line(
            file=file, line=line, key=f"{kind}/{head.id}", about=_patient_of(head), body=body
        )
        if kind == "Patient":
            if read.key in self.patients:
                self.doubled.append(read)
            self.patients.setdefault(read.key, read)
        elif read.about:
            self.owned.setdefault(read.about, []).append(read)
        else:
            self.shared[read.key] = read
        return kind

    def charts(self) -> Iterator[Grouped]:
        """Yield a chart for every Patient, in the order they were read."""
        for key, patient in self.patients.items():
            own = [patient, *self.owned.get(key, ())]
            yield Grouped(
                file=patient.file,
                line=patient.line,
                bodies=tuple(each.body for each in own),
                others=tuple(self._pointed_to(own)),
            )

    def strays(self) -> Iterator[Stray]:
        """Yield what is in no chart: a second Patient of one id, or somebody who is not here."""
        for line in self.doubled:
            yield Stray(file=line.file, line=line.line, problem="a second Patient with this id")
        for key in sorted(self.owned.keys() - self.patients.keys()):
            for line in self.owned[key]:
                yield Stray(
                    file=line.file, line=line.line, problem="its patient is not in the export"
                )
        if not self.patients:
            for line in self.shared.values():
                yield Stray(file=line.file, line=line.line, problem="there is no Patient with it")

    def _pointed_to(self, own: list[Line]) -> Iterator[bytes]:
        seen: set[str] = set()
        waiting = list(own)
        while waiting:
            for match in _REFERENCE.finditer(waiting.pop().body):
                key = match[1].decode("utf-8", "replace")
                found = self.shared.get(key)
                if found is not None and key not in seen:
                    seen.add(key)
                    waiting.append(found)
                    yield found.body


def _head(body: bytes, line: int) -> _Head:
    try:
        head = _HEAD.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ChartFileUnusable(problem="not one FHIR resource as JSON", line=line) from None
    if not head.resourceType:
        raise ChartFileUnusable(problem="no resourceType", line=line)
    return head


def _patient_of(head: _Head) -> str:
    for name in _ABOUT:
        link = getattr(head, name)
        reference = link.get("reference") if isinstance(link, dict) else None
        found = _PATIENT.search(reference) if isinstance(reference, str) else None
        if found:
            return found[0]
    return ""
