"""Everything that a demo leaves behind: files as bytes, tables as text, names, open files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_PAGE = 1 << 16


def files(folder: Path, *, besides: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file below a folder as its path and bytes; a prefix of names is left out."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        yield f"name {relative}", str(relative).encode()
        if path.is_file() and not (besides and path.name.startswith(besides)):
            yield f"file {relative}", path.read_bytes()


def tables(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every table of a SQLite file, every row, every column: long values lie in pieces on disk."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in names.fetchall():
            rows = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a name of its own
            columns = [column[0] for column in rows.description]
            kept: list[bytes] = []
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    if value is not None:
                        plain = value if isinstance(value, bytes) else str(value).encode()
                        kept.append(f"{column}=".encode() + plain)
            yield f"table {database.name} {name}", b"\n".join(kept)


def deleted_but_open(group: int) -> Iterator[tuple[str, bytes]]:
    """Files without a name that a process of the group still holds open; and its arguments."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) != group:
                continue
            yield f"arguments of {process.name}", (process / "cmdline").read_bytes()
            for handle in (process / "fd").iterdir():
                if str(handle.readlink()).endswith("(deleted)"):
                    with handle.open("rb") as content:
                        yield f"open file {handle}", content.read(10_000_000)
        except OSError:
            continue  # it ended while we looked
