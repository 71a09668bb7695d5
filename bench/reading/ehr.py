"""A FHIR server of the benchmark: one chart of a given size, every answer as late as told.

Started as a process of its own, so that its memory and work are not counted as ours. Prints
its base address, then serves until its standard input ends.
"""

import argparse
import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATIENT = "p-1"
TYPES = (
    "Condition",
    "AllergyIntolerance",
    "MedicationRequest",
    "Observation",
    "Procedure",
    "DiagnosticReport",
    "DocumentReference",
    "Immunization",
    "FamilyMemberHistory",
    "Coverage",
)
PAGE = 200


def statement() -> dict[str, Any]:
    """Ten types that can be searched by patient."""
    params = [{"name": name} for name in ("patient", "category", "_count")]
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": params,
                    }
                    for kind in TYPES
                ],
            }
        ],
    }


def chart(megabytes: float) -> dict[str, list[dict[str, Any]]]:
    """A chart whose searches answer about so many bytes: mostly results, some notes."""
    subject = {"reference": f"Patient/{PATIENT}"}
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in TYPES}
    note = base64.b64encode(b"Seen at night. Potassium still high. " * 400).decode()
    for kind in TYPES:
        element = "beneficiary" if kind == "Coverage" else "subject"
        if kind in ("AllergyIntolerance", "Immunization", "FamilyMemberHistory"):
            element = "patient"
        found[kind] = [{"resourceType": kind, "id": f"{kind}-1", element: subject}]
    size = 0
    n = 0
    while size < megabytes * 1_000_000:
        n += 1
        one: dict[str, Any] = {
            "resourceType": "Observation",
            "id": f"o-{n}",
            "status": "final",
            "subject": subject,
            "category": [{"coding": [{"code": "laboratory"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
            "effectiveDateTime": "2026-03-02T10:00:00Z",
            "valueQuantity": {"value": 4.5, "unit": "mmol/L"},
            "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 5.1}}],
        }
        if n % 20 == 0:
            one = {
                "resourceType": "DocumentReference",
                "id": f"d-{n}",
                "status": "current",
                "subject": subject,
                "category": [{"coding": [{"code": "clinical-note"}]}],
                "content": [{"attachment": {"contentType": "text/plain", "data": note}}],
            }
        found[one["resourceType"]].append(one)
        size += len(json.dumps(one))
    return found


class Ehr(BaseHTTPRequestHandler):
    """Answers reads and searches; `base`, `held` and `late` are set when it is made."""

    base = ""
    held: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 - one server a process
    late = 0.0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer after the wait."""
        time.sleep(self.late)
        path = self.path.removeprefix("/fhir/")
        parts = urlsplit(path)
        kind = parts.path.split("/", 1)[0]
        if parts.path == "metadata":
            body: dict[str, Any] = statement()
        elif parts.path == f"Patient/{PATIENT}":
            body = {
                "resourceType": "Patient",
                "id": PATIENT,
                "birthDate": "1960-01-01",
                "name": [{"family": "Quarrow"}],
            }
        else:
            body = self._page(kind, parse_qs(parts.query))
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _page(self, kind: str, query: dict[str, list[str]]) -> dict[str, Any]:
        start = int(query.get("page", ["0"])[0])
        wanted = query.get("category", [""])[0]
        every = [one for one in self.held.get(kind, []) if _in(one, wanted)]
        page: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(every),
            "entry": [{"resource": one} for one in every[start : start + PAGE]],
        }
        if start + PAGE < len(every):
            following = f"category={wanted}&page={start + PAGE}"
            page["link"] = [{"relation": "next", "url": f"{self.base}/{kind}?{following}"}]
        return page

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def _in(resource: dict[str, Any], category: str) -> bool:
    if not category:
        return True
    return any(
        coding["code"] == category
        for concept in resource.get("category", [])
        for coding in concept["coding"]
    )


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=0.01)
    parser.add_argument("--milliseconds", type=float, default=0.0)
    asked = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ehr)
    server.daemon_threads = True
    Ehr.base = f"http://127.0.0.1:{server.server_port}/fhir"
    Ehr.held = chart(asked.megabytes)
    Ehr.late = asked.milliseconds / 1000
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{Ehr.base}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
