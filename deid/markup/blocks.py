"""Reads a tree of markup as its reader would: blocks become lines, tables become named values.

Web pages and the narrative of clinical documents share this; each has its own vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from deid.markup.tables import Cell, Table, table_lines

_BREAK: Final = "\n"
_MAX_SPAN_DIGITS: Final = 3

Piece = etree._Element | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Which elements mean what, by local name."""

    blocks: frozenset[str]
    unseen: frozenset[str]
    items: frozenset[str] = frozenset({"li"})
    kept: frozenset[str] = frozenset()
    """Elements whose line breaks and spaces are the author's."""
    marked: frozenset[str] = frozenset()
    """Pictures: they stay behind and a mark says so."""
    mark: str = ""
    hidden: Callable[[etree._Element], bool] = field(default=lambda _: False)


def local(item: etree._Element) -> str:
    """Return the name of an element without its namespace, in lower case."""
    tag = item.tag
    if not isinstance(tag, str):
        return ""
    return tag.rpartition("}")[2].lower()


def lines_of(root: etree._Element, vocabulary: Vocabulary) -> list[str]:
    """Return the lines a reader sees, without empty ones.

    Works without recursion, however deep the markup is nested.
    """
    return _Reader(vocabulary).lines(root)


class _Reader:
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def lines(self, root: etree._Element, *, in_table: bool = False) -> list[str]:
        parts: list[str] = []
        pending: list[tuple[Piece, bool]] = [(root, False)]
        while pending:
            item, kept = pending.pop()
            if isinstance(item, str):
                parts.append(item if kept else _one_line(item))
                continue
            after: list[tuple[Piece, bool]] = []
            if item.tail and item is not root:
                after.append((item.tail, kept))
            pending.extend(after)
            pending.extend(reversed(self._inside(item, kept, in_table and item is not root)))
        return _cut("".join(parts))

    def _inside(self, item: etree._Element, kept: bool, flat: bool) -> list[tuple[Piece, bool]]:
        """Return the pieces of one element, in order."""
        words, name = self._vocabulary, local(item)
        if name in words.marked:
            return [(words.mark, True)]
        if not name or name in words.unseen or words.hidden(item):
            return []
        if name == "table" and not flat:
            lines = table_lines(self._table(item))
            return [(_BREAK + _BREAK.join(lines) + _BREAK, True)]
        kept = kept or name in words.kept
        edge = _BREAK if name in words.blocks else " " if name in ("td", "th") else ""
        opening = _BREAK + "- " if name in words.items else edge
        inside: list[tuple[Piece, bool]] = [(opening, True), (item.text or "", kept)]
        inside.extend((child, kept) for child in item)
        return [*inside, (_BREAK if name in words.items else edge, True)]

    def _table(self, item: etree._Element) -> Table:
        table = Table()
        for row, in_head in _rows(item):
            if self._vocabulary.hidden(row):
                continue
            cells = [self._cell(cell) for cell in row if local(cell) in ("td", "th")]
            (table.heads if in_head else table.rows).append(cells)
        captions = [self.lines(each) for each in item if local(each) == "caption"]
        for caption in reversed(captions):
            table.rows.insert(0, [Cell(words=" ".join(caption))])
        return table

    def _cell(self, cell: etree._Element) -> Cell:
        hidden = self._vocabulary.hidden(cell)
        words = "" if hidden else _joined(self.lines(cell, in_table=True))
        return Cell(words=words, heading=local(cell) == "th", span=_span(cell))


def _rows(table: etree._Element) -> list[tuple[etree._Element, bool]]:
    """Return the rows of a table with whether each stands in its head; inner tables have theirs."""
    found: list[tuple[etree._Element, bool]] = []
    for child in table:
        name = local(child)
        if name == "tr":
            found.append((child, False))
        elif name in ("thead", "tbody", "tfoot"):
            found.extend((row, name == "thead") for row in child if local(row) == "tr")
    return found


def _span(cell: etree._Element) -> int:
    text = cell.get("colspan") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < _MAX_SPAN_DIGITS else 1


def _joined(lines: list[str]) -> str:
    """Put the lines of a cell on one line."""
    made = ""
    for line in lines:
        if made:
            made += " " if made.endswith((".", ":", ";", ",")) else ", "
        made += line.removeprefix("- ")
    return made


def _one_line(text: str) -> str:
    """Markup reads any white space as one space."""
    if not text.strip():
        return " " if text else ""
    head = " " if text[0].isspace() else ""
    tail = " " if text[-1].isspace() else ""
    return f"{head}{' '.join(text.split())}{tail}"


def _cut(text: str) -> list[str]:
    """Return the lines that say something; the sign of an item goes to its first words."""
    lines: list[str] = []
    sign = ""
    for written in text.split(_BREAK):
        line = " ".join(written.split())
        if line == "-":
            sign = "- "
        elif line:
            lines.append(line if line.startswith("- ") else f"{sign}{line}")
            sign = ""
    return lines
