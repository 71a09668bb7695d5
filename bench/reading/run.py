"""Bars of reading a chart: `python -m bench.reading.run` prints a table; 1 when a bar is missed.

Each figure is measured in a fresh process against a server in another one, beside a limit or
a peer in the same run. Spec: DESIGN section 9; spec/reliability.md P8.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.reading.ehr import TYPES

_HERE = Path(__file__).parent
LATE_MS = 200.0
LARGE_MB = 9.0  # with its Bundles; 8 MB of them are the resources of the chart
MEMORY_LIMIT_MB = 250.0
PARALLEL_LIMIT = 1.5


@contextmanager
def ehr(*, megabytes: float, milliseconds: float) -> Iterator[str]:
    """A server process; gives its base address."""
    command = [sys.executable, str(_HERE / "ehr.py"), "--megabytes", str(megabytes)]
    command += ["--milliseconds", str(milliseconds)]
    with subprocess.Popen(  # noqa: S603 - our own server
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            if server.stdin:
                server.stdin.close()
            server.wait(10)


def read_in_a_process(base: str) -> dict[str, float]:
    """Read the chart once in a fresh process."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench.reading.read_once", base],
        check=True,
        capture_output=True,
        text=True,
        cwd=_HERE.parents[1],
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one_after_another(base: str) -> float:
    """The peer: the same searches by a plain client, one after another, in milliseconds."""
    from urllib.request import urlopen  # noqa: PLC0415 - the peer's own client

    began = time.perf_counter()
    for path in ("metadata", "Patient/p-1", *(f"{kind}?patient=p-1" for kind in TYPES)):
        with urlopen(f"{base}/{path}") as answer:  # noqa: S310 - our own server
            answer.read()
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Measure and print."""
    with ehr(megabytes=0.01, milliseconds=LATE_MS) as base:
        peer = one_after_another(base)
        runs = [read_in_a_process(base) for _ in range(3)]
    best = min(runs, key=lambda run: run["chart_ms"])
    with ehr(megabytes=LARGE_MB, milliseconds=0) as base:
        large = read_in_a_process(base)
    # Statement and patient come together, then every search at once: two calls deep.
    pull = best["chart_ms"] - LATE_MS
    rows = (
        ("patient known, ms", best["patient_ms"], 1.25 * LATE_MS + 150),
        (
            "ten types pulled at once, by slowest call",
            pull / best["slowest_call_ms"],
            PARALLEL_LIMIT,
        ),
        ("whole chart, ms (peer: one after another)", best["chart_ms"], peer),
        ("peak memory of a gateway reading 8 MB, MB", large["peak_mb"], MEMORY_LIMIT_MB),
    )
    missed = 0
    for name, value, limit in rows:
        missed += value > limit
        verdict = "ok" if value <= limit else "MISSED"
        sys.stdout.write(f"{name:<46}{value:>10.2f}{limit:>10.2f}  {verdict}\n")
    sys.stdout.write(
        f"large chart: {large['received_mb']:.1f} MB in {large['calls']:.0f} calls, "
        f"{large['resources']:.0f} resources, {large['chart_ms']:.0f} ms, "
        f"{large['before_mb']:.0f} MB before\n"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
