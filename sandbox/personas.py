"""Reads the personas in fixtures/personas: who they are, and their charts made ready to store.

One folder per persona: `persona.json` (what the persona shows, source, license, where the
patient lies), the chart (`chart.json`, one resource a line, or `chart.json.gz`), and notes
as plain text in `notes/` and pictures in `pictures/`, which attachments name by a relative
URL. `_hospital` holds the hospital itself with its doctors. fixtures/README.md lists every
persona.
"""

import base64
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from runtime import json_text
from sandbox import story_time
from sandbox.errors import PersonaBroken

HOSPITAL = "_hospital"
FOLDER = Path(__file__).parent.parent / "fixtures" / "personas"
_MAX_CHART = 20_000_000

Resource = dict[str, Any]  # Any: FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One synthetic patient: card data here, the chart by `chart()`."""

    name: str
    patient_id: str
    encounter_id: str
    listed: bool
    teaching: bool
    position: int
    ward: str
    bed: str
    reason: str
    code_status: str
    anchor: str | None
    admission_hours: int
    mrn: str
    shows: str
    source: str
    license: str
    canary_words: tuple[str, ...] = ()
    folder: Path = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One junior doctor of the sandbox hospital."""

    account_id: str
    practitioner_id: str
    name: str
    title: str
    ward: str


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One line of the hospital's roster: what no launch tells an app about a doctor."""

    practitioner_id: str
    role: str
    grade: str
    specialty: str
    region: str
    supervisor_id: str


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """List the personas by name, in the order of the patient list."""
    found = [path.parent.name for path in folder.glob("*/persona.json")]
    return tuple(sorted(found, key=lambda name: load(name, folder).position))


def load(name: str, folder: Path = FOLDER) -> Persona:
    """Read who a persona is."""
    path = folder / name / "persona.json"
    if not path.is_file():
        raise PersonaBroken(persona=name, rule="persona.json is missing")
    card = json_text.loads(path.read_bytes())
    card["canary_words"] = tuple(card.get("canary_words", ()))
    card.setdefault("admission_hours", 0)
    card.setdefault("mrn", "")
    try:
        return Persona(folder=path.parent, **card)
    except TypeError:
        raise PersonaBroken(persona=name, rule="persona.json has other fields") from None


def accounts(folder: Path = FOLDER) -> tuple[Account, ...]:
    """Read the doctors who can sign in."""
    rows = json_text.loads((folder / HOSPITAL / "accounts.json").read_bytes())
    return tuple(Account(**row) for row in rows)


def roster(folder: Path = FOLDER) -> tuple[Colleague, ...]:
    """Read what the hospital says about those doctors."""
    rows = json_text.loads((folder / HOSPITAL / "roster.json").read_bytes())
    return tuple(Colleague(**row) for row in rows)


def hospital(folder: Path = FOLDER) -> list[Resource]:
    """Read the hospital, its wards and its doctors."""
    return [entry["resource"] for entry in _entries(folder / HOSPITAL)]


def chart(persona: Persona, *, now: datetime) -> tuple[list[Resource], int]:
    """Return a persona's resources, ready to store, and how many whole days they moved.

    References by `urn:uuid:`, by full URL and by `Type?identifier=` become `Type/id`;
    notes and pictures are put into their attachments; a hand-written story is moved to `now`;
    a derived chart gets the admission and the record number that bring the patient to this
    hospital.
    """
    entries = list(_entries(persona.folder))
    resources = [entry["resource"] for entry in entries]
    index = {name: target for entry in entries for name, target in _names(entry)}
    birth = next((r.get("birthDate", "") for r in resources if _is_patient(r)), "")
    moved = story_time.STAY if persona.anchor is None else story_time.move(persona.anchor, now)
    ready = []
    for resource in resources:
        resolved = _resolve(resource, index)
        shifted = moved.resource(resolved)
        _fill_notes(shifted, persona, moved, birth)
        ready.append(_without_server_fields(shifted))
    if persona.anchor is None:
        ready.append(_admission(persona, now))
        for resource in ready:
            if _is_patient(resource):
                resource["identifier"] = [_number(persona), *resource.get("identifier", [])]
    if not any(_is_patient(r) and r["id"] == persona.patient_id for r in ready):
        raise PersonaBroken(persona=persona.name, rule="patient_id is not in the chart")
    return ready, moved.days


