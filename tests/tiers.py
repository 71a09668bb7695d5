"""Runs the tests tier by tier and closes with one line per tier.

Every test that exists must run: a tier passes an empty `-m` so that nothing is deselected, and a
tier without tests, or with a test that was deselected or skipped without a reason, fails.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / ".artifacts"
_COVERAGE = ARTIFACTS / "coverage"
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4_000_000_000  # noqa: S108 - a folder of our own in it
_PER_FILE = ["-p", "xdist", "-n", "2", "--dist", "loadfile"]
_PER_TEST = ["-p", "xdist", "-n", "2", "--dist", "worksteal"]
# in the order of tests/conftest.py, where the longest files come first
_LONGEST_FIRST = [*_PER_FILE, "--no-loadscope-reorder"]
# Only the tiers that reach what others do not are measured: it costs a third of their time.
_MEASURED = ["--cov", "--cov-append", "--cov-report="]
# the floor of all rooms together, in percent, and the modules where every branch is tested
_FLOOR = 90
_WHOLE = (
    "deid/structured/walker.py",
    "deid/recheck.py",
    "deid/sealed_case.py",
    "exchange/canonical.py",
    "exchange/task_states.py",
)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One kind of test: where it lies, how it is selected and what it answers."""

    name: str
    paths: tuple[str, ...]
    marks: str = ""
    options: list[str] = field(default_factory=list)


TIERS = (
    Tier(name="architecture", paths=("tests/architecture",)),
    Tier(name="unit", paths=("tests/unit",), options=_PER_FILE + _MEASURED),
    Tier(name="property", paths=("tests/property",), options=_PER_FILE),
    Tier(
        name="store-sqlite",
        paths=("tests/store",),
        marks="not postgres",
        options=_PER_FILE + _MEASURED,
    ),
    Tier(
        name="store-postgres",
        paths=("tests/store",),
        marks="postgres",
        options=_PER_FILE,
    ),
    Tier(name="contract", paths=("tests/contract",), options=_PER_FILE + _MEASURED),
    Tier(name="corpus", paths=("tests/corpus",), options=_PER_FILE),
    Tier(name="journey", paths=("tests/journey",), options=_LONGEST_FIRST),
    Tier(name="browser", paths=("tests/browser",), options=_LONGEST_FIRST),
    Tier(name="chaos", paths=("tests/chaos",), options=_PER_TEST),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one tier came to."""

    tier: str
    passed: int
    failed: int
    skipped: int
    deselected: int
    seconds: float
    cpu_seconds: float
    exit_code: int

    @property
    def ran(self) -> int:
        """How many tests of the tier were run or skipped for a reason."""
        return self.passed + self.failed + self.skipped

    @property
    def good(self) -> bool:
        """A tier is good when tests ran, none failed and pytest agrees."""
        return self.exit_code == 0 and self.passed > 0 and self.failed == 0

    def line(self) -> str:
        """The closing line of this tier."""
        verdict = "ok  " if self.good else "FAIL"
        return (
            f"{verdict} {self.tier:<15} {self.passed:>5} passed {self.failed:>3} failed "
            f"{self.skipped:>3} skipped {self.seconds:>7.1f} s {self.cpu_seconds:>7.1f} s of CPU"
        )


@contextmanager
def _scratch() -> Iterator[dict[str, str]]:
    """Put the files of one tier into memory where there is room: a slow disk is no finding.

    What is synced before what is answered is tested by its system calls, not by the disk.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    with tempfile.TemporaryDirectory(
        prefix="confer-tests-", dir=_MEMORY if roomy else None, ignore_cleanup_errors=True
    ) as folder:
        # PostgreSQL runs as a user of its own when the tests run as root.
        Path(folder).chmod(0o755)
        yield {"TMPDIR": folder}


def _environment(scratch: dict[str, str]) -> dict[str, str]:
    """What the tests of a tier run with.

    Images for programs switch Python's cache of compiled modules off. Tests start hundreds of
    processes, and each would compile every module anew.
    """
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **scratch, "COVERAGE_FILE": str(_COVERAGE)}


