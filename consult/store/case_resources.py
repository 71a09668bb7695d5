"""A case's FHIR resources through the engine: the one source of truth about its state."""

from collections.abc import Mapping
from typing import Any

from consult.domain.callers import OFFERS, NetworkCaller, NetworkReader, compartment_of
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import names, parts
from exchange.canonical import identifier_of
from exchange.clarification import ThreadPlace
from exchange.names import Resource
from fhir_server.errors import ResourceGone, UnknownResource
from fhir_server.ports import Stored

_READER = NetworkReader()
_OFFERS = NetworkCaller(compartment=OFFERS)
OPEN_STATUSES = "requested,received,accepted,in-progress,on-hold"


def load_task(unit: Unit, task_id: str) -> Stored:
    """Return the case Task."""
    return unit.engine.read(unit.session, "Task", task_id, caller=_READER)


def save_task(unit: Unit, tenant_id: str, task: Resource, *, version: int) -> Stored:
    """Store the Task's next version; raises the engine's conflict when it changed meanwhile."""
    return unit.engine.update(unit.session, task, caller=writer(tenant_id), if_match=version)


def writer(tenant_id: str) -> NetworkCaller:
    """Return the caller that writes into a hospital's compartment and nowhere else."""
    return NetworkCaller(compartment=compartment_of(tenant_id))


def read(unit: Unit, resource_type: str, resource_id: str) -> Stored:
    """Return any resource, for the network's own use."""
    return unit.engine.read(unit.session, resource_type, resource_id, caller=_READER)


def read_of_tenant(
    unit: Unit, tenant_id: str, resource_type: str, resource_id: str
) -> Stored | None:
    """Return a resource of one hospital, or None when it is not theirs."""
    try:
        return unit.engine.read(unit.session, resource_type, resource_id, caller=writer(tenant_id))
    except (UnknownResource, ResourceGone):
        return None


def save(unit: Unit, tenant_id: str, resource: Resource, version: int) -> Stored:
    """Store the next version of a resource of one hospital."""
    return unit.engine.update(unit.session, resource, caller=writer(tenant_id), if_match=version)


def create(unit: Unit, tenant_id: str, resource: Resource) -> Stored:
    """Store a new resource of one hospital, once by its identifier."""
    identifier = identifier_of(resource)
    condition = f"identifier={identifier[0]}|{identifier[1]}" if identifier else None
    return unit.engine.create(
        unit.session,
        with_member_references(resource),
        caller=writer(tenant_id),
        if_none_exist=condition,
    )


def transact(unit: Unit, tenant_id: str, bundle: Mapping[str, Any]) -> Resource:
    """Carry out a transaction in a hospital's compartment; members get our own reference."""
    return unit.engine.transaction(
        unit.session, with_member_references(bundle), caller=writer(tenant_id)
    )


def with_member_references(value: Any) -> Any:
    """Return the content with `reference` beside each member's identifier.

    The canonical form does not see the difference. Nested snapshots hold no members.
    """
    # Any: FHIR JSON of any shape.
    if isinstance(value, list):
        return [with_member_references(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    member = parts.member_of(value)
    if member is not None and value.get("type") == "PractitionerRole":
        return {**value, "reference": f"PractitionerRole/{member}"}
    return {name: with_member_references(item) for name, item in value.items()}


def member_reference(member_id: str) -> Resource:
    """Return the reference to a member with our own address beside the identifier."""
    return {**parts.member(member_id), "reference": f"PractitionerRole/{member_id}"}


def thread(unit: Unit, task_id: str) -> tuple[Stored, ...]:
    """Return all messages of a case, oldest first."""
    found = unit.engine.search(
        unit.session,
        "Communication",
        [("part-of", f"Task/{task_id}"), ("_sort", "sent")],
        caller=_READER,
    )
    return found.matches


def place_in_thread(
    unit: Unit, place: CasePlace, task: Stored, messages: tuple[Stored, ...]
) -> ThreadPlace:
    """Return where the next message of a case goes: it answers the last one."""
    last = messages[-1]
    key = identifier_of(last.resource)
    return ThreadPlace(
        base_url=unit.engine.base_url,
        task=task.resource,
        request_key=(names.SID_REQUEST, names.identifier_value(place.case_id, "request", 1)),
        subject_key=(names.SID_SUBJECT, names.identifier_value(place.case_id, "subject", 1)),
        answers=last.reference,
        answers_key=key if key is not None else ("", ""),
        message_n=len(messages) + 1,
    )


def known_references(place: CasePlace, messages: tuple[Stored, ...]) -> dict[str, tuple[str, str]]:
    """Map the references of a case's stored resources to their business identifiers."""

    def key(system: str, kind: str) -> tuple[str, str]:
        return system, names.identifier_value(place.case_id, kind, 1)

    known = {
        f"Task/{place.task_id}": key(names.SID_TASK, "task"),
        f"ServiceRequest/{place.request_id}": key(names.SID_REQUEST, "request"),
        f"Patient/{place.subject_id}": key(names.SID_SUBJECT, "subject"),
        f"Bundle/{place.snapshot_id}": key(names.SID_SNAPSHOT, "snapshot"),
    }
    for message in messages:
        identifier = identifier_of(message.resource)
        if identifier is not None:
            known[message.reference] = identifier
    return known


def snapshots(unit: Unit, task: Resource) -> list[Resource]:
    """Return the snapshots of a case, the question's first, addenda after it."""
    found = []
    for item in task.get("input") or []:
        if parts.code_of(item.get("type"), names.CS_TASK_INPUT) == "snapshot":
            reference = parts.reference_of(item.get("valueReference")) or ""
            kind, _, identity = reference.partition("/")
            if kind == "Bundle" and identity:
                found.append(read(unit, "Bundle", identity).resource)
    return found


def offers_of(unit: Unit, task_id: str) -> tuple[Stored, ...]:
    """Return all offers of a case, settled ones included."""
    found = unit.engine.search(
        unit.session, "Task", [("part-of", f"Task/{task_id}")], caller=_OFFERS
    )
    return found.matches


def add_offer(unit: Unit, offer: Resource) -> None:
    """Store an offer; no hospital can see it."""
    unit.engine.create(unit.session, offer, caller=_OFFERS)


def save_offer(unit: Unit, offer: Resource, *, version: int) -> None:
    """Store an offer's next version."""
    unit.engine.update(unit.session, offer, caller=_OFFERS, if_match=version)


def tasks_around(unit: Unit, member_id: str) -> tuple[list[Stored], list[Stored]]:
    """Return (my open offers and my cases, the case Tasks that the offers belong to).

    Two statements. Newest changes first, at most 300.
    """
    found = unit.engine.search(
        unit.session,
        "Task",
        [
            ("owner", f"PractitionerRole/{member_id}"),
            ("status", "requested,accepted,in-progress,on-hold,completed"),
            ("_include", "Task:part-of"),
            ("_sort", "-_lastUpdated"),
            ("_count", "300"),
        ],
        caller=_READER,
    )
    return list(found.matches), [one for one in found.includes if one.resource_type == "Task"]


def open_tasks(unit: Unit) -> tuple[Stored, ...]:
    """Return every case Task that is not finished (for the timers)."""
    found = unit.engine.search(
        unit.session,
        "Task",
        [
            ("status", OPEN_STATUSES),
            ("code", f"{names.CS_FHIR_TASK}|fulfill"),
            ("intent", "order"),
        ],
        caller=_READER,
    )
    return found.matches