def _is_patient(resource: Resource) -> bool:
    return bool(resource["resourceType"] == "Patient")


def _entries(folder: Path) -> Iterator[Resource]:
    plain, packed = folder / "chart.json", folder / "chart.json.gz"
    if plain.is_file():
        body = plain.read_bytes()
    elif packed.is_file():
        body = gzip.decompress(packed.read_bytes())
    else:
        raise PersonaBroken(persona=folder.name, rule="chart is missing")
    yield from json_text.loads(body, max_bytes=_MAX_CHART)["entry"]


def _names(entry: Resource) -> Iterator[tuple[str, str]]:
    resource = entry["resource"]
    target = f"{resource['resourceType']}/{resource['id']}"
    yield target, target
    if entry.get("fullUrl"):
        yield entry["fullUrl"], target
    identifiers = resource.get("identifier") or []
    for identifier in identifiers if isinstance(identifiers, list) else [identifiers]:
        key = f"{identifier.get('system')}|{identifier.get('value')}"
        yield f"{resource['resourceType']}?identifier={key}", target


def _resolve(value: Any, index: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: index.get(inner, inner)
            if key == "reference" and isinstance(inner, str)
            else _resolve(inner, index)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_resolve(inner, index) for inner in value]
    return value


def _fill_notes(
    resource: Resource, persona: Persona, moved: story_time.StoryMove, birth: str
) -> None:
    for content in resource.get("content", ()) if _has_notes(resource) else ():
        attachment = content["attachment"]
        kind, _, name = str(attachment.get("url", "")).partition("/")
        if kind not in ("notes", "pictures"):
            continue
        path = persona.folder / kind / Path(name).name
        if not path.is_file():
            raise PersonaBroken(persona=persona.name, rule="a note file is missing")
        body = path.read_bytes()
        if kind == "notes":
            body = moved.text(body.decode("utf-8"), birth=birth).encode("utf-8")
        del attachment["url"]
        attachment["data"] = base64.b64encode(body).decode("ascii")


def _has_notes(resource: Resource) -> bool:
    return bool(resource["resourceType"] == "DocumentReference")


def _without_server_fields(resource: Resource) -> Resource:
    meta = {
        key: value
        for key, value in resource.get("meta", {}).items()
        if key not in ("versionId", "lastUpdated", "source")
    }
    resource.pop("meta", None)
    if meta:
        resource["meta"] = meta
    return resource


def _number(persona: Persona) -> Resource:
    return {
        "use": "usual",
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                    "code": "MR",
                    "display": "Medical record number",
                }
            ],
            "text": "Medical record number",
        },
        "system": "https://plainview.example/mrn",
        "value": persona.mrn,
    }


def _admission(persona: Persona, now: datetime) -> Resource:
    start = (now - timedelta(hours=persona.admission_hours)).replace(second=0, microsecond=0)
    return {
        "resourceType": "Encounter",
        "id": persona.encounter_id,
        "status": "in-progress",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "IMP",
            "display": "inpatient encounter",
        },
        "subject": {"reference": f"Patient/{persona.patient_id}"},
        "participant": [
            {
                "individual": {
                    "reference": "Practitioner/pvg-prac-bishop",
                    "display": "Oriel Bishop MD",
                }
            }
        ],
        "period": {"start": start.isoformat()},
        "reasonCode": [{"text": persona.reason}],
        "location": [{"location": {"display": f"{persona.ward}, bed {persona.bed}"}}],
        "serviceProvider": {
            "reference": "Organization/pvg-org-hospital",
            "display": "Plainview General Hospital",
        },
    }
