"""What only the coded entries of a section say, as lines of text.

The narrative is what a clinician signed; entries repeat it in codes. A line is added only for
what the narrative does not name, so that nothing coded is lost and nothing is said twice. Of
an entry only its code, its value and its drug are read: never who took part, never an id.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from deid.markup.blocks import local

MAX_LINES: Final = 200

_STATEMENTS: Final = frozenset(
    {"observation", "procedure", "substanceadministration", "encounter", "act", "supply"}
)
_PEOPLE: Final = frozenset(
    {"author", "performer", "informant", "participant", "subject", "specimen", "custodian",
     "legalauthenticator", "authenticator", "dataenterer"}
)  # fmt: skip
_PLAIN_LABELS: Final = frozenset(
    {"problem", "assertion", "condition", "diagnosis", "status", "finding", "complaint", "symptom",
     "severity", "severity observation", "allergic reaction", "concern", "problem concern",
     "clinical finding", "text", "comment", "annotation comment", "annotation", "instruction",
     "information", "result", "results", "medication", "completed", "active", "inactive"}
)  # fmt: skip
_INTENDED: Final = frozenset({"INT", "RQO", "PRP", "PRMS", "ARQ", "GOL"})
_NOT_DONE: Final = frozenset({"nullified", "aborted", "cancelled"})
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,9})?")
_UNIT: Final = re.compile(r"[A-Za-z0-9%/.*\[\]{}()'^-]{1,30}")
_WORD: Final = re.compile(r"[a-z0-9]{3,60}")
_MAX_LABEL: Final = 200
_MAX_REFERENCE: Final = 200

Places = Mapping[str, etree._Element]
"""The elements of a section that a reference may point to, by their ID."""


def lines_beside(section: etree._Element, narrative: str) -> list[str]:
    """Return one line for each coded statement of a section that its narrative does not name."""
    known = frozenset(_WORD.findall(narrative.lower()))
    lines: dict[str, None] = {}
    places = {str(each.get("ID")): each for each in section.iter() if each.get("ID")}
    for statement, negated in _statements(section):
        line = _line(statement, places, known)
        if line:
            planned = "planned: " if (statement.get("moodCode") or "") in _INTENDED else ""
            lines[f"Coded: {'not: ' if negated else ''}{planned}{line}"] = None
        if len(lines) >= MAX_LINES:
            break
    return list(lines)


def _statements(section: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    """Yield the statements of a section with whether they are negated, people left aside."""
    pending = [(each, False) for each in reversed(section) if local(each) == "entry"]
    while pending:
        item, negated = pending.pop()
        name = local(item)
        if name in _PEOPLE or item.get("nullFlavor") is not None or _dropped(item):
            continue
        negated = negated or (item.get("negationInd") or "").lower() == "true"
        if name in _STATEMENTS:
            yield item, negated
        pending.extend((each, negated) for each in reversed(item) if len(each) or each.attrib)


def _dropped(item: etree._Element) -> bool:
    return any(
        local(each) == "statuscode" and (each.get("code") or "").lower() in _NOT_DONE
        for each in item
    )


def _line(item: etree._Element, places: Places, known: frozenset[str]) -> str:
    label = _label(_first(item, "code"), places)
    drug = _drug(item, places)
    coded, number = _values(item, places)
    name = drug or (label if label.lower() not in _PLAIN_LABELS else "")
    if number:
        return f"{name}: {number}" if name and not _says(known, name, number) else ""
    said = coded if coded.lower() not in _PLAIN_LABELS else ""
    if said:
        if _says(known, said):
            return ""
        return f"{name}: {said}" if name else said
    return name if name and not _says(known, name) else ""


def _says(known: frozenset[str], *labels: str) -> bool:
    """Tell whether every word is in the narrative already, however it is put there."""
    return all(word in known for label in labels for word in _WORD.findall(label.lower()))


def _drug(item: etree._Element, places: Places) -> str:
    for holder in item:
        if local(holder) in ("consumable", "product"):
            for each in holder.iter():
                if local(each) == "manufacturedmaterial":
                    return _label(_first(each, "code"), places)
    return ""


def _values(item: etree._Element, places: Places) -> tuple[str, str]:
    """Return the coded value and the measured value of a statement."""
    value = _first(item, "value")
    if value is None or value.get("nullFlavor") is not None:
        return "", ""
    kind = (value.get(_TYPE) or "").rpartition(":")[2]
    if kind in ("PQ", "INT", "REAL"):
        number, unit = (value.get("value") or "").strip(), (value.get("unit") or "").strip()
        if not _NUMBER.fullmatch(number):
            return "", ""
        return "", f"{number} {unit}" if _UNIT.fullmatch(unit) and unit != "1" else number
    return _label(value, places), ""


def _label(code: etree._Element | None, places: Places) -> str:
    """Return the name of a code: its own, or the text of this very section it points to."""
    if code is None:
        return ""
    name = " ".join((code.get("displayName") or "").split())
    if not name:
        for each in code:
            if local(each) == "originaltext":
                name = _original(each, places)
    return name if len(name) <= _MAX_LABEL else ""


def _original(item: etree._Element, places: Places) -> str:
    words = " ".join("".join(str(part) for part in item.itertext()).split())
    if words:
        return words
    reference = next((each for each in item if local(each) == "reference"), None)
    target = (reference.get("value") or "") if reference is not None else ""
    if not target.startswith("#") or len(target) > _MAX_REFERENCE:
        return ""  # anything but a place in this document is never looked up
    place = places.get(target[1:])
    return "" if place is None else " ".join("".join(map(str, place.itertext())).split())


def _first(item: etree._Element, name: str) -> etree._Element | None:
    return next((each for each in item if local(each) == name), None)
