"""Prints how long an EHR waits for a hook of the real gateway: see README.md here."""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import hospital  # noqa: E402 - beside this file

from runtime import jose, json_text  # noqa: E402
from runtime.jose import SigningKey  # noqa: E402
from tests.support.ports import free_ports  # noqa: E402

BUDGET_MS: Final = 500.0
BAR: Final = 0.3
FHIR_SECONDS: Final = 0.02
START_SECONDS: Final = 60.0
Json = dict[str, Any]  # Any: JSON of the wire


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of call: its service, its body, and how many cards it must bring."""

    name: str
    service: str
    body: Callable[[], Json]
    cards: int


@dataclass(frozen=True, kw_only=True)
class Times:
    """Milliseconds that callers waited, and of processor time that a call cost the gateway."""

    name: str
    each: Sequence[float]
    processor: float

    def at(self, share: float) -> float:
        """The value that this share of the calls did not exceed."""
        ordered = sorted(self.each)
        return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def main(arguments: Sequence[str]) -> int:
    """Start a gateway, call it, print a table; returns 1 when the bar does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--callers", type=int, default=4)
    chosen = parser.parse_args(arguments)
    key = jose.new_signing_key("ES384")
    gateway_port, fhir_port = free_ports(2)
    with tempfile.TemporaryDirectory() as folder, _fhir(fhir_port):
        place = hospital.Place(
            folder=Path(folder),
            gateway=f"http://127.0.0.1:{gateway_port}",
            fhir=f"http://127.0.0.1:{fhir_port}/fhir",
        )
        hospital.fill(place, key=key, cases=chosen.cases)
        with _gateway(place) as gateway:
            found = [_bare(place, gateway, chosen)]
            found += [_measured(place, key, kind, gateway, chosen) for kind in _kinds(place)]
    return _print(found, chosen)


def _kinds(place: hospital.Place) -> list[Kind]:
    granted = {"fhirAuthorization": {"access_token": "bench", "token_type": "Bearer"}}
    asked, other = hospital.patient("asked"), hospital.patient("other")
    return [
        Kind(
            name="patient-view, nothing waits",
            service="confer-patient-view",
            body=lambda: place.call("patient-view", other, sent=other),
            cards=0,
        ),
        Kind(
            name="patient-view, an answer waits",
            service="confer-patient-view",
            body=lambda: place.call("patient-view", asked, sent=asked),
            cards=1,
        ),
        Kind(
            name=f"the same by fall-back ({FHIR_SECONDS * 1000:.0f} ms of it the EHR's)",
            service="confer-patient-view",
            body=lambda: {**place.call("patient-view", asked, sent=None), **granted},
            cards=1,
        ),
        Kind(
            name="order-sign, a referral is drafted",
            service="confer-order-sign",
            body=lambda: place.call("order-sign", other, sent=other, referral=True),
            cards=1,
        ),
    ]


def _bare(place: hospital.Place, gateway: int, chosen: argparse.Namespace) -> Times:
    def once() -> float:
        began = time.perf_counter()
        status, _ = _request(place.gateway, "GET", "/health", {}, None)
        return _timed(began, ok=status == 200)

    return _many("GET /health, for comparison", once, gateway, chosen)


def _measured(
    place: hospital.Place, key: SigningKey, kind: Kind, gateway: int, chosen: argparse.Namespace
) -> Times:
    path = f"/cds-services/{kind.service}"

    def once() -> float:
        body = json_text.dumps(kind.body())
        token = key.sign(hospital.claims(f"{place.gateway}{path}"), "JWT")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        began = time.perf_counter()
        status, answer = _request(place.gateway, "POST", path, headers, body)
        took = _timed(began, ok=status == 200)
        _timed(began, ok=len(json_text.loads(answer)["cards"]) == kind.cards)
        return took

    return _many(kind.name, once, gateway, chosen)


def _timed(began: float, *, ok: bool) -> float:
    if not ok:
        raise SystemExit("the gateway did not answer as it should: no numbers")
    return (time.perf_counter() - began) * 1000


def _many(name: str, once: Callable[[], float], gateway: int, chosen: argparse.Namespace) -> Times:
    for _ in range(10):
        once()
    before = _processor_seconds(gateway)
    with ThreadPoolExecutor(chosen.callers) as callers:
        each = list(callers.map(lambda _: once(), range(chosen.calls)))
    used = _processor_seconds(gateway) - before
    return Times(name=name, each=each, processor=used * 1000 / chosen.calls)


def _processor_seconds(process: int) -> float:
    """Processor time of a program and its children: the same however busy the machine is."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if process in (int(place.parent.name), int(fields[1])):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _request(
    base: str, method: str, path: str, headers: dict[str, str], body: bytes | None
) -> tuple[int, bytes]:
    parts = urlsplit(base)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def _gateway(place: hospital.Place) -> Iterator[int]:
    bind = urlsplit(place.gateway).netloc
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "confer", "serve", "gateway", "--bind", bind, "--processes", "1"],
        cwd=ROOT,
        env=place.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if _request(place.gateway, "GET", "/health", {}, None)[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def _fhir(port: int) -> Iterator[None]:
    """An EHR that takes its time and knows one patient."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(FHIR_SECONDS)
            body = json_text.dumps(hospital.patient("asked"))
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _print(found: Sequence[Times], chosen: argparse.Namespace) -> int:
    bar = BUDGET_MS * BAR
    say = sys.stdout.write
    say(
        f"{chosen.calls} calls each by {chosen.callers} callers at once, "
        f"{chosen.cases} cases, load {os.getloadavg()[0]:.1f}; bar: p95 <= {bar:.0f} ms\n\n"
    )
    say(f"| {'call':<48} | p50 ms | p95 ms | p99 ms | p95 / {BUDGET_MS:.0f} | CPU ms |\n")
    say(f"|{'-' * 50}|-------:|-------:|-------:|----------:|-------:|\n")
    for one in found:
        p50, p95, p99 = one.at(0.5), one.at(0.95), one.at(0.99)
        share = p95 / BUDGET_MS
        say(
            f"| {one.name:<48} | {p50:6.1f} | {p95:6.1f} | {p99:6.1f} | {share:9.3f} "
            f"| {one.processor:6.1f} |\n"
        )
    slow = [one.name for one in found[1:] if one.at(0.95) > bar]
    say(f"\n{'too slow: ' + ', '.join(slow) if slow else 'all within the bar'}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
