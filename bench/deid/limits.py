"""Limits: a 3 MB chart, start-up, memory, linear patterns, a hostile note of 1 MB."""

import importlib
import pkgutil
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import charts
from tables import table

import deid
from deid import known_identity, pipeline, policy
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

_MEGA: Final = 1_000_000
_SIZES: Final = (32_000, 64_000, 128_000)
_PATTERN_SIZES: Final = (32_000, 64_000, 128_000)
_PROBE: Final = 16_000
_TOO_SHORT: Final = 0.001  # seconds for the probe; below, the clock tells nothing about growth
_SLOW: Final = 0.1  # seconds for the probe; above, longer texts would take minutes
#: shapes that make careless patterns slow; each is repeated to the wanted length
HOSTILE: Final[Mapping[str, str]] = {
    "one letter": "a",
    "one capital": "A",
    "digits": "1",
    "spaces": " ",
    "new lines": "\n",
    "letter, space": "a ",
    "digit, dash": "1-",
    "digit, slash": "1/",
    "initials": "J. ",
    "titles": "Dr ",
    "capitalized words": "Zorvane ",
    "colons": "a:",
    "at signs": "a@",
    "dots": "a.",
    "commas": "A, ",
    "brackets": "(((",
    "quotes": "\"'",
    "hyphens": "a-",
    "zero width": "a\u200b",
    "months": "May ",
    "street names": "12 Mill ",
    "percent": "%41",
    "hex": "0f:",
    "underlines": "a_",
}
_START: Final = """
import resource, sys, time
started = time.process_time()
from pathlib import Path
sys.path.insert(0, {here!r})
import charts
from deid import pipeline, policy
body = Path({file!r}).read_bytes()
case = charts.case(charts.resources_of(charts.decode(body)))
ready = time.process_time()
pipeline.deidentify(case, policy.load())
done = time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(ready - started, done - started, peak)
"""


def run(_path: Path) -> str:
    """Measure all limits and return the tables as Markdown."""
    growth, slowest = _engine_growth()
    parts = (_large(), _processes(), growth, _pattern_growth(), _hostile(slowest))
    return "\n\n".join(parts)


def _large() -> str:
    body = charts.large()
    rules = policy.load()
    times = []
    for _ in range(3):
        started = time.process_time()
        pipeline.deidentify(charts.case(charts.resources_of(charts.decode(body))), rules)
        times.append(time.process_time() - started)
    row = (f"{len(body) / _MEGA:.2f} MB, 120 notes", f"{times[0]:.2f} s", f"{min(times):.2f} s")
    return table(("large chart", "first", "best of three"), [row])


