"""Every compiled pattern of a package, found by walking its modules; strings that hurt patterns."""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from deid.text.scanning import Scan

#: what is repeated to make a hostile text: every kind of letter, sign and cue that patterns eat
UNITS = (
    "a", "A", "1", " ", "\n", "-", ".", ",", "/", "@", "(", "[", "'", "_", ":", "%", "&", "\\",
    "a ", "A ", "1 ", "Aa ", "AA ", "a.", "1.", "1-", "1/", "1:", "a-", "a/", "a'", "A.", "a@",
    "a_", "x1", "A1", "aA1", "a,", ", ", " - ", "a\n", "A\n", "Aa-", "[A] ", "a=", "0x",
    "http://", "www.a", "the ", "of ", "at ", "Dr. ", "May ", "3/4 ", "one ", "Mary ", "=\n",
    "&#65;", "%41", "\\u0041", "QUJD", "<p>", "{\\", "\u00e9", "\u0430",
)  # fmt: skip


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield all modules of a package."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def compiled(package: ModuleType) -> dict[re.Pattern[str], str]:
    """Return every text pattern that a module holds, alone or inside tables, and its name."""
    found: dict[re.Pattern[str], str] = {}
    for module in modules(package):
        for name, value in vars(module).items():
            for pattern in _patterns(value):
                found.setdefault(pattern, f"{module.__name__}.{name}")
    return found


def scans(package: ModuleType) -> dict[str, Scan]:
    """Return every gated pattern that a module holds."""
    return {
        f"{module.__name__}.{name}": value
        for module in modules(package)
        for name, value in vars(module).items()
        if isinstance(value, Scan)
    }


def _patterns(value: Any, depth: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, Scan):
        yield value.pattern
    elif isinstance(value, (tuple, list, set, frozenset)) and depth < 4:
        for each in value:
            yield from _patterns(each, depth + 1)
    elif isinstance(value, dict) and depth < 4:
        for each in value.values():
            yield from _patterns(each, depth + 1)


def hostile_to(pattern: str, length: int) -> Iterator[str]:
    """Yield texts of ``length``: every other unit repeated, and the words of the pattern itself."""
    for unit in UNITS[::2] if len(pattern) % 2 else UNITS[1::2]:
        yield (unit * (length // len(unit) + 1))[:length]
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"\\[a-zA-Z]", " ", pattern))[:12]
    if words:
        row = " ".join(words) + " "
        yield (row * (length // len(row) + 1))[:length]
        for word in words[:3]:
            yield (f"{word} " * (length // len(word) + 1))[:length]


def cpu_seconds(work: Callable[[], object], *, tries: int) -> float:
    """Return the least CPU time of several tries."""
    best = float("inf")
    for _ in range(tries):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def growth(work: Callable[[str], object], text: str, *, tries: int = 3) -> float:
    """Return by how much the time grows per doubling, from a quarter of ``text`` to all of it."""
    quarter = cpu_seconds(lambda: work(text[: len(text) // 4]), tries=tries)
    whole = cpu_seconds(lambda: work(text), tries=tries)
    return float((whole / quarter) ** 0.5)
