"""The words of a part of a Word document: paragraphs, tables, text boxes, as they are printed.

Deleted and moved-away text, hidden text, the instructions of fields, comments, alternative
texts and properties stay behind.
"""

from collections.abc import Mapping
from typing import Final

from lxml import etree

from deid.markup.blocks import local
from deid.markup.tables import Cell, Table, table_lines

PICTURE: Final = " (picture left out) "

_SKIPPED: Final = frozenset(
    {"del", "movefrom", "ppr", "rpr", "sectpr", "tblpr", "tblgrid", "trpr", "tcpr", "sdtpr",
     "sdtendpr", "smarttagpr", "customxmlpr", "instrtext", "deltext", "delinstrtext", "rt",
     "annotationref", "commentrangestart", "commentrangeend", "commentreference", "flddata",
     "prooferr", "bookmarkstart", "bookmarkend", "docpr", "tblprex", "ffdata", "ptab"}
)  # fmt: skip
_SIGNS: Final = {
    "tab": " ", "br": "\n", "cr": "\n", "nobreakhyphen": "-", "sym": " ", "footnoteref": "",
}  # fmt: skip
_PICTURES: Final = frozenset({"blip", "imagedata", "object", "control"})
_FOREIGN: Final = frozenset({"altchunk", "subdoc"})
_MAX_STYLES: Final = 50
_OFF: Final = frozenset({"0", "false", "off"})

_Restore = tuple[bool, bool]
_Piece = etree._Element | str | _Restore


class HoldsForeignPart(Exception):
    """The page shows a part that is kept in another file."""


def hidden_styles(root: etree._Element) -> frozenset[str]:
    """Return the ids of the styles that hide their text, those built on them too.

    The empty id stands for the style of paragraphs that name none.
    """
    own: dict[str, bool] = {}
    based: dict[str, str] = {}
    usual = ""
    for style in root:
        if local(style) != "style":
            continue
        name = _attribute(style, "styleId")
        if _attribute(style, "default") in ("1", "true") and (
            _attribute(style, "type") == "paragraph"
        ):
            usual = name
        for each in style:
            if local(each) == "basedon":
                based[name] = _attribute(each, "val")
            vanishes = _vanishes(each) if local(each) == "rpr" else None
            if vanishes is not None:
                own[name] = vanishes
    hidden = {name for name in {*own, *based} if _hidden_by(name, own, based)}
    return frozenset(hidden | ({""} if usual in hidden else set()))


def _hidden_by(name: str, own: Mapping[str, bool], based: Mapping[str, str]) -> bool:
    """Ask a style, then the one it is built on, and so on."""
    for _ in range(_MAX_STYLES):
        if name in own:
            return own[name]
        if name not in based:
            return False
        name = based[name]
    return True


def word_lines(root: etree._Element, hidden: frozenset[str] = frozenset()) -> list[str]:
    """Return the lines of one part: a paragraph or a table row a line, empty ones left out.

    Args:
        root: `document`, `hdr`, `ftr`, `footnotes` or `endnotes`.
        hidden: ids of the styles that hide their text.

    Raises:
        HoldsForeignPart: the page shows another file, which is not opened.
    """
    return _Reader(hidden).lines(root)


