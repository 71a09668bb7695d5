"""Word files become text: the page as it is printed, from the parts that make up the page.

Only the body and the headers, footers and notes that it names are opened. Metadata, comments,
custom XML, macros, embedded files and pictures never are. Spec: deid.md 5.18; ECMA-376.
"""

import io
import struct
import zipfile
import zlib
from posixpath import normpath
from typing import Final

from deid.attachments.limits import MAX_BYTES, MAX_PARTS, MAX_RATIO, RATIO_FREE_BYTES
from deid.markup.safe_xml import Element, XmlRefused, parse
from deid.markup.word_text import HoldsForeignPart, hidden_styles, word_lines

_MAIN: Final = "word/document.xml"
_RELATIONS: Final = "word/_rels/document.xml.rels"
_KINDS: Final = ("header", "body", "footer", "footnotes", "endnotes")
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    LookupError, OverflowError,
)  # fmt: skip
"""What reading a broken archive raises."""
_ENCRYPTED: Final = 0x1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class WordRefused(Exception):
    """A file that is no readable Word document; `reason` is in our words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def word_to_text(body: bytes) -> str:
    """Return the text of a Word file: headers, body, footers, notes.

    Raises:
        WordRefused: another kind of archive, damaged, locked, too large, or made of other files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return _Pages(archive).text()
    except XmlRefused as refused:
        raise WordRefused(refused.reason) from None
    except HoldsForeignPart:
        raise WordRefused("a file inside a file") from None
    except _DAMAGED:
        raise WordRefused("damaged archive") from None


class _Pages:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_BYTES
        self._members = {each.filename: each for each in archive.infolist()}
        if len(archive.infolist()) > MAX_PARTS:
            raise WordRefused("too large")
        if len(self._members) != len(archive.infolist()):
            raise WordRefused("damaged archive")

    def text(self) -> str:
        if _MAIN not in self._members:
            raise WordRefused(self._kind())
        found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        hidden = frozenset[str]()
        for kind, name in self._parts():
            if kind == "styles":
                hidden = hidden_styles(self._xml(name))
        for kind, name in [*self._parts(), ("body", _MAIN)]:
            if kind in found:
                part = "\n".join(word_lines(self._xml(name), hidden))
                if part and part not in found[kind]:
                    found[kind].append(part)
        return "\n\n".join(part for kind in _KINDS for part in found[kind])

    def _kind(self) -> str:
        names = tuple(self._members)
        if any(name.startswith("xl/") for name in names):
            return "spreadsheet"
        if any(name.startswith("ppt/") for name in names):
            return "slides"
        return "office file that is not read" if "mimetype" in names else "archive"

    def _parts(self) -> list[tuple[str, str]]:
        """Return (kind, name) of the parts the body names, in the order of their names."""
        if _RELATIONS not in self._members:
            return []
        found = set()
        for each in self._xml(_RELATIONS):
            kind = (each.get("Type") or "").rpartition("/")[2]
            target = each.get("Target") or ""
            if (each.get("TargetMode") or "") == "External" or not target:
                continue
            name = target.lstrip("/") if target.startswith("/") else normpath(f"word/{target}")
            if name in self._members:
                found.add((kind, name))
        return sorted(found)

    def _xml(self, name: str) -> Element:
        return parse(self._bytes(self._members[name]))

    def _bytes(self, member: zipfile.ZipInfo) -> bytes:
        if member.flag_bits & _ENCRYPTED:
            raise WordRefused("locked file")
        if member.compress_type not in _METHODS:
            raise WordRefused("damaged archive")
        limit = min(self._left, max(RATIO_FREE_BYTES, MAX_RATIO * member.compress_size))
        with self._archive.open(member) as part:
            body = part.read(limit + 1)
        if len(body) > limit:
            raise WordRefused("too large when unpacked")
        self._left -= len(body)
        return body
