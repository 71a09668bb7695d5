"""Writes a file whole or not at all, readable by its owner alone."""

import os
import tempfile
from pathlib import Path

from confer.errors import OutputUnusable


def write_whole(path: Path, body: bytes) -> None:
    """Write beside the target and rename, so that no half of a file is ever found under its name.

    Raises `OutputUnusable`; the target is then as it was.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=".confer-", dir=path.parent)  # mode 0600
    except OSError:
        raise OutputUnusable(problem="the folder does not exist or cannot be written") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - one rename, no path object needed
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise OutputUnusable(problem="the file cannot be written") from None


def private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, or use the one that is there."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise OutputUnusable(problem="the folder cannot be made") from None


def require_empty(path: Path) -> None:
    """Refuse a folder that holds something: what an earlier run wrote would pass for this one's."""
    try:
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return
    except OSError:
        raise OutputUnusable(problem="the folder cannot be read") from None
    raise OutputUnusable(problem="the folder is not new or empty")


def require_other(target: Path, *sources: Path) -> None:
    """Refuse to write over what is read."""
    for source in sources:
        if target.exists() and source.exists() and target.samefile(source):
            raise OutputUnusable(problem="the output would replace the input")
