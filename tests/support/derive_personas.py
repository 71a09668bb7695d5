"""Cut the published synthetic charts down to the personas in fixtures/personas.

Run by hand, with the folder that holds the source bundles (see fixtures/README.md):
`.venv/bin/python -m tests.support.derive_personas FOLDER`. Nothing else uses it.
"""

import base64
import gzip
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PERSONAS = Path(__file__).parents[2] / "fixtures" / "personas"
KEEP_ENCOUNTERS = 30
LARGEST_PHOTO = 20_000  # characters of base64
DROP = {"Claim", "ExplanationOfBenefit", "Provenance", "Questionnaire", "QuestionnaireResponse"}
ALWAYS = {"Patient", "AllergyIntolerance", "RelatedPerson", "FamilyMemberHistory", "Device"}
DIRECTORY = {"Practitioner", "PractitionerRole", "Organization", "Location", "Medication"}
SOURCES = {
    "elisa": "sbf_Elisa944_Johnson679.json.gz",
    "michel": "Michel_Bogan_274adb5d-0bbb-4893-ab3b-8b490fece9b8.json.gz",
    "pearly": "Pearly_Schuster_b4369539-94f8-44ef-9d70-e941cfd7ec2c.json.gz",
    "jose-maria": "Jos__Mar_a_Casares_35f4e907-09d2-4a9d-8888-b9f8d860ce05.json.gz",
    "patricia": "PatriciaNoell_Everything.json.gz",
    "denis": "sbf_Denis399_Schmitt836.json",
    "karena": "sbf_Karena692_O_Keefe54.json.gz",
    "an": "sbf_An125_Champlin946.json.gz",
    "terrie": "Terrie907_Skiles927_1c5a49ea-fc04-456b-9d86-82d3e8f25ab1.json.gz",
    "vanesa": "Vanesa40_Grant908_c79d46db-3ba8-406a-8bc3-201509059978.json.gz",
    "luisa": "Luisa710_Carranza218_2feb4fc9-0b59-4d72-bc87-aafcf11083d9.json.gz",
    "cheryll": "Cheryll_Hegmann_4b696341-294b-450b-98ed-390d3c957bd3.json.gz",
    "wendell": "Wendell_Stanton_a64211bc-5bd9-40b7-b7d9-f0637b87e60d.json.gz",
}

_NUMBERED = re.compile(r"\b([A-ZÀ-Þ][a-zà-ÿ']+[A-Za-zà-ÿ']*)\d{1,3}\b")
_NOT_WORDS = {"id", "reference", "url", "system", "code", "fullUrl", "data"}

Resource = dict[str, Any]