def _cpu_seconds() -> float:
    """What all processes that ended so far have used of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(tier: Tier) -> Outcome:
    report = ARTIFACTS / f"{tier.name}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *tier.paths, "-m", tier.marks, "-q"]
    command += ["--no-header", "-o", "junit_family=xunit2", f"--junitxml={report}", *tier.options]
    started, used = time.monotonic(), _cpu_seconds()
    with _scratch() as scratch:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(scratch),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    spent = (time.monotonic() - started, _cpu_seconds() - used)
    print(done.stdout, flush=True)
    return _outcome(tier, done.stdout, report, spent, done.returncode)


def _outcome(
    tier: Tier, output: str, report: Path, spent: tuple[float, float], exit_code: int
) -> Outcome:
    suite = ET.parse(report).getroot().find("testsuite") if report.exists() else None  # noqa: S314 - our own file
    count = {
        name: int(suite.get(name, "0")) if suite is not None else 0
        for name in ("tests", "failures", "errors", "skipped")
    }
    failed = count["failures"] + count["errors"]
    deselected = sum(int(number) for number in re.findall(r"(\d+) deselected", output))
    return Outcome(
        tier=tier.name,
        passed=count["tests"] - failed - count["skipped"],
        failed=failed,
        skipped=count["skipped"],
        deselected=deselected,
        seconds=spent[0],
        cpu_seconds=spent[1],
        exit_code=exit_code,
    )


def _silent_deselection(outcomes: list[Outcome]) -> list[str]:
    """Names the tiers where a test was left out that no other line of ours runs."""
    faults = [
        f"{outcome.tier}: {outcome.deselected} tests were deselected"
        for outcome in outcomes
        if outcome.deselected and not outcome.tier.startswith("store-")
    ]
    store = [outcome.ran for outcome in outcomes if outcome.tier.startswith("store-")]
    if len(store) == 2 and sum(store) != (there_are := _collected("tests/store")):
        faults.append(f"store: {sum(store)} of {there_are} tests ran on one of the databases")
    return faults


def _collected(folder: str) -> int:
    """How many tests a folder holds, whatever their marks."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", folder, "-m", "", "--collect-only", "-q"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"(\d+) tests collected", done.stdout)
    return int(found[1]) if found else -1


def _uncovered() -> list[str]:
    """Names the coverage floors that do not hold."""
    checks = [("all rooms", _FLOOR, [])]
    checks += [(module, 100, [f"--include={module}"]) for module in _WHOLE]
    faults = []
    for what, floor, options in checks:
        done = subprocess.run(
            [sys.executable, "-m", "coverage", "report", f"--fail-under={floor}", *options],
            cwd=ROOT,
            env={**os.environ, "COVERAGE_FILE": str(_COVERAGE)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            faults.append(f"coverage of {what} is under {floor} %:\n{done.stdout[-1500:]}")
        elif not options:
            print(done.stdout.strip().splitlines()[-1])
    return faults


def main(wanted: list[str]) -> int:
    """Run the named tiers, or all; returns the exit code."""
    known = {tier.name for tier in TIERS}
    if unknown := set(wanted) - known:
        print(f"No tier named {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}")
        return 2
    ARTIFACTS.mkdir(exist_ok=True)
    _COVERAGE.unlink(missing_ok=True)
    outcomes = []
    for tier in TIERS:
        if wanted and tier.name not in wanted:
            continue
        print(f"== {tier.name}", flush=True)
        outcomes.append(_run(tier))
    print("\n".join(outcome.line() for outcome in outcomes))
    faults = _silent_deselection(outcomes)
    if not wanted:
        faults += _uncovered()
    print("\n".join(faults))
    passed, failed = (sum(getattr(one, name) for one in outcomes) for name in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed")
    return 0 if not faults and all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
