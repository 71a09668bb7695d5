"""Many resources at once: seeding trusted data, and indexing anew."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from fhir_server.interactions import write
from fhir_server.ports import Stored
from fhir_server.search import index
from fhir_server.store import resources

Body = Mapping[str, Any]


def seed(
    session: Session, items: Iterable[Body], compartment_of: Callable[[Body], str], base_url: str
) -> int:
    """Store resources under the ids they have, as their first versions; returns how many."""
    when = write.moment()
    rows = []
    for resource in items:
        resource_id = str(resource["id"])
        stored = Stored(
            resource_type=str(resource["resourceType"]),
            id=resource_id,
            version=1,
            updated=when,
            body=write.version_of(resource, resource_id, 1, when),
            compartment=compartment_of(resource),
        )
        rows.append((stored, index.entries_of(resource, base_url)))
    resources.bulk_insert(session, rows)
    return len(rows)


def reindex(session: Session, base_url: str) -> int:
    """Write the index rows of every current resource anew; returns how many resources."""
    done, after = 0, 0
    while records := resources.load_after(session, after, limit=500):
        for record in records:
            entries = index.entries_of(record.stored.resource, base_url)
            resources.replace_entries(session, record.pk, entries)
        done += len(records)
        after = records[-1].pk
    return done
