"""A FHIR server in memory that fits fhir_adapters.ports.FhirSession, with faults on demand."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from runtime import json_text
from runtime.outbound import OutboundAnswer

BASE = "https://ehr.example/fhir"
READ_TYPES = (
    "Patient",
    "Encounter",
    "Condition",
    "AllergyIntolerance",
    "MedicationRequest",
    "MedicationStatement",
    "Medication",
    "Observation",
    "Procedure",
    "DiagnosticReport",
    "DocumentReference",
    "ImagingStudy",
    "FamilyMemberHistory",
    "Immunization",
    "RelatedPerson",
    "Coverage",
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
)
_SUBJECTS = ("subject", "patient", "beneficiary")

Fault = Callable[[], OutboundAnswer]


def answer(status: int, resource: Any = None, **headers: str) -> OutboundAnswer:
    """Return an answer whose body is a resource (or bytes as they are)."""
    body = resource if isinstance(resource, bytes) else json_text.dumps(resource or {})
    sent = {"content-type": "application/fhir+json", **headers}
    return OutboundAnswer(
        status=status, headers={k.replace("_", "-"): v for k, v in sent.items()}, body=body
    )


def statement(
    *,
    types: Iterable[str] = READ_TYPES,
    create: Iterable[str] = ("DocumentReference", "Communication"),
    conditional: bool = True,
    identifier: bool = True,
    by_id: bool = True,
    count: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a CapabilityStatement that declares these types."""
    resources = []
    for name in sorted({*types, *create}):
        codes = ["read", "search-type", *(["create"] if name in create else [])]
        params = ["patient", "category"]
        if name == "Coverage":
            params = ["beneficiary"]
        params += ["_id"] if by_id else []
        params += ["_count"] if name in count else []
        params += ["identifier"] if identifier else []
        resources.append(
            {
                "type": name,
                "interaction": [{"code": code} for code in codes],
                "searchParam": [{"name": p, "type": "token"} for p in params],
                "conditionalCreate": conditional,
            }
        )
    return {
        "resourceType": "CapabilityStatement",
        "software": {"name": "MemoryFhir"},
        "rest": [{"mode": "server", "resource": resources}],
    }


@dataclass(kw_only=True)
class MemoryFhirSession:
    """Serves reads, simple searches with paging, and creates with If-None-Exist."""

    capability: Mapping[str, Any] = field(default_factory=statement)
    resources: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = BASE
    page_size: int = 1000
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    honors_if_none_exist: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, address: str, *faults: Fault) -> None:
        """Answer the next requests whose address starts so with these faults, in turn."""
        self.faults[address] = list(faults)

    def get(
        self,
        address: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        accept: str = "application/fhir+json",
    ) -> OutboundAnswer:
        path = address.removeprefix(f"{self.base_url}/")
        if params:
            path = f"{path}?{urlencode(params)}"
        with self._lock:
            self.calls.append(("GET", path))
            fault = self._fault(path)
        if fault is not None:
            return fault()
        if path == "metadata":
            return answer(200, self.capability)
        parts = urlsplit(path)
        if parts.query or "/" not in parts.path:
            return self._search(parts.path, dict(parse_qsl(parts.query)))
        return self._read(parts.path)

    def post(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> OutboundAnswer:
        with self._lock:
            self.calls.append(("POST", address))
            fault = self._fault(f"POST {address}")
        if fault is not None:
            return fault()
        return self.create(body, headers or {})

    def create(self, body: bytes, headers: Mapping[str, str]) -> OutboundAnswer:
        """Store a resource; an existing identifier answers 200 when the header is honored."""
        resource = json_text.loads(body)
        name = resource["resourceType"]
        wanted = headers.get("If-None-Exist", "").removeprefix("identifier=").split("|")
        if self.honors_if_none_exist and len(wanted) == 2:
            there = [r for r in self._of(name) if _has_identifier(r, *wanted)]
            if len(there) > 1:
                return answer(412)
            if there:
                return self._located(200, there[0])
        resource = {**resource, "id": f"new-{len(self.resources)}", "meta": {"versionId": "1"}}
        self.resources.append(resource)
        return self._located(201, resource)

    def _located(self, status: int, resource: Mapping[str, Any]) -> OutboundAnswer:
        place = f"{self.base_url}/{resource['resourceType']}/{resource['id']}/_history/1"
        return answer(status, b"", location=place, etag='W/"1"')

    def _fault(self, path: str) -> Fault | None:
        for start, waiting in self.faults.items():
            if path.startswith(start) and waiting:
                return waiting.pop(0)
        return None

    def _of(self, name: str) -> list[dict[str, Any]]:
        return [r for r in self.resources if r.get("resourceType") == name]

    def _read(self, path: str) -> OutboundAnswer:
        name, found = path.split("/", 1)
        for resource in self._of(name):
            if resource.get("id") == found:
                return answer(200, resource)
        return answer(404, {"resourceType": "OperationOutcome", "issue": []})

    def _search(self, name: str, params: dict[str, str]) -> OutboundAnswer:
        start = int(params.pop("page", "0"))
        found = [r for r in self._of(name) if _matches(r, params)]
        shown = found[start : start + self.page_size]
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": [{"resource": r, "search": {"mode": "match"}} for r in shown],
        }
        if start + self.page_size < len(found):
            following = urlencode({**params, "page": str(start + self.page_size)})
            bundle["link"] = [{"relation": "next", "url": f"{self.base_url}/{name}?{following}"}]
        return answer(200, bundle)


def _has_identifier(resource: Mapping[str, Any], system: str, value: str) -> bool:
    held = resource.get("identifier", [])
    return {"system": system, "value": value} in (held if isinstance(held, list) else [held])


def _matches(resource: Mapping[str, Any], params: Mapping[str, str]) -> bool:
    # `patient` is not compared: what a server returns too much is what the tests are about.
    if "_id" in params and resource["id"] not in params["_id"].split(","):
        return False
    if "identifier" in params:
        return _has_identifier(resource, *params["identifier"].replace("\\", "").split("|"))
    if "category" in params:
        held = resource.get("category", [])
        concepts = held if isinstance(held, list) else [held]
        codes = [c.get("code") for k in concepts for c in k.get("coding", [])]
        return params["category"] in codes
    return True
