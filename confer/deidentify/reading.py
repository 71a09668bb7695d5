"""Finds the charts in a file, a folder or NDJSON, each with the place it came from."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confer.deidentify import bulk, document
from confer.errors import ChartFileUnusable

MAX_BYTES: Final = 200_000_000
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # some programs begin a file with it
_GZIP: Final = b"\x1f\x8b"
_LINES: Final = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_WHOLE: Final = (".json", ".json.gz", document.SUFFIX)


@dataclass(frozen=True, kw_only=True)
class ChartSource:
    """One patient's chart, still as bytes.

    `file` and `line` are as the user named them. `bodies` is empty when the chart is the whole
    of `path`, which is then read where it is worked on; else it holds a Bundle, or resources.
    """

    file: str
    line: int = 0
    path: Path | None = None
    bodies: tuple[bytes, ...] = field(default=(), repr=False)
    others: tuple[bytes, ...] = field(default=(), repr=False)
    """Resources that the patient's own ones point to: staff, places, medications."""


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A line or a file that holds no chart, and why."""

    file: str
    problem: ChartFileUnusable
    line: int = 0


def find(path: Path) -> Iterator[ChartSource | Unread]:
    """Yield the charts at a path, in the order of file names and lines.

    A folder is searched without its subfolders: each JSON or XML file is one chart; all NDJSON
    files together are one export, whose resources are put together patient by patient.
    """
    if not path.is_dir():
        yield from _in_files([path])
        return
    files = sorted(each for each in path.iterdir() if each.is_file())
    known = [each for each in files if each.name.lower().endswith((*_LINES, *_WHOLE))]
    if not known:
        raise ChartFileUnusable(problem="the folder holds no .json, .ndjson or .xml file")
    yield from _in_files(known)


def nothing_in_it() -> ChartFileUnusable:
    """Return the problem of a path at which there is not even one line."""
    return ChartFileUnusable(problem="there is nothing in it")


def holds_many(path: Path) -> bool:
    """Whether a path may hold more than one chart: a folder or NDJSON."""
    return path.is_dir() or path.name.lower().endswith(_LINES)


def content(path: Path) -> bytes:
    """Return a file, unpacked when it is gzip. Raises `ChartFileUnusable`."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
        if body[:2] == _GZIP:
            with gzip.open(path) as packed:
                body = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise ChartFileUnusable(problem="it cannot be read") from None
    if len(body) > MAX_BYTES:
        raise ChartFileUnusable(problem=f"it holds more than {MAX_BYTES // 1_000_000} MB")
    return body.removeprefix(_BYTE_ORDER_MARK)


def _in_files(files: list[Path]) -> Iterator[ChartSource | Unread]:
    export = bulk.Export()
    for file in files:
        if not holds_many(file):
            yield ChartSource(file=str(file), path=file)
            continue
        try:
            lines = content(file).split(b"\n")
        except ChartFileUnusable as problem:
            yield Unread(file=str(file), problem=problem)
            continue
        yield from _in_lines(str(file), lines, export)
    yield from _of_export(export)


def _in_lines(file: str, lines: list[bytes], export: bulk.Export) -> Iterator[ChartSource | Unread]:
    for line, body in enumerate(lines, start=1):
        if not body.strip():
            continue
        try:
            kind = export.add(file, line, body)
        except ChartFileUnusable as problem:
            yield Unread(file=file, line=line, problem=problem)
            continue
        if kind == "Bundle":
            yield ChartSource(file=file, line=line, bodies=(body,))


def _of_export(export: bulk.Export) -> Iterator[ChartSource | Unread]:
    for chart in export.charts():
        yield ChartSource(
            file=chart.file, line=chart.line, bodies=chart.bodies, others=chart.others
        )
    for stray in export.strays():
        yield Unread(
            file=stray.file,
            line=stray.line,
            problem=ChartFileUnusable(problem=stray.problem, line=stray.line),
        )
