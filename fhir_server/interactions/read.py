"""read, vread and history of one resource. Spec: FHIR R4, RESTful API."""

from dataclasses import dataclass, field

from fhir_server.context import Call, within
from fhir_server.errors import ResourceGone, UnknownResource
from fhir_server.ports import Grant, Interaction, InteractionKind, Stored
from fhir_server.store import resources
from fhir_server.store.resources import Record


@dataclass(frozen=True, kw_only=True)
class Versions:
    """One page of a history, newest first; `more_below` names where the next page starts."""

    versions: tuple[Stored, ...] = field(repr=False)
    total: int
    more_below: int | None
    grant: Grant = field(repr=False)


def read(call: Call, resource_type: str, resource_id: str) -> Stored:
    """Return the current version; raises `UnknownResource` or `ResourceGone`."""
    record, _ = _found(call, "read", resource_type, resource_id)
    if record.stored.deleted:
        raise ResourceGone()
    return record.stored


def vread(call: Call, resource_type: str, resource_id: str, version: str) -> Stored:
    """Return one version; raises `UnknownResource`, or `ResourceGone` for a deletion."""
    record, grant = _found(call, "vread", resource_type, resource_id)
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    stored = resources.load_version(call.session, record, number)
    if stored is None or not _may_see(stored, record, grant):
        raise UnknownResource()
    if stored.deleted:
        raise ResourceGone()
    return stored


def history(
    call: Call, resource_type: str, resource_id: str, *, below: int | None, limit: int
) -> Versions:
    """Return versions newest first, those under `below` only, at most `limit` of them."""
    record, grant = _found(call, "history", resource_type, resource_id)
    loaded = resources.load_versions(call.session, record, below=below, limit=limit + 1)
    shown = [stored for stored in loaded[:limit] if _may_see(stored, record, grant)]
    more = loaded[limit - 1].version if len(loaded) > limit else None
    total = record.stored.version if not grant.constraints else len(shown)
    return Versions(versions=tuple(shown), total=total, more_below=more, grant=grant)


def _found(
    call: Call, kind: InteractionKind, resource_type: str, resource_id: str
) -> tuple[Record, Grant]:
    record = resources.load(call.session, resource_type, resource_id)
    current = None if record is None or record.stored.deleted else record.stored.resource
    grant = call.authorize(
        Interaction(
            kind=kind, resource_type=resource_type, resource_id=resource_id, current=current
        )
    )
    if record is None:
        raise UnknownResource()
    call.check_visible(record, grant)
    return record, grant


def _may_see(stored: Stored, current: Record, grant: Grant) -> bool:
    # Constraints are answered by the index, which knows the current version only: an earlier
    # one might not meet them, so it stays hidden.
    if grant.constraints and stored.version != current.stored.version:
        return False
    return within(stored, grant)
