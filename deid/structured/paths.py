"""Where a walk stands, without the cost of writing it out at every step."""

from typing import TypeAlias

Path: TypeAlias = "str | tuple[Path, str | int]"
"""The root, or a parent path with the next step. Written out only on demand."""


def written(path: Path) -> str:
    """Write a path as FHIRPath: `Condition/1.note[0].text`."""
    parts: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        parts.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return path + "".join(reversed(parts))


def element(path: Path) -> str:
    """Write the element a path leads to, without positions: `Condition.note.text`."""
    parts: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        if isinstance(step, str):
            parts.append(step)
    parts.append(path.partition("/")[0])
    return ".".join(reversed(parts))
