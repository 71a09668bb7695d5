"""Suggests where a picture holds writing, with Tesseract where it is installed.

A suggestion and no more: the found places become black boxes that the doctor can take off,
and nothing is ever confirmed by it. It misses handwriting, wrist bands and faint print, so a
picture in which nothing was found is not a clean picture. The program reads the picture from
a pipe and writes words to a pipe; no file is made. The words themselves are thrown away.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from deid.attachments.picture_file import SCALE, Box
from deid.attachments.pictures import CleanPicture

PROGRAM = "tesseract"
# Two ways of looking: as a page, and for scattered words. Each finds what the other misses.
_LAYOUTS = ("3", "11")
_COLUMNS = 12
_WORD_LEVEL = "5"
_MARGIN = 8  # thousandths on each side: an edge of a letter tells the letter
_MOST = 60


@dataclass(frozen=True, kw_only=True)
class TextFinder:
    """The installed program by its path; `seconds` is how long one look may take."""

    command: str
    seconds: float = 10.0

    def suggest(self, picture: CleanPicture) -> tuple[Box, ...]:
        """Return boxes around the lines of writing that were found; none when it fails."""
        found: list[Box] = []
        for layout in _LAYOUTS:
            for box in _lines(self._table(picture, layout), picture.width, picture.height):
                if not any(_covers(known, box) for known in found):
                    found = [known for known in found if not _covers(box, known)] + [box]
        return tuple(found[:_MOST])

    def _table(self, picture: CleanPicture, layout: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the path was found by name at the start
                (self.command, "stdin", "stdout", "--psm", layout, "tsv"),
                input=picture.body,
                capture_output=True,
                timeout=self.seconds,
                check=False,
                env={"OMP_THREAD_LIMIT": "1"},
            )
        except (subprocess.TimeoutExpired, OSError):
            return ""
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def installed() -> TextFinder | None:
    """Return the finder when the program is on the path of this machine."""
    command = shutil.which(PROGRAM)
    return None if command is None else TextFinder(command=command)


def _lines(table: str, wide: int, high: int) -> Iterator[Box]:
    """One box for each line of words: block, paragraph and line number are the same."""
    found: dict[tuple[str, ...], tuple[int, int, int, int]] = {}
    for row in table.splitlines():
        cells = row.split("\t")
        if len(cells) != _COLUMNS or cells[0] != _WORD_LEVEL or not cells[11].strip():
            continue
        if not all(cell.isdecimal() for cell in cells[6:10]):
            continue
        left, top, width, height = (int(cell) for cell in cells[6:10])
        seen = found.get(tuple(cells[1:5]), (left, top, left + width, top + height))
        found[tuple(cells[1:5])] = (
            min(seen[0], left),
            min(seen[1], top),
            max(seen[2], left + width),
            max(seen[3], top + height),
        )
    for left, top, right, bottom in found.values():
        yield from _in_thousandths((left, right, wide), (top, bottom, high))


def _covers(outer: Box, inner: Box) -> bool:
    """Tell whether a box adds nothing to another; a few thousandths do not count."""
    return (
        outer.left <= inner.left + _MARGIN
        and outer.top <= inner.top + _MARGIN
        and outer.left + outer.width + _MARGIN >= inner.left + inner.width
        and outer.top + outer.height + _MARGIN >= inner.top + inner.height
    )


def _in_thousandths(across: tuple[int, int, int], down: tuple[int, int, int]) -> Iterator[Box]:
    sides = []
    for begin, end, whole in (across, down):
        first = max(0, begin * SCALE // whole - _MARGIN)
        last = min(SCALE, -(-end * SCALE // whole) + _MARGIN)
        sides.append((first, last - first))
    (left, width), (top, height) = sides
    if width > 0 and height > 0:
        yield Box(left=left, top=top, width=width, height=height)
