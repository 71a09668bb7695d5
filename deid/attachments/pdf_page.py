"""Prepares one page of a PDF: one flat list of operations, without what its reader cannot see.

A page draws text, pictures and boxes, and whole pages of such things again (forms). Text can be
there without being seen: drawn invisibly under a scan, on a layer that is switched off, or under
a box that somebody drew over it. The first two are left out; of a text that a box covers in part
nobody can tell what was meant to be seen, so the page is refused. Spec: deid.md 5.17.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pypdf.generic import (
    ContentStream,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from deid.attachments.pdf_geometry import UNIT, Box, Matrix, box_of, holds, meets, times
from deid.attachments.pdf_resources import (
    PageRefused,
    check_letters,
    dictionary_of,
    inherited,
    is_opaque,
    letters_in,
    matrix_of,
    named,
    numbers_of,
)

MAX_OPERATIONS: Final = 150_000
MAX_WORDS: Final = 400_000
MAX_STREAM_BYTES: Final = 2_000_000
_MAX_DEPTH: Final = 8
_MAX_STATES: Final = 60
_INVISIBLE: Final = frozenset({3, 7})
_SHOWS: Final = frozenset({b"Tj", b"TJ", b"'", b'"'})
_FILLS: Final = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_ENDS: Final = _FILLS | {b"S", b"s", b"n"}
_MARGIN: Final = 20
"""How far outside the page a text may begin and still reach into it."""
_NARROW: Final = 0.35
"""Width of a narrow letter for its size: what a text covers at least."""
_INK: Final = 0.3
"""Height above the base line, for the size, where every letter has ink."""

Operation = tuple[Any, bytes]


@dataclass(frozen=True, slots=True)
class Flat:
    """The visible operations of a page and the fonts they use."""

    operations: list[Operation] = field(repr=False)
    fonts: DictionaryObject = field(repr=False)
    pictures: int
    """How many pictures the page shows."""


@dataclass(frozen=True, slots=True)
class _State:
    at: Matrix = UNIT
    mode: int = 0
    size: float = 0.0
    opaque: bool = True


@dataclass(slots=True)
class Budget:
    """What is left to read of a whole document."""

    operations: int = MAX_OPERATIONS
    words: int = MAX_WORDS
    stream_bytes: int = MAX_STREAM_BYTES

    def take(self, *, operations: int = 0, stream: bytes = b"") -> None:
        """Count what is about to be read.

        Raises:
            PageRefused: the document draws more than a document of text does.
        """
        self.operations -= operations
        self.stream_bytes -= len(stream)
        if self.stream_bytes >= 0:
            self.words -= len(stream.split()) + stream.count(b"(") + stream.count(b"[")
        if min(self.operations, self.words, self.stream_bytes) < 0:
            raise PageRefused("too large")


def flatten(page: DictionaryObject, reader: Any, hidden: frozenset[int], budget: Budget) -> Flat:
    """Return what a page shows.

    Args:
        page: the page; its resources and contents are read, nothing is changed.
        reader: the document, for what the page refers to.
        hidden: object numbers of the layers that are switched off.
        budget: what may still be read of this document.

    Raises:
        PageRefused: it draws too much, its letters cannot be read, or boxes cover its text.
    """
    walk = _Walk(reader, hidden, budget, _edges(page))
    contents = page.get("/Contents")
    if contents is not None:
        walk.draw(contents.get_object(), dictionary_of(inherited(page, "/Resources")), 0)
    walk.settle()
    return Flat(walk.operations, walk.fonts, walk.pictures)


class _Walk:
    def __init__(
        self, reader: Any, hidden: frozenset[int], budget: Budget, edges: Box | None
    ) -> None:
        self.operations: list[Operation] = []
        self.fonts = DictionaryObject()
        self.pictures = 0
        self._reader = reader
        self._hidden = hidden
        self._budget = budget
        self._edges = edges
        self._outside: set[int] = set()
        self._state = _State()
        self._line = UNIT
        self._leading = 0.0
        self._layers: list[bool] = []
        self._path: list[Box] = []
        self._texts: list[tuple[int, Box]] = []
        self._covers: list[tuple[int, Box]] = []

    def draw(self, contents: Any, resources: DictionaryObject, depth: int) -> None:
        """Add the operations of a page or form."""
        if depth > _MAX_DEPTH:
            raise PageRefused("nested too deep")
        stream = ContentStream(contents, self._reader, "bytes")
        self._budget.take(stream=stream.get_data())
        operations = stream.operations
        self._budget.take(operations=len(operations))
        states: list[_State] = []
        layers = len(self._layers)
        for operands, operator in operations:
            if operator == b"q" and len(states) < _MAX_STATES:
                states.append(self._state)
            elif operator == b"Q" and states:
                self._state = states.pop()
            elif operator == b"Do":
                self._do(operands, resources, depth)
                continue
            elif operator == b"INLINE IMAGE":
                self._picture()
                continue
            self._one(operands, operator, resources)
        del self._layers[layers:]

    def _one(self, operands: Any, operator: bytes, resources: DictionaryObject) -> None:
        if operator in _SHOWS and not self._shows():
            if operator in (b"'", b'"'):
                self._next_line(operands)
                self.operations.append(([], b"T*"))
            return
        if operator == b"Tf" and operands:
            operands = [self._font(operands[0], resources), *operands[1:]]
        self._note(operands, operator, resources)
        self.operations.append((operands, operator))

    def _shows(self) -> bool:
        return self._state.mode not in _INVISIBLE and not any(self._layers)

    def _note(self, operands: Any, operator: bytes, resources: DictionaryObject) -> None:
        """Follow what decides where text stands and whether it is seen."""
        if operator in _SHOWS:
            if operator in (b"'", b'"'):
                self._next_line(operands)
            self._show(operands)
        elif operator in (b"BMC", b"BDC"):
            self._layers.append(operator == b"BDC" and self._off(operands, resources))
        elif operator == b"gs" and operands:
            look = dictionary_of(named(resources, "/ExtGState", operands[0]))
            self._state = replace(self._state, opaque=self._state.opaque and is_opaque(look))
        elif operator in _ENDS:
            self._finish(filled=operator in _FILLS)
        elif operator in _FOLLOWED:
            _FOLLOWED[operator](self, operands)

    def _finish(self, *, filled: bool) -> None:
        if filled and self._state.opaque and not any(self._layers):
            self._covers.extend((len(self.operations), box) for box in self._path)
        self._path = []

    def _rectangle(self, operands: Any) -> None:
        x, y, width, height = numbers_of(operands, 4)
        self._path.append(box_of(self._state.at, x, y, width, height))

    def _layer_end(self, _operands: Any) -> None:
        if self._layers:
            self._layers.pop()

    def _concatenate(self, operands: Any) -> None:
        self._state = replace(self._state, at=times(matrix_of(operands), self._state.at))

    def _begin(self, _operands: Any) -> None:
        self._line = UNIT

    def _place(self, operands: Any) -> None:
        self._line = matrix_of(operands)

    def _step(self, operands: Any) -> None:
        x, y = numbers_of(operands, 2)
        self._line = times((1.0, 0.0, 0.0, 1.0, x, y), self._line)

    def _step_leading(self, operands: Any) -> None:
        self._step(operands)
        self._leading = -numbers_of(operands, 2)[1]

    def _lead(self, operands: Any) -> None:
        self._leading = numbers_of(operands, 1)[0]

    def _mode(self, operands: Any) -> None:
        self._state = replace(self._state, mode=int(numbers_of(operands, 1)[0]))

    def _size(self, operands: Any) -> None:
        self._state = replace(self._state, size=numbers_of(operands[1:], 1)[0])

    def _next_line(self, _operands: Any) -> None:
        self._line = times((1.0, 0.0, 0.0, 1.0, 0.0, -self._leading), self._line)

    def _show(self, operands: Any) -> None:
        at = times(self._line, self._state.at)
        if self._edges is not None and not _within(self._edges, at[4], at[5]):
            self._outside.add(len(self.operations))
            return
        if at[1] or at[2]:
            return  # turned text is not measured
        size = abs(self._state.size)
        letters = letters_in(operands)
        ink = at[5] + _INK * size * at[3]
        self._texts.append(
            (len(self.operations), (at[4], ink, at[4] + _NARROW * letters * size * at[0], ink))
        )

    def _do(self, operands: Any, resources: DictionaryObject, depth: int) -> None:
        target = named(resources, "/XObject", operands[0]) if operands else None
        if not isinstance(target, StreamObject) or any(self._layers):
            return
        if self._is_off(target.get("/OC"), target):
            return
        if target.get("/Subtype") != "/Form":
            self._picture(target)
            return
        before = self._state
        line, leading = self._line, self._leading
        matrix = target.get("/Matrix")
        self.operations.append(([], b"q"))
        if matrix is not None:
            made = [FloatObject(each) for each in matrix_of(matrix.get_object())]
            self.operations.append((made, b"cm"))
            self._concatenate(made)
        own = target.get("/Resources")
        self.draw(target, resources if own is None else dictionary_of(own), depth + 1)
        self.operations.append(([], b"Q"))
        self._state, self._line, self._leading = before, line, leading

    def _picture(self, target: Mapping[str, Any] | None = None) -> None:
        if any(self._layers):
            return
        self.pictures += 1
        masked = target is not None and any(
            key in target for key in ("/SMask", "/Mask", "/ImageMask")
        )
        if self._state.opaque and not masked:
            self._covers.append((len(self.operations), box_of(self._state.at, 0, 0, 1, 1)))

    def _off(self, operands: Any, resources: DictionaryObject) -> bool:
        """Tell whether marked content belongs to a layer that is switched off."""
        if len(operands) < 2 or operands[0] != "/OC":
            return False
        holder = dictionary_of(resources.get("/Properties"))
        name = operands[1]
        raw = holder.raw_get(name) if isinstance(name, NameObject) and name in holder else None
        return self._is_off(raw, holder)

    def _is_off(self, layer: Any, holder: DictionaryObject) -> bool:
        if layer is None:
            return False
        raw = layer
        if not isinstance(raw, IndirectObject) and "/OC" in holder:
            raw = holder.raw_get("/OC")
        if isinstance(raw, IndirectObject) and raw.idnum in self._hidden:
            return True
        members = dictionary_of(raw).get("/OCGs")
        if members is None:
            return False
        listed = members.get_object()
        each = listed if isinstance(listed, list) else [dictionary_of(raw).raw_get("/OCGs")]
        return any(isinstance(one, IndirectObject) and one.idnum in self._hidden for one in each)

    def _font(self, name: Any, resources: DictionaryObject) -> NameObject:
        font = dictionary_of(named(resources, "/Font", name))
        check_letters(font)
        for known, each in self.fonts.items():
            if each is font:
                return NameObject(known)
        made = NameObject(f"/F{len(self.fonts)}")
        self.fonts[made] = font
        return made

    def settle(self) -> None:
        """Leave out the text that is covered whole.

        Raises:
            PageRefused: a text is covered in part.
        """
        gone = self._outside
        checks = len(self._texts) * len(self._covers)
        self._budget.take(operations=checks // 20)
        for order, text in self._texts:
            for later, cover in self._covers:
                if later > order and meets(text, cover):
                    if not holds(cover, text):
                        raise PageRefused("covered text")
                    gone.add(order)
        if gone:
            self.operations = [
                _without_text(each) if at in gone else each
                for at, each in enumerate(self.operations)
            ]


def _edges(page: DictionaryObject) -> Box | None:
    """Return the part of the page that is seen; None when the page does not say."""
    for key in ("/CropBox", "/MediaBox"):
        found = inherited(page, key)
        corners = [] if found is None else [float(each) for each in found.get_object()]
        if len(corners) == 4:
            across, up = sorted(corners[::2]), sorted(corners[1::2])
            return across[0], up[0], across[1], up[1]
    return None


def _within(edges: Box, x: float, y: float) -> bool:
    return edges[0] - _MARGIN <= x <= edges[2] + _MARGIN and (
        edges[1] - _MARGIN <= y <= edges[3] + _MARGIN
    )


def _without_text(operation: Operation) -> Operation:
    return [], b"T*" if operation[1] in (b"'", b'"') else b"BX"


_FOLLOWED: Final[Mapping[bytes, Callable[[_Walk, Any], None]]] = {
    b"re": _Walk._rectangle,
    b"EMC": _Walk._layer_end,
    b"cm": _Walk._concatenate,
    b"BT": _Walk._begin,
    b"Tm": _Walk._place,
    b"Td": _Walk._step,
    b"TD": _Walk._step_leading,
    b"TL": _Walk._lead,
    b"T*": _Walk._next_line,
    b"Tr": _Walk._mode,
    b"Tf": _Walk._size,
}
