"""Charts of other FHIR releases, as they are kept in fixtures/versions."""

import gzip
from pathlib import Path
from typing import Any

from fhir_adapters.release import Release
from runtime import json_text

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "versions"
_FILES = {
    Release.DSTU2: ("dstu2.json", "dstu2_synthea.json.gz"),
    Release.STU3: ("stu3.json", "stu3_synthea.json.gz"),
    Release.R5: (
        "r5.json",
        "r5_bloodglucose.json",
        "r5_careplan.json",
        "r5_documentreference.json",
        "r5_organization.json",
    ),
}


def samples(release: Release) -> list[dict[str, Any]]:
    """Return the resources of others' sample charts."""
    found: list[dict[str, Any]] = []
    for name in _FILES[release]:
        content = (FOLDER / name).read_bytes()
        content = gzip.decompress(content) if name.endswith(".gz") else content
        value: Any = json_text.loads(content.removeprefix(b"\xef\xbb\xbf"), max_bytes=1_000_000)
        entries = value.get("entry") if value["resourceType"] == "Bundle" else [{"resource": value}]
        found.extend(entry["resource"] for entry in entries)
    return found


def each_type(release: Release) -> list[dict[str, Any]]:
    """Return the hand-written resources, one or two of each type of a chart."""
    lines = (FOLDER / f"{release.lower()}_each_type.ndjson").read_bytes().splitlines()
    return [json_text.loads(line) for line in lines]


def the(release: Release, key: str) -> dict[str, Any]:
    """Return one hand-written resource by `Type/id`."""
    return next(r for r in each_type(release) if f"{r['resourceType']}/{r['id']}" == key)