def _processes() -> str:
    """Start-up and peak memory, each in a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.json"
        large.write_bytes(charts.large())
        for name, file in (
            ("a small chart", charts.PERSONAS / "adela" / "chart.json"),
            ("the 3 MB chart", large),
        ):
            code = _START.format(here=str(Path(__file__).parent), file=str(file))
            done = subprocess.run(  # noqa: S603 - our own line of Python
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            )
            loaded, first, peak = (float(each) for each in done.stdout.split())
            rows.append((name, f"{loaded:.2f} s", f"{first:.2f} s", f"{peak:.0f} MB"))
    return table(("a new process with", "modules loaded", "first case done", "peak memory"), rows)


def _engine_growth() -> tuple[str, str]:
    """The whole engine on hostile shapes, seconds at each length and growth; the slowest shape."""
    rows = []
    engine = TextEngine()
    _scrub(engine, "A first text, so that every list is loaded.")
    for name, shape in HOSTILE.items():
        times = [_seconds(lambda t: _scrub(engine, t), shape, size, 2) for size in _SIZES]
        growth = _per_doubling(times)
        rows.append((name, *(f"{each:.3f}" for each in times), f"{growth:.2f}"))
    slowest = max(rows, key=lambda row: float(row[-2]))[0]
    rows.sort(key=lambda row: -float(row[-1]))
    heads = [f"{size // 1000}k characters, s" for size in _SIZES]
    return table(("engine on", *heads, "growth per doubling"), rows), slowest


def _pattern_growth() -> str:
    """Every compiled pattern of the room on every shape; only those that take measurable time."""
    worst: list[tuple[float, str, str, float]] = []
    count = 0
    for name, pattern in patterns():
        count += 1
        for shape_name, shape in HOSTILE.items():
            growth, seconds = _growth_of(pattern, shape)
            if growth:
                worst.append((growth, name, shape_name, seconds))
    worst.sort(reverse=True)
    rows = [
        (f"`{name}`", shape, f"{growth:.2f}", f"{seconds * 1000:.1f}")
        for growth, name, shape, seconds in worst[:8]
    ]
    over = sum(growth > 2.6 for growth, *_ in worst)
    told = (
        f"{count} patterns on {len(HOSTILE)} shapes; {len(worst)} pairs take over "
        f"{_TOO_SHORT * 1000:.0f} ms for {_PROBE // 1000}k characters; {over} of them "
        "grow by more than 2.6 per doubling."
    )
    heads = ("slowest growing", "on", "growth per doubling", "ms at the longest")
    return f"{told}\n\n{table(heads, rows)}" if rows else told


def _growth_of(pattern: re.Pattern[str], shape: str) -> tuple[float, float]:
    def all_of(text: str) -> None:
        for _ in pattern.finditer(text):
            pass

    probe = _seconds(all_of, shape, _PROBE, rounds=1)
    if probe < _TOO_SHORT:
        return 0.0, probe
    sizes = _PATTERN_SIZES if probe < _SLOW else (_PROBE // 4, _PROBE // 2, _PROBE)
    times = [_seconds(all_of, shape, size) for size in sizes]
    return _per_doubling(times), times[-1]


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield every compiled pattern that a module of the room keeps, also inside tables."""
    seen: set[int] = set()
    for info in pkgutil.walk_packages(deid.__path__, "deid."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            for pattern in _inside(value):
                if id(pattern) not in seen and isinstance(pattern.pattern, str):
                    seen.add(id(pattern))
                    yield f"{info.name.removeprefix('deid.')}.{name}", pattern


def _inside(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _inside(each)
    elif isinstance(value, (tuple, list, frozenset)):
        for each in value:
            yield from _inside(each)


def _hostile(slowest: str) -> str:
    """One note of a million characters: every hostile shape in turn, and the slowest alone."""
    piece = 1000
    shapes = [(shape * piece)[:piece] for shape in HOSTILE.values()]
    text = "".join(shapes[n % len(shapes)] for n in range(_MEGA // piece))
    engine = TextEngine()
    started = time.process_time()
    _scrub(engine, text)
    seconds = time.process_time() - started
    rows = [(f"{len(text):,} characters, all shapes in turn", f"{seconds:.2f} s")]
    alone = _seconds(lambda t: _scrub(engine, t), HOSTILE[slowest], _MEGA, rounds=1)
    rows.append((f"{_MEGA:,} characters of the slowest shape: {slowest}", f"{alone:.2f} s"))
    return table(("hostile note", "time"), rows)


def _scrub(engine: TextEngine, text: str) -> None:
    engine.scrub(
        text,
        identity=known_identity.build(()),
        people=PeopleTokens(),
        question_time=charts.QUESTION,
    )


def _seconds(work: Callable[[str], object], shape: str, size: int, rounds: int = 3) -> float:
    text = (shape * (size // len(shape) + 1))[:size]
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work(text)
        times.append(time.process_time() - started)
    return min(times)


def _per_doubling(times: list[float]) -> float:
    """Growth per doubling from the shortest to the longest text: 2 is linear, 4 is quadratic."""
    ratio = times[-1] / times[0]
    return ratio ** (1 / (len(times) - 1))
