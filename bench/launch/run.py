"""Measures launches, each number against a limit of the same run: see README.md here.

.venv/bin/python bench/launch/run.py [--write] [--delay 0.2] [--threads 64] [--at-once 100]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import gateway as running_gateway  # noqa: E402
from fake_ehr import SIGN_IN  # noqa: E402

from confer.walker.browser import Browser  # noqa: E402
from tests.support.ports import free_ports  # noqa: E402

RESULTS: Final = HERE / "RESULTS.md"
SOLO: Final = 9
_SETTLE_SECONDS: Final = 5.0  # the gateway starts its de-identification processes first
_NO_SEARCH: Final = ("fhir:Patient", "fhir:Practitioner")


@dataclass(frozen=True, kw_only=True)
class Launched:
    """One launch as the browser saw it: seconds to the question form, and whose form it was."""

    patient: str
    began: float
    seconds: float
    right: bool
    heading: str


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where the programs are."""

    gateway: str
    ehr: str

    def launch(self, patient: str) -> Launched:
        """Launch once, as a browser does, up to the question form."""
        browser = Browser()
        began = time.monotonic()
        query = urlencode({"iss": f"{self.ehr}/fhir", "launch": patient})
        page = browser.open(f"{self.gateway}/launch?{query}")
        while not page.has_form("question-form") and page.heading == "Reading the chart":
            time.sleep(0.5)  # as often as the page itself looks again
            page = browser.open(page.url)
        seconds = time.monotonic() - began
        own = f"Name{patient.replace('-', '')}x"
        right = own in page.text and page.has_form("question-form")
        return Launched(
            patient=patient, began=began, seconds=seconds, right=right, heading=page.heading
        )

    def ledger(self) -> Any:
        """Return what the EHR was asked, and forget it."""
        with urlopen(Request(f"{self.ehr}/ledger", method="DELETE"), timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    def quiet(self) -> None:
        """Wait until the chart readings behind the forms are over."""
        seen = -1
        while True:
            with urlopen(f"{self.ehr}/ledger", timeout=10) as answer:  # noqa: S310
                count = len(json.load(answer)["calls"])
            if count == seen:
                return
            seen = count
            time.sleep(1.0)


def critical_path(calls: Sequence[dict[str, Any]]) -> tuple[float, int]:
    """The longest chain of calls of which each began after the one before had ended.

    Returns its seconds and how many calls it has.
    """
    best: list[tuple[float, int]] = []
    ordered = sorted(calls, key=lambda call: call["ended"])
    for place, call in enumerate(ordered):
        before = [
            best[earlier] for earlier in range(place) if ordered[earlier]["ended"] <= call["began"]
        ]
        seconds, count = max(before, default=(0.0, 0))
        best.append((seconds + call["ended"] - call["began"], count + 1))
    return max(best, default=(0.0, 0))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One launch against its critical path."""

    seconds: float
    path: float
    chart_calls: int
    sign_in_calls: int
    pull_ratio: float

    @property
    def allowed(self) -> float:
        """What the launch may take: 1.25 x the critical path + 150 ms."""
        return 1.25 * self.path + 0.15


def measure(bench: Bench, patient: str) -> Measured:
    """Launch once alone and read the ledger up to the form."""
    bench.ledger()
    done = bench.launch(patient)
    bench.quiet()
    calls = bench.ledger()["calls"]
    # The form needs the patient and nothing after: the path ends where the patient was read.
    known = min(call["ended"] for call in calls if call["kind"] == "fhir:Patient")
    needed = [call for call in calls if call["ended"] <= known]
    path, _ = critical_path(needed)
    _, chart_calls = critical_path(
        [call for call in needed if call["kind"].startswith(("fhir:", "metadata"))]
    )
    searches = [call for call in calls if call["kind"].startswith("fhir:")]
    pulled = [
        call for call in searches if call["kind"] not in ("fhir:Patient", "fhir:Practitioner")
    ]
    span = max(c["ended"] for c in pulled) - min(c["began"] for c in pulled)
    slowest = max(c["ended"] - c["began"] for c in pulled)
    return Measured(
        seconds=done.seconds,
        path=path,
        chart_calls=chart_calls,
        sign_in_calls=sum(call["kind"] in SIGN_IN for call in calls),
        pull_ratio=span / slowest,
    )


def at_once(bench: Bench, count: int) -> tuple[list[Launched], int]:
    """Launch many at the same moment; returns them and the mix-ups that the EHR counted."""
    bench.ledger()
    ready = threading.Barrier(count)

    def one(number: int) -> Launched:
        ready.wait()
        return bench.launch(f"p-{number}")

    with ThreadPoolExecutor(count) as pool:
        done = list(pool.map(one, range(count)))
    bench.quiet()
    return done, int(bench.ledger()["mixed"])


def main(arguments: list[str]) -> int:
    """Measure and print; with --write also into RESULTS.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    started = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    with tempfile.TemporaryDirectory() as folder:
        port, ehr_port = free_ports(2)
        with running_gateway.running(
            Path(folder), port=port, ehr_port=ehr_port, delay=chosen.delay, threads=chosen.threads
        ) as address:
            bench = Bench(gateway=address, ehr=f"http://127.0.0.1:{ehr_port}")
            time.sleep(_SETTLE_SECONDS)
            first = measure(bench, "p-900")
            again = [measure(bench, f"p-{901 + number}") for number in range(SOLO)]
            crowd, mixed = at_once(bench, chosen.at_once)
    for one in crowd:
        if not one.right:
            sys.stderr.write(f"{one.patient}: {one.heading} after {one.seconds:.1f} s\n")
    text = report(
        first,
        again,
        crowd,
        mixed,
        f"{started}, {_machine()}. Load when it began: {load:.1f}.",
        chosen,
    )
    sys.stdout.write(text)
    if chosen.write:
        RESULTS.write_text(text, encoding="utf-8")
    return 0


def report(
    first: Measured, again: Sequence[Measured], crowd: Sequence[Launched], mixed: int,
    where: str, chosen: argparse.Namespace,
) -> str:  # fmt: skip
    """The page of results."""
    middle = sorted(again, key=lambda one: one.seconds)[len(again) // 2]
    solo = statistics.median(one.seconds for one in again)
    times = sorted(one.seconds for one in crowd)
    p95 = times[max(0, round(0.95 * len(times)) - 1)]
    wrong = sum(not one.right for one in crowd)
    calls = max(one.chart_calls for one in [first, *again])
    pull = statistics.median(one.pull_ratio for one in again)
    rows = [
        ("first launch to the question form", f"{first.seconds * 1000:.0f} ms",
         f"<= 1.25 x path ({first.path * 1000:.0f} ms) + 150 ms = {first.allowed * 1000:.0f} ms",
         first.seconds <= first.allowed),
        ("repeat launch, median of " + str(len(again)), f"{middle.seconds * 1000:.0f} ms",
         f"<= 1.25 x path ({middle.path * 1000:.0f} ms) + 150 ms = {middle.allowed * 1000:.0f} ms",
         middle.seconds <= middle.allowed),
        ("chart calls in a row before the form", str(calls), "<= 3", calls <= 3),
        ("calls for discovery and keys in repeat launches",
         str(sum(one.sign_in_calls for one in again)), "0",
         not sum(one.sign_in_calls for one in again)),
        ("pull of the chart, all types at once", f"{pull:.2f} x slowest call", "<= 1.5 x",
         pull <= 1.5),
        (f"{len(crowd)} launches at once: wrong or missing forms", str(wrong), "0", not wrong),
        (f"{len(crowd)} launches at once: tokens used for another chart", str(mixed), "0",
         not mixed),
        (f"{len(crowd)} launches at once: p95", f"{p95:.2f} s = {p95 / solo:.1f} x solo",
         f"<= 4 x solo ({solo:.2f} s)", p95 <= 4 * solo),
    ]  # fmt: skip
    lines = [
        f"| {name} | {got} | {bar} | {'met' if met else '**not met**'} |"
        for name, got, bar, met in rows
    ]
    middle_of_crowd = statistics.median(times)
    made = f"--delay {chosen.delay} --threads {chosen.threads} --at-once {chosen.at_once} --write"
    return "\n".join(
        [
            "# Results\n",
            "For whoever compares; after this page you know what was measured, when, and "
            "on what.\n",
            f"*Made by `bench/launch/run.py {made}`.*\n",
            where,
            f"Each EHR call takes {chosen.delay * 1000:.0f} ms; the gateway is one process with "
            f"{chosen.threads} threads on SQLite;",
            f"EHR, gateway and all browsers share the machine. Of the {len(crowd)} at once the "
            f"median took {middle_of_crowd:.2f} s, the slowest {times[-1]:.2f} s.\n",
            "| what | measured | bar | |",
            "| --- | --- | --- | --- |",
            *lines,
            "",
        ]
    )


def _machine() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - the git of this machine
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return (
        f"commit {commit}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
