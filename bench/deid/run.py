"""Prints the numbers of de-identification, each with one command: see README.md here.

.venv/bin/python bench/deid/run.py quality    [NOTES.jsonl ...]
.venv/bin/python bench/deid/run.py structured [FOLDER or BUNDLE ...]
.venv/bin/python bench/deid/run.py limits
.venv/bin/python bench/deid/run.py all [--notes NOTES.jsonl ...] [--charts FOLDER]
    [--write]        also writes bench/deid/RESULTS.md
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import charts  # noqa: E402
import limits  # noqa: E402
import quality  # noqa: E402
import structured  # noqa: E402

RESULTS: Final = HERE / "RESULTS.md"


def main(arguments: list[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("quality").add_argument("paths", nargs="*", type=Path, default=[charts.NOTES])
    verbs.add_parser("structured").add_argument(
        "paths", nargs="*", type=Path, default=[charts.PERSONAS]
    )
    verbs.add_parser("limits")
    whole = verbs.add_parser("all")
    whole.add_argument("--notes", nargs="+", type=Path, default=[charts.NOTES])
    whole.add_argument("--charts", type=Path, default=charts.PERSONAS)
    whole.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.verb == "all":
        return _all(chosen)
    work: Callable[[Path], str] = {
        "quality": quality.run, "structured": structured.run, "limits": limits.run,
    }[chosen.verb]  # fmt: skip
    for path in getattr(chosen, "paths", [HERE]):
        _say(work(path))
    return 0


def _all(chosen: argparse.Namespace) -> int:
    started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = os.getloadavg()[0]
    parts = [_head(started, load, chosen)]
    for path in chosen.notes:
        parts += ["## Text", quality.run(path)]
    parts += ["## Fields", structured.run(chosen.charts)]
    parts += ["## Limits", limits.run(HERE)]
    parts.append(f"Load of the machine at the end: {os.getloadavg()[0]:.1f}.")
    text = "\n\n".join(parts) + "\n"
    _say(text)
    if chosen.write:
        RESULTS.write_text(text, encoding="utf-8")
    return 0


def _head(started: str, load: float, chosen: argparse.Namespace) -> str:
    names = " ".join(path.name for path in chosen.notes)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the git of this machine
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return f"""# Results

For whoever compares; after this page you know what was measured, when, and on what.

*Made by `bench/deid/run.py all --notes {names} --charts {chosen.charts.name} --write`.*

{started}, commit {commit}, {_processor()}, {os.cpu_count()} cores, {platform.system()}
{platform.machine()}, Python {platform.python_version()}. Load when it began: {load:.1f}.
Times are seconds of processor time, so that other work on the machine counts little."""


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
