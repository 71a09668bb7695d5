"""Tables become lines that can be read alone: every value beside the name of its column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_SPAN: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell: its words, whether it is a heading, how many columns it spans."""

    words: str = field(repr=False)
    heading: bool = False
    span: int = 1


@dataclass(kw_only=True, slots=True)
class Table:
    """The rows of a table; `heads` are the rows that were marked as its head."""

    heads: list[list[Cell]] = field(default_factory=list, repr=False)
    rows: list[list[Cell]] = field(default_factory=list, repr=False)


def table_lines(table: Table) -> list[str]:
    """Return one line a row: `Column: value; Column: value`.

    A table of two columns without a head reads `name: value`; any other reads `a | b | c`.
    Rows of one cell stand alone.
    """
    heads, rows = list(table.heads), list(table.rows)
    if not heads and len(rows) > 1 and _is_head(rows[0]):
        heads, rows = [rows[0]], rows[1:]
    labels = _labels(heads)
    if not rows:
        return [line for head in heads if (line := _plain(head))]
    made = (_labeled(row, labels) if len(labels) > 1 else _plain(row) for row in rows)
    alone = [_plain(head) for head in heads] if len(labels) == 1 else []
    return [line for line in (*alone, *made) if line]


def _is_head(row: Sequence[Cell]) -> bool:
    return len(row) > 1 and all(cell.heading for cell in row)


def _labels(heads: Sequence[Sequence[Cell]]) -> list[str]:
    """Return the name of each column; of a head of several rows, from top to bottom."""
    columns: list[list[str]] = []
    for head in heads:
        for column, (words, _) in enumerate(_spread(head)):
            if column >= len(columns):
                columns.append([])
            if words and words not in columns[column]:
                columns[column].append(words)
    return [" ".join(parts) for parts in columns]


def _spread(row: Sequence[Cell]) -> Iterator[tuple[str, bool]]:
    """Yield (words, whether the cell starts here) for every column a row covers."""
    for cell in row:
        for column in range(max(1, min(cell.span, MAX_SPAN))):
            yield cell.words, column == 0


def _labeled(row: Sequence[Cell], labels: Sequence[str]) -> str:
    if len([cell for cell in row if cell.words]) == 1 and len(row) == 1:
        return row[0].words
    parts = []
    for column, (words, starts) in enumerate(_spread(row)):
        if not words or not starts:
            continue
        label = labels[column] if column < len(labels) else ""
        parts.append(_named(label, words) if label else words)
    return "; ".join(parts)


def _plain(row: Sequence[Cell]) -> str:
    words = [cell.words for cell in row if cell.words]
    if len(row) == 2 and len(words) == 2:
        return _named(*words)
    return " | ".join(words)


def _named(name: str, value: str) -> str:
    name = name.rstrip()
    return f"{name} {value}" if name.endswith(":") else f"{name}: {value}"
