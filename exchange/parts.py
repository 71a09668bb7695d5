"""Small pieces that every message is made of: labels, codings, references, entries."""

import uuid
from collections.abc import Iterator, Mapping

from exchange import names
from exchange.errors import MessageUnreadable
from exchange.names import Resource


def meta(profile: str, *, test_data: bool) -> Resource:
    """Return `meta` with the profile and the security labels of de-identified content."""
    labels = [
        {"system": names.CS_CONFIDENTIALITY, "code": "N"},
        {"system": names.CS_OBSERVATION_VALUE, "code": "PSEUDED"},
        {"system": names.CS_ACT_CODE, "code": "NORELINK"},
        {"system": names.CS_ACT_REASON, "code": "TREAT"},
    ]
    if test_data:
        labels.append({"system": names.CS_ACT_REASON, "code": "HTEST"})
    return {"profile": [profile], "security": labels}


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """Return a CodeableConcept with one coding."""
    coding = {"system": system, "code": code}
    if display is not None:
        coding["display"] = display
    return {"coding": [coding]}


def specialty(code: str) -> Resource:
    """Return the CodeableConcept of a specialty with the display of our own table."""
    return concept(names.SNOMED, code, names.SPECIALTIES[code])


def member(member_id: str) -> Resource:
    """Return the logical reference to a member."""
    return {
        "type": "PractitionerRole",
        "identifier": {"system": names.SID_MEMBER, "value": member_id},
    }


def local_url(case_id: str, kind: str, n: int) -> str:
    """Return the `urn:uuid:` of an entry; the same facts always give the same one."""
    name = f"{names.BASE}/{names.identifier_value(case_id, kind, n)}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def create(full_url: str, resource: Resource, key: tuple[str, str] | None) -> Resource:
    """Return a transaction entry that creates a resource once (by its identifier)."""
    request = {"method": "POST", "url": str(resource["resourceType"])}
    if key is not None:
        request["ifNoneExist"] = f"identifier={key[0]}|{key[1]}"
    return {"fullUrl": full_url, "resource": resource, "request": request}


def update(base_url: str, resource: Resource, *, version: str) -> Resource:
    """Return a transaction entry that changes a resource if it is still at `version`."""
    place = f"{resource['resourceType']}/{resource['id']}"
    request = {"method": "PUT", "url": place, "ifMatch": f'W/"{version}"'}
    return {"fullUrl": f"{base_url}/{place}", "resource": resource, "request": request}


def code_of(concept_value: object, system: str) -> str | None:
    """Return the code of a CodeableConcept in this system, or None."""
    if not isinstance(concept_value, Mapping):
        return None
    for coding in concept_value.get("coding") or []:
        if isinstance(coding, Mapping) and coding.get("system") == system:
            code = coding.get("code")
            return code if isinstance(code, str) else None
    return None


def member_of(reference: object) -> str | None:
    """Return the member id of a logical reference, or None."""
    if not isinstance(reference, Mapping):
        return None
    identifier = reference.get("identifier")
    if isinstance(identifier, Mapping) and identifier.get("system") == names.SID_MEMBER:
        value = identifier.get("value")
        return value if isinstance(value, str) else None
    return None


def reference_of(value: object) -> str | None:
    """Return the literal reference of a Reference, or None."""
    if isinstance(value, Mapping) and isinstance(value.get("reference"), str):
        return str(value["reference"])
    return None


def resources(bundle: Resource, resource_type: str) -> Iterator[Resource]:
    """Walk the resources of one type in a Bundle's entries."""
    for entry in bundle.get("entry") or []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == resource_type:
            yield resource


def the_only(bundle: Resource, resource_type: str) -> Resource:
    """Return the one resource of a type; raises `MessageUnreadable` for none or several."""
    found = list(resources(bundle, resource_type))
    if len(found) != 1:
        raise MessageUnreadable(expression=f"Bundle.entry.resource.ofType({resource_type})")
    return found[0]


def task_entry(task: Resource, *, kind: str, code: str, place: str = "output") -> str | None:
    """Return the reference of a Task's input or output of this kind (the last one)."""
    system = names.CS_TASK_OUTPUT if place == "output" else names.CS_TASK_INPUT
    found = None
    for item in task.get(place) or []:
        if code_of(item.get("type"), system) == code:
            value = item.get(kind)
            found = reference_of(value) if kind == "valueReference" else value
    return found if isinstance(found, str) else None
