"""Who and what a clinical document names in its header and beside its entries.

None of this is sent. It is handed on as FHIR-like resources so that the same names, numbers,
phones and addresses are known identifiers of the case wherever they stand: in the narrative of
this document, in other notes, in the doctor's question. Spec: deid.md 0.2, 5.22.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from lxml import etree

from deid.markup.blocks import local
from deid.markup.clinical_document import ClinicalDocument, child, children

Resource = dict[str, Any]  # FHIR JSON: any shape

_DATE: Final = re.compile(r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2}))?)?")
_RELATIVE_CLASSES: Final = frozenset({"NOK", "PRS", "ECON", "GUAR", "GUARD", "CAREGIVER", "CON"})
_LINES: Final = frozenset({"streetaddressline", "streetname", "housenumber", "additionallocator"})
_SYSTEMS: Final = (("mailto:", "email"), ("http:", "url"), ("https:", "url"), ("ftp:", "url"))
_PHONE: Final = re.compile(r"(?:tel|fax|sms|callto|x-text-fax|x-text-tel|phone):[ ]{0,3}", re.I)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_MAX_VALUE: Final = 300
_MIN_NUMBER: Final = 3
"""Shorter numbers ("1") are counters of a sample system and stand everywhere."""
_PLACE_CLASS: Final = "SDLOC"


def identity_of(document: ClinicalDocument) -> list[Resource]:
    """Return who and what the document names: the patient, people, organizations, places, ids.

    Resources have the shape of FHIR R4 and no id of their own. The patient comes first; in
    another role (as author, as holder of the policy) the patient is not named again.
    """
    patients = list(_patients(document.root))
    found = {repr(each): each for each in patients}
    own = [name for patient in patients for name in patient.get("name", [])]
    for item in document.root.iter():
        reader = _ROLES.get(local(item))
        for each in reader(item) if reader is not None else ():
            same = any(name in own for name in _listed(each.get("name")))
            made = {**each, "resourceType": "Patient"} if same else each
            found.setdefault(repr(made), made)
    numbers = _document_numbers(document.root)
    if numbers:
        found[""] = {"resourceType": "Encounter", "identifier": numbers}
    return list(found.values())


def _listed(names: Any) -> list[Any]:
    return names if type(names) is list else []


def _patients(root: etree._Element) -> Iterator[Resource]:
    for target in children(root, "recordTarget"):
        for role in children(target, "patientRole"):
            yield _patient(role)


def _patient(role: etree._Element) -> Resource:
    made = _contact_points(role)
    person = child(role, "patient")
    if person is None:
        return {"resourceType": "Patient", **made}
    made["identifier"] = [*made.get("identifier", []), *_identifiers(person)]
    made["name"] = _names(person)
    born = child(person, "birthTime")
    date = _date(born.get("value")) if born is not None else None
    if date is not None:
        made["birthDate"] = date
    gender = child(person, "administrativeGenderCode")
    code = (gender.get("code") or "") if gender is not None else ""
    if code in ("F", "M"):
        made["gender"] = {"F": "female", "M": "male"}[code]
    for birthplace in children(person, "birthplace"):
        for place in children(birthplace, "place"):
            made["address"] = [*made.get("address", []), *_addresses(place)]
    return {"resourceType": "Patient", **made}


def _clinician(role: etree._Element) -> Iterator[Resource]:
    yield from _person(role, "Practitioner")


def _relative(role: etree._Element) -> Iterator[Resource]:
    yield from _person(role, "RelatedPerson")


def _associated(role: etree._Element) -> Iterator[Resource]:
    relative = (role.get("classCode") or "") in _RELATIVE_CLASSES
    yield from _person(role, "RelatedPerson" if relative else "Practitioner")


def _person(role: etree._Element, kind: str) -> Iterator[Resource]:
    """Yield the person behind a role; the role's numbers and addresses are the person's."""
    made = _contact_points(role)
    names = [name for each in role if local(each) in _PERSONS for name in _names(each)]
    numbers = [number for each in role if local(each) in _PERSONS for number in _identifiers(each)]
    if names:
        made["name"] = names
    if numbers:
        made["identifier"] = [*made.get("identifier", []), *numbers]
    if made:
        yield {"resourceType": kind, **made}


def _organization(item: etree._Element) -> Iterator[Resource]:
    made = _contact_points(item)
    names = [words for each in children(item, "name") if (words := _words(each))]
    if names:
        made["name"] = names[0]
        made["alias"] = names[1:]
    if made:
        yield {"resourceType": "Organization", **made}


def _facility(item: etree._Element) -> Iterator[Resource]:
    """Yield a place of care: the facility of the stay, or a location beside an entry."""
    if local(item) == "participantrole" and item.get("classCode") != _PLACE_CLASS:
        return
    made = _contact_points(item)
    for each in item:
        if local(each) in ("location", "playingentity"):
            made.update(_contact_points(each))
            names = [words for name in children(each, "name") if (words := _words(name))]
            if names:
                made["name"] = names[0]
    if made:
        yield {"resourceType": "Location", **made}


def _contact_points(item: etree._Element) -> Resource:
    made: Resource = {}
    for key, values in (
        ("identifier", _identifiers(item)),
        ("telecom", _telecoms(item)),
        ("address", _addresses(item)),
    ):
        if values:
            made[key] = values
    return made


def _identifiers(item: etree._Element) -> list[Resource]:
    found = []
    for each in children(item, "id"):
        root, extension = (each.get("root") or "").strip(), (each.get("extension") or "").strip()
        if _MIN_NUMBER <= len(extension) <= _MAX_VALUE:
            found.append({"system": f"urn:oid:{root}", "value": extension})
        if _UUID.fullmatch(root):
            found.append({"system": "urn:ietf:rfc:3986", "value": root})
    return found


def _document_numbers(root: etree._Element) -> list[Resource]:
    """Return the numbers of the document, of the orders behind it and of the stay."""
    found = [*_identifiers(root)]
    for item in root.iter():
        if local(item) in _NUMBERED:
            found.extend(_identifiers(item))
            found.extend(_set_ids(item))
    found.extend(_set_ids(root))
    return found


def _set_ids(item: etree._Element) -> list[Resource]:
    values = ((each.get("extension") or "").strip() for each in children(item, "setId"))
    return [{"system": "urn:oid:", "value": value} for value in values if value]


def _names(item: etree._Element) -> list[Resource]:
    found: list[Resource] = []
    for name in children(item, "name"):
        if name.get("nullFlavor") is not None:
            continue
        given = [words for each in children(name, "given") if (words := _words(each))]
        family = [words for each in children(name, "family") if (words := _words(each))]
        if given or family:
            found.append({"given": given, "family": " ".join(family)})
        elif words := _words(name):
            found.append({"text": words})
    return found


def _telecoms(item: etree._Element) -> list[Resource]:
    found = []
    for each in children(item, "telecom"):
        value = (each.get("value") or "").strip()
        if not value or len(value) > _MAX_VALUE:
            continue
        lower = value.lower()
        system = next((name for start, name in _SYSTEMS if lower.startswith(start)), "")
        if not system:
            system = "email" if "@" in value else "phone"
        bare = value[len("mailto:") :] if lower.startswith("mailto:") else value
        found.append({"system": system, "value": _PHONE.sub("", bare, count=1)})
    return found


def _addresses(item: etree._Element) -> list[Resource]:
    found = []
    for each in children(item, "addr"):
        made: Resource = {}
        lines = [words for part in each if local(part) in _LINES and (words := _words(part))]
        for key, name in (("city", "city"), ("district", "county"), ("state", "state"),
                          ("postalCode", "postalCode"), ("country", "country")):  # fmt: skip
            part = child(each, name)
            if part is not None and (words := _words(part)):
                made[key] = words
        if not lines and not made and (words := _words(each)):
            made["text"] = words
        if lines:
            made["line"] = lines
        if made:
            found.append(made)
    return found


def _words(item: etree._Element) -> str:
    if item.get("nullFlavor") is not None:
        return ""
    return " ".join("".join(str(part) for part in item.itertext()).split())[:_MAX_VALUE]


def _date(value: str | None) -> str | None:
    match = _DATE.match(value or "")
    return "-".join(part for part in match.groups() if part) if match else None


_PERSONS: Final = frozenset(
    {"assignedperson", "relatedperson", "associatedperson", "guardianperson", "subject",
     "informationrecipient"}
)  # fmt: skip
_NUMBERED: Final = frozenset({"order", "parentdocument", "encompassingencounter", "consent"})
_ROLES: Final[Mapping[str, Callable[[etree._Element], Iterator[Resource]]]] = {
    "assignedauthor": _clinician,
    "assignedentity": _clinician,
    "intendedrecipient": _clinician,
    "guardian": _relative,
    "relatedentity": _relative,
    "relatedsubject": _relative,
    "associatedentity": _associated,
    "providerorganization": _organization,
    "representedorganization": _organization,
    "representedcustodianorganization": _organization,
    "receivedorganization": _organization,
    "scopingorganization": _organization,
    "wholeorganization": _organization,
    "serviceproviderorganization": _organization,
    "guardianorganization": _organization,
    "healthcarefacility": _facility,
    "participantrole": _facility,
}
