"""Contract checks of the nested snapshot: self-contained, and no place for an identity.

The receipt says that the hospital de-identified the content; this is the network's own
second look at the parts that would name somebody.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from exchange import names
from exchange.issues import Issue
from exchange.names import Resource
from exchange.picture_bytes import pixel_type

SNAPSHOT_TYPES = frozenset(
    {
        "AllergyIntolerance",
        "CarePlan",
        "CareTeam",
        "Communication",
        "Composition",
        "Condition",
        "Device",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "FamilyMemberHistory",
        "Goal",
        "ImagingStudy",
        "Immunization",
        "List",
        "Media",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
        "QuestionnaireResponse",
        "ServiceRequest",
        "Specimen",
    }
)
MAX_RESOURCES = 5_000
TEXT_TYPE = "text/plain; charset=utf-8"
_FILE_ELEMENTS = frozenset({"contentType", "data", "title", "language"})
_PATIENT_ELEMENTS = frozenset(
    {
        "resourceType",
        "gender",
        "birthDate",
        "_birthDate",
        "address",
        "communication",
        "deceasedBoolean",
        "deceasedDateTime",  # moved by the days of the case
        "multipleBirthBoolean",
        "extension",
    }
)
_ADDRESS_ELEMENTS = frozenset({"state", "country"})
_BANNED = frozenset({"name", "telecom", "contact", "photo", "identifier", "id", "meta"})
_YEAR = re.compile(r"\d{4}")


def check(snapshot: Resource, *, case_id: str, at: str) -> Iterator[Issue]:
    """Yield an issue for each way in which a snapshot breaks the contract."""
    yield from _frame(snapshot, case_id, at)
    entries = snapshot.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_RESOURCES:
        yield Issue(expression=f"{at}.entry", code="structure", rule="snapshot-entries")
        return
    urls: set[str] = set()
    for n, entry in enumerate(entries):
        place = f"{at}.entry[{n}]"
        if not isinstance(entry, dict) or set(entry) != {"fullUrl", "resource"}:
            yield Issue(expression=place, code="structure", rule="entry-parts")
            continue
        yield from _entry(entry, n, case_id, place, urls)
    yield from _files(entries, f"{at}.entry")
    prefix = f"{names.BASE}/case/"
    for place, reference in _references(entries, f"{at}.entry"):
        if not reference.startswith(prefix) or reference not in urls:
            yield Issue(expression=place, code="value", rule="reference-leaves-snapshot")


def _frame(snapshot: Resource, case_id: str, at: str) -> Iterator[Issue]:
    allowed = {"resourceType", "meta", "identifier", "type", "timestamp", "entry"}
    for name in snapshot:
        if name not in allowed:
            yield Issue(expression=f"{at}.{name}", code="structure", rule="element-not-in-contract")
    if snapshot.get("type") != "document":
        yield Issue(expression=f"{at}.type", code="value", rule="document")
    identifier = snapshot.get("identifier")
    pattern = rf"{re.escape(case_id)}\.snapshot\.[1-9]\d{{0,3}}"
    if (
        not isinstance(identifier, dict)
        or set(identifier) != {"system", "value"}
        or identifier["system"] != names.SID_SNAPSHOT
        or not re.fullmatch(pattern, str(identifier["value"]))
    ):
        yield Issue(expression=f"{at}.identifier", code="value", rule="value-not-admitted")


def _entry(entry: Resource, n: int, case_id: str, at: str, urls: set[str]) -> Iterator[Issue]:
    resource, url = entry["resource"], entry["fullUrl"]
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if kind not in SNAPSHOT_TYPES or (kind == "Composition") != (n == 0):
        yield Issue(
            expression=f"{at}.resource.resourceType", code="value", rule="type-not-admitted"
        )
        return
    pattern = rf"{re.escape(names.BASE)}/case/{case_id}/{kind}/[1-9]\d{{0,4}}"
    if not re.fullmatch(pattern, str(url)) or url in urls:
        yield Issue(expression=f"{at}.fullUrl", code="value", rule="value-not-admitted")
    urls.add(str(url))
    yield from _names_nobody(resource, f"{at}.resource")
    if kind == "Patient":
        yield from _patient(resource, f"{at}.resource")


def _patient(patient: Resource, at: str) -> Iterator[Issue]:
    for name in patient:
        if name not in _PATIENT_ELEMENTS:
            yield Issue(expression=f"{at}.{name}", code="business-rule", rule="identity")
    if "birthDate" in patient and not _YEAR.fullmatch(str(patient["birthDate"])):
        yield Issue(expression=f"{at}.birthDate", code="business-rule", rule="identity")
    for n, address in enumerate(patient.get("address") or []):
        for name in address if isinstance(address, dict) else ("",):
            if name not in _ADDRESS_ELEMENTS:
                yield Issue(
                    expression=f"{at}.address[{n}].{name}",
                    code="business-rule",
                    rule="identity",
                )


def _names_nobody(value: Any, at: str) -> Iterator[Issue]:
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _names_nobody(item, f"{at}[{n}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "contained":
                # A contained resource needs its id to be pointed at; nothing else is exempt.
                bare = [{k: v for k, v in one.items() if k != "id"} for one in item or []]
                yield from _names_nobody(bare, f"{at}.{name}")
            elif name in _BANNED:
                yield Issue(expression=f"{at}.{name}", code="business-rule", rule="identity")
            else:
                yield from _names_nobody(item, f"{at}.{name}")


def _files(value: Any, at: str) -> Iterator[Issue]:
    """Yield an issue for every file that is neither clean text nor bare pixels."""
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _files(item, f"{at}[{n}]")
    elif isinstance(value, dict):
        if "contentType" in value and not _may_travel(value):
            yield Issue(expression=at, code="value", rule="file-not-admitted")
        for name, item in value.items():
            yield from _files(item, f"{at}.{name}")


def _may_travel(attachment: Mapping[str, Any]) -> bool:
    """Tell whether a file is inline, of a type on the wire, and what it says it is."""
    if not set(attachment) <= _FILE_ELEMENTS or not isinstance(attachment.get("data"), str):
        return False
    try:
        body = base64.b64decode(attachment["data"], validate=True)
        if attachment["contentType"] == TEXT_TYPE:
            return bool(body.decode("utf-8"))
    except (binascii.Error, ValueError):
        return False
    return bool(pixel_type(body) == attachment["contentType"])


def _references(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _references(item, f"{at}[{n}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "reference" and isinstance(item, str):
                if not item.startswith("#"):
                    yield f"{at}.{name}", item
            else:
                yield from _references(item, f"{at}.{name}")