class _Reader:
    def __init__(self, hidden: frozenset[str]) -> None:
        self._styles = hidden
        self._paragraph_hidden = False
        self._run_hidden = False
        self._fields: list[bool] = []
        """For every open field, whether its instruction is still being read."""

    def lines(self, root: etree._Element) -> list[str]:
        parts: list[str] = []
        pending: list[_Piece] = [root]
        while pending:
            item = pending.pop()
            if isinstance(item, str):
                parts.append(item)
            elif isinstance(item, tuple):
                self._paragraph_hidden, self._run_hidden = item
            else:
                pending.extend(reversed(self._inside(item)))
        lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
        return [line for line in lines if line and line != "-"]

    def _inside(self, item: etree._Element) -> list[_Piece]:
        name = local(item)
        if name in _SKIPPED or not name:
            return []
        if name in _FOREIGN:
            raise HoldsForeignPart
        if name in _PICTURES:
            return [PICTURE]
        if name == "fldchar":
            self._field(_attribute(item, "fldCharType"))
            return []
        if name == "t":
            return [item.text or ""] if self._visible() else []
        if name in _SIGNS:
            return [_SIGNS[name]] if self._visible() else []
        return self._block(item, name)

    def _block(self, item: etree._Element, name: str) -> list[_Piece]:
        before: _Restore = (self._paragraph_hidden, self._run_hidden)
        if name == "p":
            self._run_hidden = False
            self._paragraph_hidden = _style(item, "ppr", "pstyle") in self._styles
            return ["\n", "- " if _is_item(item) else "", *item, before, "\n"]
        if name == "r":
            self._run_hidden = self._hides(item)
            return [*item, before]
        if name == "tbl":
            return ["\n", "\n".join(table_lines(self._table(item))), "\n"]
        if name == "alternatecontent":
            return [*list(item)[:1]]
        return [*item]

    def _hides(self, run: etree._Element) -> bool:
        properties = next((each for each in run if local(each) == "rpr"), None)
        if properties is None:
            return self._paragraph_hidden
        direct = _vanishes(properties)
        if direct is not None:
            return direct
        style = _style(run, "rpr", "rstyle")
        return self._paragraph_hidden or bool(style and style in self._styles)

    def _visible(self) -> bool:
        return not self._run_hidden and not any(self._fields)

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(True)
        elif kind == "separate" and self._fields:
            self._fields[-1] = False
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _table(self, item: etree._Element) -> Table:
        table = Table()
        for row in item.iterchildren():
            rows = [row] if local(row) == "tr" else _wrapped(row, "tr")
            for each in rows:
                if not _marked(each, "trpr", ("del", "hidden")):
                    head = _marked(each, "trpr", ("tblheader",))
                    (table.heads if head else table.rows).append(self._cells(each))
        return table

    def _cells(self, row: etree._Element) -> list[Cell]:
        cells = []
        for item in row:
            for cell in [item] if local(item) == "tc" else _wrapped(item, "tc"):
                if not _marked(cell, "tcpr", ("celldel",)):
                    words = ", ".join(line.removeprefix("- ") for line in self.lines(cell))
                    cells.append(Cell(words=words, span=_span(cell)))
        return cells


def _wrapped(item: etree._Element, name: str) -> list[etree._Element]:
    """Return rows or cells inside a content control or an insertion; not inside a deletion."""
    if local(item) in _SKIPPED:
        return []
    found = []
    for each in item:
        if local(each) == name:
            found.append(each)
        elif local(each) in ("sdtcontent", "ins", "moveto", "customxml"):
            found.extend(inner for inner in each if local(inner) == name)
    return found


def _marked(item: etree._Element, properties: str, names: tuple[str, ...]) -> bool:
    return any(
        local(mark) in names and _attribute(mark, "val") not in _OFF
        for each in item
        if local(each) == properties
        for mark in each
    )


def _span(cell: etree._Element) -> int:
    for each in cell:
        if local(each) == "tcpr":
            for mark in each:
                value = _attribute(mark, "val")
                if local(mark) == "gridspan" and value.isascii() and value.isdigit():
                    return int(value[:3])
    return 1


def _is_item(paragraph: etree._Element) -> bool:
    return any(
        local(mark) == "numpr" for each in paragraph if local(each) == "ppr" for mark in each
    )


def _style(item: etree._Element, properties: str, name: str) -> str:
    for each in item:
        if local(each) == properties:
            for mark in each:
                if local(mark) == name:
                    return _attribute(mark, "val")
    return ""


def _vanishes(properties: etree._Element) -> bool | None:
    """Return whether run properties hide the text; None when they do not say."""
    for each in properties:
        if local(each) in ("vanish", "specvanish"):
            return _attribute(each, "val") not in _OFF
    return None


def _attribute(item: etree._Element, name: str) -> str:
    """Return an attribute whatever its namespace."""
    for key, value in item.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return ""
