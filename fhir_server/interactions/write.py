"""create, update and delete of one resource, with their conditions.

Spec: FHIR R4, RESTful API; spec/wire.md 0.5 and 0.8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_server import conditions, references
from fhir_server.conditions import Condition
from fhir_server.context import Call
from fhir_server.errors import (
    Forbidden,
    InteractionUnsupported,
    Issue,
    RequestInvalid,
    ResourceGone,
    ResourceInvalid,
    UnknownResource,
    VersionConflict,
)
from fhir_server.ports import Grant, Interaction, Stored
from fhir_server.search import index
from fhir_server.store import resources
from fhir_server.store.resources import Record
from fhir_server.structure.check import check
from runtime import clock, json_text, tokens

Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Written:
    """The result of a write; `created` is False for an update or an existing match."""

    stored: Stored
    created: bool


def create(call: Call, resource: Body, *, if_none_exist: str | None = None) -> Written:
    """Store a new resource, or return the one that `if_none_exist` already matches."""
    resource_type = type_of(resource)
    condition = condition_of(call, resource_type, if_none_exist)
    check(resource, resource_type=resource_type)
    grant = call.authorize(
        Interaction(kind="create", resource_type=resource_type, proposed=resource)
    )
    if condition is not None:
        existing = conditions.match(call, condition, grant)
        if existing is not None:
            return Written(stored=existing.stored, created=False)
    return Written(
        stored=_insert(call, resource, tokens.new_uuid(), grant, kind="create"), created=True
    )


def create_checked(call: Call, resource: Body, new_id: str) -> Written:
    """Store a new resource of a transaction, checked before, under the id it was given there."""
    grant = call.authorize(
        Interaction(kind="create", resource_type=str(resource["resourceType"]), proposed=resource)
    )
    return Written(stored=_insert(call, resource, new_id, grant, kind="create"), created=True)


def update(call: Call, resource: Body, *, if_match: int | None = None) -> Written:
    """Store the next version; raises `VersionConflict` when `if_match` is not the current one."""
    check(resource, resource_type=type_of(resource))
    return update_checked(call, resource, if_match=if_match)


def update_checked(call: Call, resource: Body, *, if_match: int | None = None) -> Written:
    """Do the same with a resource that was checked before."""
    resource_type = type_of(resource)
    resource_id = str(resource.get("id", ""))
    if not references.ID_PATTERN.fullmatch(resource_id):
        raise RequestInvalid(
            issues=[Issue(code="value", expression=f"{resource_type}.id", rule="id is required")]
        )
    record = resources.load(call.session, resource_type, resource_id)
    current = None if record is None or record.stored.deleted else record.stored.resource
    grant = call.authorize(
        Interaction(
            kind="update",
            resource_type=resource_type,
            resource_id=resource_id,
            current=current,
            proposed=resource,
        )
    )
    support = call.context.types[resource_type]
    if record is not None:
        call.check_visible(record, grant)
    _check_version(record, if_match, required=support.require_if_match and record is not None)
    if record is None or record.stored.deleted:
        if not support.allow_update_as_create:
            raise _no_client_ids() if record is None else ResourceGone()
        if record is None:
            stored = _insert(call, resource, resource_id, grant, kind="update")
            return Written(stored=stored, created=True)
    return Written(stored=_replace(call, record, resource, grant), created=record.stored.deleted)


def delete(
    call: Call, resource_type: str, resource_id: str, *, if_match: int | None = None
) -> Stored:
    """Mark a resource as deleted; deleting it again changes nothing."""
    record = resources.load(call.session, resource_type, resource_id)
    current = None if record is None or record.stored.deleted else record.stored.resource
    interaction = Interaction(
        kind="delete", resource_type=resource_type, resource_id=resource_id, current=current
    )
    grant = call.authorize(interaction)
    if record is None:
        raise UnknownResource()
    call.check_visible(record, grant)
    _check_version(record, if_match, required=False)
    if record.stored.deleted:
        return record.stored
    for hook in call.context.hooks:
        hook.before_write(call.session, call.caller, interaction)
    gone = tombstone(record.stored)
    resources.replace(call.session, record, gone, ())
    return gone


def tombstone(stored: Stored) -> Stored:
    """Return the version that says "deleted" and holds nothing."""
    return Stored(
        resource_type=stored.resource_type,
        id=stored.id,
        version=stored.version + 1,
        updated=moment(stored),
        body=b"",
        compartment=stored.compartment,
        deleted=True,
    )


def type_of(resource: Any) -> str:
    """Return the resource type that a body claims to be, or raise `ResourceInvalid`."""
    found = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if not isinstance(found, str) or not references.TYPE_PATTERN.fullmatch(found):
        raise ResourceInvalid(
            issues=[Issue(code="structure", expression="resourceType", rule="missing or malformed")]
        )
    return found


def condition_of(call: Call, resource_type: str, text: str | None) -> Condition | None:
    """Read an If-None-Exist text."""
    if text is None:
        return None
    base = call.context.base_url
    return conditions.read_condition(text, resource_type, base, "http.if-none-exist")


def moment(before: Stored | None = None) -> datetime:
    """Return now in whole milliseconds, never before the version that is replaced."""
    now = resources.from_millis(resources.to_millis(clock.now()))
    return max(now, before.updated) if before is not None else now


def version_of(resource: Body, resource_id: str, version: int, when: datetime) -> bytes:
    """Return the text that is stored: id and meta are the server's, all else as received."""
    given = resource.get("meta")
    meta = dict(given) if isinstance(given, Mapping) else {}
    meta |= {"versionId": str(version), "lastUpdated": instant(when)}
    head = {"resourceType": resource["resourceType"], "id": resource_id, "meta": meta}
    rest = {name: item for name, item in resource.items() if name not in head}
    return json_text.dumps(head | rest)