def _read(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    bundle: dict[str, Any] = json.loads(raw.decode("utf-8"), parse_float=_Decimal)
    return bundle


class _Decimal(float):
    """A float that is written back with the digits it was read with."""

    def __new__(cls, text: str) -> "_Decimal":
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "reference" and isinstance(inner, str):
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _when(resource: Resource) -> str:
    period = resource.get("period") or {}
    return str(period.get("start") or "")


def _active(resource: Resource) -> bool:
    coding = (resource.get("clinicalStatus") or {}).get("coding") or [{}]
    return coding[0].get("code") == "active" or resource.get("status") == "active"


def _encounter(resource: Resource) -> str | None:
    reference = (resource.get("encounter") or {}).get("reference")
    if reference is None:
        context = resource.get("context") or {}
        listed = context.get("encounter") or []
        reference = listed[0].get("reference") if listed else None
    return reference


def _names(entry: Resource) -> set[str]:
    resource = entry["resource"]
    names = {f"{resource['resourceType']}/{resource.get('id')}"}
    if entry.get("fullUrl"):
        names.add(entry["fullUrl"])
    for identifier in resource.get("identifier") or []:
        key = f"{identifier.get('system')}|{identifier.get('value')}"
        names.add(f"{resource['resourceType']}?identifier={key}")
    return names


def derive(bundle: dict[str, Any]) -> list[Resource]:
    """Keep the newest encounters, what belongs to them, what is active, and who is named."""
    entries = [e for e in bundle["entry"] if e["resource"]["resourceType"] not in DROP]
    encounters = [e for e in entries if e["resource"]["resourceType"] == "Encounter"]
    encounters.sort(key=lambda entry: _when(entry["resource"]), reverse=True)
    kept_encounters = encounters[:KEEP_ENCOUNTERS]
    names = {name for entry in kept_encounters for name in _names(entry)}
    wanted = []
    for entry in entries:
        resource = entry["resource"]
        kind = resource["resourceType"]
        if kind == "Encounter":
            continue
        own = _encounter(resource)
        if kind in ALWAYS or kind in DIRECTORY or own is None or own in names:
            wanted.append(entry)
        elif kind in {"Condition", "MedicationRequest"} and _active(resource):
            wanted.append(entry)
            extra = [e for e in encounters if own in _names(e) and e not in kept_encounters]
            kept_encounters += extra
            names |= {name for e in extra for name in _names(e)}
    kept = wanted + kept_encounters
    used = {ref for e in kept for ref in _references(e["resource"])}
    known = {name for e in kept for name in _names(e)}
    kept = [e for e in kept if e["resource"]["resourceType"] not in DIRECTORY or _names(e) & used]
    for entry in kept:
        _cut_dangling(entry["resource"], known)
        _mend(entry["resource"])
    order = {id(entry): position for position, entry in enumerate(entries)}
    kept.sort(key=lambda entry: order[id(entry)])
    return [{k: _human(v) for k, v in e.items() if k in ("fullUrl", "resource")} for e in kept]


def _mend(resource: Resource) -> None:
    photos = [p for p in resource.pop("photo", []) if len(p.get("data", "")) <= LARGEST_PHOTO]
    if photos:
        resource["photo"] = photos
    if resource["resourceType"] == "MedicationRequest":
        resource.setdefault("intent", "order")
    notes = [note for note in resource.pop("note", []) if note.get("text")]
    if notes:
        resource["note"] = notes


def _cut_dangling(value: Any, known: set[str]) -> None:
    if isinstance(value, list):
        for inner in value:
            _cut_dangling(inner, known)
    if not isinstance(value, dict):
        return
    for key in list(value):
        inner = value[key]
        if isinstance(inner, list):
            value[key] = [item for item in inner if not _dangles(item, known)]
        if _dangles(inner, known) or value[key] == []:
            del value[key]
        else:
            _cut_dangling(inner, known)


def _dangles(value: Any, known: set[str]) -> bool:
    reference = value.get("reference") if isinstance(value, dict) else None
    return isinstance(reference, str) and not reference.startswith("#") and reference not in known


def _human(value: Any) -> Any:
    """Take the serial numbers off the generator's names: "Elisa944" becomes "Elisa"."""
    if isinstance(value, dict):
        if value.get("contentType", "").startswith("text/plain") and value.get("data"):
            text = base64.b64decode(value["data"]).decode("utf-8")
            data = base64.b64encode(_NUMBERED.sub(r"\1", text).encode("utf-8")).decode("ascii")
            return {**value, "data": data}
        return {key: inner if key in _NOT_WORDS else _human(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_human(inner) for inner in value]
    return _NUMBERED.sub(r"\1", value) if isinstance(value, str) else value


def _write(path: Path, entries: list[Resource]) -> int:
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    body = json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as out:
        out.write(body)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed.getvalue())
    return len(packed.getvalue())


def main(folder: Path) -> None:
    """Write chart.json.gz for each derived persona and say how large it became."""
    for name, source in SOURCES.items():
        entries = derive(_read(folder / source))
        size = _write(PERSONAS / name / "chart.json.gz", entries)
        sys.stdout.write(f"{name}: {len(entries)} resources, {size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
