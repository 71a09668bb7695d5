"""Read one chart as the gateway does, and say what it cost: one line of JSON.

A process of its own, so that its peak memory is that of one gateway reading one chart.
"""

import importlib
import json
import resource
import sys
import time

from fhir_adapters.chart import PatientFlag, Resource
from fhir_adapters.reading import ReadOptions, read_chart
from launch.authorized_session import AuthorizedSession
from runtime import json_text
from runtime.keyring import Keyring
from runtime.outbound import OutboundAnswer, OutboundClient
from smartapp.store.sealed import Cell, seal

PATIENT = "p-1"


class _Token:
    """A token that never ends (launch.ports.TokenSource)."""

    def current(self) -> str:
        """The token."""
        return "bench"

    def renew(self, stale: str) -> str:
        """The same."""
        return stale


class _Counted(OutboundClient):
    """Counts calls and bytes, and how long the slowest call took."""

    calls = 0
    received = 0
    slowest = 0.0

    def request(self, method: str, url: str, **more: object) -> OutboundAnswer:
        """Measure one call."""
        began = time.perf_counter()
        answer = super().request(method, url, **more)  # type: ignore[arg-type]
        self.slowest = max(self.slowest, time.perf_counter() - began)
        self.calls += 1
        self.received += len(answer.body)
        return answer


def main(base: str) -> dict[str, float]:
    """Read, make the snapshot's bytes and seal them, as `pull_chart` does."""
    # All that a gateway's process has loaded counts as its memory.
    for name in ("confer.wiring.gateway", "smartapp.web.app"):
        importlib.import_module(name)
    origin = base.rsplit("/", 1)[0]
    outbound = _Counted(allowed_origins=(origin,), allow_loopback_http=True)
    session = AuthorizedSession(base_url=base, outbound=outbound, tokens=_Token())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    told: list[float] = []

    def on_patient(_patient: Resource, _flags: frozenset[PatientFlag]) -> None:
        told.append(time.perf_counter() - began)

    found = read_chart(
        session,
        patient_id=PATIENT,
        encounter_id=None,
        options=ReadOptions(on_patient=on_patient),
    )
    taken = time.perf_counter() - began
    held = {str(name): list(entries) for name, entries in found.by_section.items()}
    body = json_text.dumps({"by_section": held})
    keyring = Keyring({"k1k1k1k1": b"k" * 32}, index_key=b"i" * 32)
    seal(keyring, body, Cell(tenant="north", table="gw_draft", row="1", column="snapshot"))
    return {
        "patient_ms": told[0] * 1000,
        "chart_ms": taken * 1000,
        "slowest_call_ms": outbound.slowest * 1000,
        "calls": outbound.calls,
        "received_mb": outbound.received / 1e6,
        "resources": sum(map(len, held.values())),
        "before_mb": before / 1024,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])) + "\n")