def instant(when: datetime) -> str:
    """Return a FHIR instant in UTC with milliseconds."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def _insert(call: Call, resource: Body, resource_id: str, grant: Grant, *, kind: str) -> Stored:
    interaction = Interaction(
        kind="create" if kind == "create" else "update",
        resource_type=str(resource["resourceType"]),
        resource_id=resource_id,
        proposed=resource,
    )
    stored = _next_version(call, interaction, grant, before=None)
    entries = index.entries_of(resource, call.context.base_url)
    call.check_written(resources.insert_new(call.session, stored, entries), grant)
    return stored


def _replace(call: Call, record: Record, resource: Body, grant: Grant) -> Stored:
    before = record.stored
    interaction = Interaction(
        kind="update",
        resource_type=before.resource_type,
        resource_id=before.id,
        current=None if before.deleted else before.resource,
        proposed=resource,
    )
    stored = _next_version(call, interaction, grant, before=before)
    entries = index.entries_of(resource, call.context.base_url)
    call.check_written(resources.replace(call.session, record, stored, entries), grant)
    return stored


def _next_version(
    call: Call, interaction: Interaction, grant: Grant, *, before: Stored | None
) -> Stored:
    resource = interaction.proposed or {}
    resource_id = interaction.resource_id or ""
    compartment = call.context.policy.compartment_of(call.caller, resource)
    if grant.compartments is not None and compartment not in grant.compartments:
        raise Forbidden()
    for hook in call.context.hooks:
        hook.before_write(call.session, call.caller, interaction)
    version = before.version + 1 if before is not None else 1
    when = moment(before)
    return Stored(
        resource_type=str(resource["resourceType"]),
        id=resource_id,
        version=version,
        updated=when,
        body=version_of(resource, resource_id, version, when),
        compartment=compartment,
    )


def _check_version(record: Record | None, if_match: int | None, *, required: bool) -> None:
    if if_match is None and not required:
        return
    if record is None or record.stored.version != if_match:
        raise VersionConflict()


def _no_client_ids() -> InteractionUnsupported:
    return InteractionUnsupported(
        issues=[Issue(code="not-supported", rule="the server gives out ids: use create")]
    )


def purge(call: Call, resource_type: str, resource_id: str) -> Stored:
    """Erase the content of every version; raises `UnknownResource` when there is none."""
    record = resources.load(call.session, resource_type, resource_id)
    grant = call.authorize(
        Interaction(kind="delete", resource_type=resource_type, resource_id=resource_id)
    )
    if record is None:
        raise UnknownResource()
    if grant.compartments is not None and record.stored.compartment not in grant.compartments:
        raise UnknownResource()
    gone = tombstone(record.stored)
    resources.purge(call.session, record, gone)
    return gone
