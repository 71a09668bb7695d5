"""Charts to measure with: those of a folder, and one large one made of fixtures."""

import base64
import copy
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from deid.pipeline import CaseInput

ROOT: Final = Path(__file__).resolve().parents[2]
NOTES: Final = ROOT / "fixtures" / "deid" / "notes.jsonl"
PERSONAS: Final = ROOT / "fixtures" / "personas"
QUESTION: Final = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_LARGE: Final = 3_000_000
_NOTES_IN_LARGE: Final = 120

Resource = dict[str, Any]  # FHIR JSON


def encode(value: Any) -> bytes:
    """Write JSON as the room does, decimals as they were."""
    return _ENCODER.encode(value)


def decode(body: bytes) -> Any:
    """Parse JSON as the room does, decimals kept."""
    return _DECODER.decode(body)


def bodies(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every FHIR bundle below a path that holds exactly one Patient."""
    files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    for file in files:
        raw = file.read_bytes()
        body = gzip.decompress(raw) if file.suffix == ".gz" else raw
        try:
            resources = resources_of(decode(body))
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError):
            continue
        if sum(each.get("resourceType") == "Patient" for each in resources) == 1:
            yield file.name, body


def resources_of(bundle: Any) -> list[Resource]:
    """Return the resources of a bundle, the Patient first."""
    found = [entry["resource"] for entry in bundle.get("entry", []) if "resource" in entry]
    return sorted(found, key=lambda each: each.get("resourceType") != "Patient")


def case(resources: list[Resource]) -> CaseInput:
    """Return the case of a whole chart."""
    return CaseInput(
        case_id="abcdefghijklmnopqrstuvwxyz",
        case_key=bytes(range(32)),
        question_time=QUESTION,
        resources=tuple(resources),
        identity_resources=tuple(resources),
        texts={},
    )


def large() -> bytes:
    """Return a chart of 3 MB with 120 notes: one persona's resources over and over."""
    chart = decode((PERSONAS / "ivo" / "chart.json").read_bytes())
    own = resources_of(chart)
    patient = {"reference": f"Patient/{own[0]['id']}"}
    made = [own[0], *(_note(text, n, patient) for n, text in enumerate(_texts()))]
    size = sum(len(encode(each)) for each in made)
    number = 0
    while size < _LARGE:
        for resource in own[1:]:
            number += 1
            again = copy.deepcopy(resource)
            again["id"] = f"copy-{number}"
            made.append(again)
            size += len(encode(again))
    entries = [{"resource": each} for each in made]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return encode(bundle)


def _texts() -> list[str]:
    lines = NOTES.read_text(encoding="utf-8").splitlines()
    texts = [str(json.loads(line)["text"]) for line in lines]
    return [texts[n % len(texts)] for n in range(_NOTES_IN_LARGE)]


def _note(text: str, number: int, patient: Resource) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": f"note-{number}",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": patient,
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "data": base64.b64encode(f"Note {number}. {text}".encode()).decode("ascii"),
                }
            }
        ],
    }
