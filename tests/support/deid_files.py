"""Files for the tests of `confer deid`: small charts of made-up people, as EHRs export them."""

import json
from pathlib import Path
from typing import Any

Resource = dict[str, Any]  # FHIR JSON

#: what must not be printed or leave; each stands in `chart()`
SECRETS = ("Marrowby", "Adela", "40417731", "Tidewater", "617-555-0142")
SAY = "Adela Marrowby phoned from 617-555-0142 on 2024-03-01."


def patient(own_id: str = "p1", family: str = "Marrowby", given: str = "Adela") -> Resource:
    """A patient with a name, a record number and an address."""
    return {
        "resourceType": "Patient",
        "id": own_id,
        "identifier": [{"system": "https://hospital.example/mrn", "value": "40417731"}],
        "name": [{"family": family, "given": [given]}],
        "birthDate": "1961-04-05",
        "address": [{"line": ["18 Tidewater Lane"], "state": "OR"}],
    }


def condition(note: str, own_id: str = "c1", about: str = "Patient/p1") -> Resource:
    """A diagnosis with a note."""
    return {
        "resourceType": "Condition",
        "id": own_id,
        "subject": {"reference": about},
        "code": {"text": "Hyperkalemia"},
        "onsetDateTime": "2024-02-27",
        "note": [{"text": note}],
    }


def bundle(*resources: Resource) -> Resource:
    """A collection of resources."""
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def chart() -> Resource:
    """The chart that holds all secrets."""
    return bundle(patient(), condition(SAY))


def held() -> Resource:
    """A chart that the last check holds back: a name behind an encoding of its own."""
    return bundle(patient(), condition("see portal%2FMarr%6Fwby"))


def write(path: Path, *values: Any) -> Path:
    """Write one JSON value, or one a line."""
    path.write_text("\n".join(json.dumps(each) for each in values), encoding="utf-8")
    return path
