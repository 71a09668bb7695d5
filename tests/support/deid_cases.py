"""Builds the input of one case for the tests of de-identification."""

import gzip
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from deid import policy
from deid.pipeline import CaseInput
from sandbox import personas

Resource = dict[str, Any]  # FHIR JSON

EASTERN = timezone(timedelta(hours=-5))
QUESTION_TIME = datetime(2026, 11, 22, 2, 12, tzinfo=EASTERN)
CASE_ID = "abcdefghijklmnopqrstuvwxyz"
CASE_KEY = bytes(range(32))

_NAMING = frozenset(
    {"CareTeam", "Coverage", "Encounter", "HealthcareService", "Location", "Organization",
     "Patient", "Person", "Practitioner", "PractitionerRole", "RelatedPerson", "Binary"}
)  # fmt: skip
# What the ask page ticks when nothing else is chosen: the state now, not the whole past.
DEFAULT_TYPES = frozenset(
    {"Patient", "Condition", "AllergyIntolerance", "MedicationRequest", "Observation",
     "DiagnosticReport", "DocumentReference"}
)  # fmt: skip
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def patient(**changes: Any) -> Resource:
    """A patient with every identifier a real one has."""
    return {
        "resourceType": "Patient",
        "id": "pt-9c27e1",
        "identifier": [{"system": "https://hospital.example/mrn", "value": "40417731"}],
        "name": [{"family": "Marrowby", "given": ["Adela", "Quince"]}],
        "telecom": [{"system": "phone", "value": "(555) 010-0142"}],
        "gender": "female",
        "birthDate": "1959-03-04",
        "address": [
            {"line": ["18 Tidewater Lane"], "city": "Gullhaven", "state": "OR",
             "postalCode": "97196", "country": "US"}
        ],
        **changes,
    }  # fmt: skip


def observation(**changes: Any) -> Resource:
    """A potassium of 6.10, three hours before the question."""
    return {
        "resourceType": "Observation",
        "id": "obs-1",
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                         "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "subject": {"reference": "Patient/pt-9c27e1", "display": "Adela Marrowby"},
        "effectiveDateTime": "2026-11-21T23:12:00-05:00",
        "valueQuantity": {"value": Decimal("6.10"), "unit": "mmol/L",
                          "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        **changes,
    }  # fmt: skip


def condition(**changes: Any) -> Resource:
    """Heart failure, active and confirmed."""
    return {
        "resourceType": "Condition",
        "id": "con-1",
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                }
            ]
        },
        "code": {
            "coding": [
                {"system": "http://snomed.info/sct", "code": "84114007", "display": "Heart failure"}
            ]
        },
        "subject": {"reference": "Patient/pt-9c27e1"},
        **changes,
    }


def case(*resources: Resource, first: Resource | None = None, **changes: Any) -> CaseInput:
    """A case of these resources about the patient."""
    subject = patient() if first is None else first
    values: dict[str, Any] = {
        "case_id": CASE_ID,
        "case_key": CASE_KEY,
        "question_time": QUESTION_TIME,
        "resources": (subject, *resources),
        "identity_resources": (),
        "texts": {},
        **changes,
    }
    return CaseInput(**values)


def of_chart(chart: list[Resource], *, types: frozenset[str] | None = None) -> CaseInput:
    """The case of a whole chart, or of the given types of it."""
    known = policy.load().types
    wanted = (known.nodes.keys() | known.withheld.keys()) if types is None else types
    subject = next(each for each in chart if each["resourceType"] == "Patient")
    rest = [
        each
        for each in chart
        if each["resourceType"] in wanted and each["resourceType"] != "Patient"
    ]
    naming = [each for each in chart if each["resourceType"] in _NAMING]
    return case(*rest, first=subject, identity_resources=tuple(naming))


def charts() -> Iterator[tuple[str, list[Resource]]]:
    """Every persona with its chart, the hospital's own doctors among it."""
    for name in personas.names():
        persona = personas.load(name)
        resources, _ = personas.chart(persona, now=QUESTION_TIME)
        yield name, [*resources, *personas.hospital()]


def bundles(folder: Path) -> Iterator[tuple[str, list[Resource]]]:
    """Every chart in a folder of FHIR bundles, plain or gzip."""
    for path in sorted(folder.glob("*.json*")):
        body = path.read_bytes()
        bundle = _DECODER.decode(gzip.decompress(body) if path.suffix == ".gz" else body)
        resources = [entry["resource"] for entry in bundle.get("entry", []) if "resource" in entry]
        if any(each.get("resourceType") == "Patient" for each in resources):
            yield path.name, resources


def strings(value: Any) -> Iterator[str]:
    """Every string of a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield key
            yield from strings(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from strings(each)
