"""Clinical documents (C-CDA) become sections of text: title, narrative, what only codes say.

The header is never part of the text: who took part is in `cda_identity`. Nothing outside the
document is looked up. Spec: deid.md 5.22; HL7 CDA R2.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from deid.markup.blocks import Vocabulary, lines_of, local
from deid.markup.coded_entries import lines_beside
from deid.markup.safe_xml import parse

_BLOCKS: Final = frozenset(
    {"text", "paragraph", "list", "item", "table", "thead", "tbody", "tfoot", "tr", "caption",
     "br", "footnote", "title"}
)  # fmt: skip
_UNSEEN: Final = frozenset({"colgroup", "col", "footnoteref"})
_MAX_SECTION_DEPTH: Final = 20


def _deleted(item: etree._Element) -> bool:
    return (item.get("revised") or "").strip().lower() == "delete"


NARRATIVE: Final = Vocabulary(
    blocks=_BLOCKS,
    unseen=_UNSEEN,
    items=frozenset({"item"}),
    marked=frozenset({"rendermultimedia"}),
    mark=" (picture left out) ",
    hidden=_deleted,
)


@dataclass(frozen=True, slots=True)
class ClinicalDocument:
    """A parsed document; use the functions of this module and of `cda_identity` on it."""

    root: etree._Element = field(repr=False)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The file that is the whole body of an unstructured document; None without content."""

    body: bytes | None = field(repr=False)


def read_document(body: bytes) -> ClinicalDocument:
    """Parse a clinical document.

    Raises:
        XmlRefused: it is broken, too large, or refers to something outside itself.
    """
    return ClinicalDocument(parse(body))


def title_of(document: ClinicalDocument) -> str:
    """Return what the document calls itself; the name of its code when it has no title."""
    title = child(document.root, "title")
    words = " ".join(lines_of(title, NARRATIVE)) if title is not None else ""
    if words:
        return words
    code = child(document.root, "code")
    return (code.get("displayName") or "").strip() if code is not None else ""


def embedded_in(document: ClinicalDocument) -> Embedded | None:
    """Return the file inside an unstructured document; None when the document has sections."""
    for component in children(document.root, "component"):
        body = child(component, "nonXMLBody")
        if body is None:
            continue
        text = child(body, "text")
        if text is None:
            return Embedded(None)
        words = "".join(str(part) for part in text.itertext())
        if (text.get("representation") or "").upper() == "B64":
            return Embedded(_unbase64(words))
        return Embedded(words.encode("utf-8") if words.strip() else None)
    return None


def sections_text(document: ClinicalDocument) -> str:
    """Return the sections as text: a title line, then its lines, an empty line in between."""
    parts: list[str] = []
    for component in children(document.root, "component"):
        body = child(component, "structuredBody")
        if body is not None:
            for section in _sections(body, 0):
                parts.extend(_section(section))
    return "\n\n".join(parts)


def _section(section: etree._Element) -> Iterator[str]:
    title = child(section, "title")
    heading = " ".join(lines_of(title, NARRATIVE)) if title is not None else ""
    if not heading:
        code = child(section, "code")
        heading = (code.get("displayName") or "").strip() if code is not None else ""
    narrative = child(section, "text")
    lines = lines_of(narrative, NARRATIVE) if narrative is not None else []
    lines += lines_beside(section, "\n".join([heading, *lines]))
    if lines:
        yield "\n".join([heading, *lines] if heading else lines)
    elif heading and any(True for _ in children(section, "component")):
        yield heading


def _sections(holder: etree._Element, depth: int) -> Iterator[etree._Element]:
    """Yield sections in the order of the document, parts after their whole."""
    if depth > _MAX_SECTION_DEPTH:
        return
    for component in children(holder, "component"):
        for section in children(component, "section"):
            if (section.get("nullFlavor") or "") == "MSK":
                continue
            yield section
            yield from _sections(section, depth + 1)


def child(item: etree._Element, name: str) -> etree._Element | None:
    """Return the first child element of this name, whatever its namespace."""
    return next(children(item, name), None)


def children(item: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the child elements of this name, whatever their namespace."""
    wanted = name.lower()
    return (each for each in item if local(each) == wanted)


def _unbase64(words: str) -> bytes | None:
    try:
        return base64.b64decode("".join(words.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
