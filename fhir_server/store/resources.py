"""Load and save resource versions and their index rows; nothing here commits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fhir_server.errors import WriteConflict
from fhir_server.ports import Stored
from fhir_server.store.index_entry import IndexEntry
from fhir_server.store.resource_rows import HISTORY, INDEX, RESOURCE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Record:
    """A stored version together with its row number, which hosts never see."""

    pk: int
    stored: Stored = field(repr=False)


def to_millis(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    """Return the aware UTC time of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=millis)


def record_of(row: Row[Any]) -> Record:
    """Turn a row of fhir_resource into a frozen record."""
    return Record(
        pk=row.pk,
        stored=Stored(
            resource_type=row.resource_type,
            id=row.resource_id,
            version=row.version,
            updated=from_millis(row.updated),
            body=row.body.encode(),
            compartment=row.compartment,
            deleted=row.deleted,
        ),
    )


def load(session: Session, resource_type: str, resource_id: str) -> Record | None:
    """Load the current version, deleted or not; None when the id was never used."""
    row = session.execute(
        select(RESOURCE).where(
            RESOURCE.c.resource_type == resource_type, RESOURCE.c.resource_id == resource_id
        )
    ).one_or_none()
    return record_of(row) if row is not None else None


def load_versions(
    session: Session, current: Record, *, below: int | None = None, limit: int | None = None
) -> list[Stored]:
    """Load versions of one resource, newest first, of those below `below` at most `limit`."""
    versions = [] if below is not None and current.stored.version >= below else [current.stored]
    query = (
        select(HISTORY)
        .where(HISTORY.c.resource_pk == current.pk)
        .order_by(HISTORY.c.version.desc())
    )
    if below is not None:
        query = query.where(HISTORY.c.version < below)
    if limit is not None:
        query = query.limit(limit)
    versions += [_earlier(current.stored, row) for row in session.execute(query)]
    return versions if limit is None else versions[:limit]


def load_version(session: Session, current: Record, version: int) -> Stored | None:
    """Load one version of a resource, or None."""
    if version == current.stored.version:
        return current.stored
    row = session.execute(
        select(HISTORY).where(HISTORY.c.resource_pk == current.pk, HISTORY.c.version == version)
    ).one_or_none()
    return _earlier(current.stored, row) if row is not None else None


def _earlier(current: Stored, row: Row[Any]) -> Stored:
    return Stored(
        resource_type=current.resource_type,
        id=current.id,
        version=row.version,
        updated=from_millis(row.updated),
        body=row.body.encode(),
        compartment=row.compartment,
        deleted=row.deleted,
    )


def insert_new(session: Session, stored: Stored, entries: Iterable[IndexEntry]) -> Record:
    """Store the first version of a resource; raises `WriteConflict` when the id is taken."""
    try:
        pk = session.execute(
            insert(RESOURCE).returning(RESOURCE.c.pk), _resource_values(stored)
        ).scalar_one()
    except IntegrityError:
        raise WriteConflict() from None
    _insert_entries(session, pk, entries)
    return Record(pk=pk, stored=stored)


def replace(
    session: Session, current: Record, stored: Stored, entries: Iterable[IndexEntry]
) -> Record:
    """Store the next version; raises `WriteConflict` when another writer was faster."""
    before = current.stored
    done = session.execute(
        update(RESOURCE)
        .where(RESOURCE.c.pk == current.pk, RESOURCE.c.version == before.version)
        .values(_resource_values(stored))
    )
    # SQLAlchemy types an UPDATE's result as plain Result, which has no rowcount.
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise WriteConflict()
    session.execute(
        insert(HISTORY),
        {
            "resource_pk": current.pk,
            "version": before.version,
            "updated": to_millis(before.updated),
            "deleted": before.deleted,
            "compartment": before.compartment,
            "body": before.body.decode(),
        },
    )
    session.execute(delete(INDEX).where(INDEX.c.resource_pk == current.pk))
    _insert_entries(session, current.pk, entries)
    return Record(pk=current.pk, stored=stored)


def purge(session: Session, current: Record, stored: Stored) -> None:
    """Erase every body and index row of a resource, leaving a deleted version without content."""
    session.execute(delete(HISTORY).where(HISTORY.c.resource_pk == current.pk))
    session.execute(delete(INDEX).where(INDEX.c.resource_pk == current.pk))
    session.execute(
        update(RESOURCE).where(RESOURCE.c.pk == current.pk).values(_resource_values(stored))
    )


def bulk_insert(session: Session, items: Sequence[tuple[Stored, Sequence[IndexEntry]]]) -> None:
    """Store many new resources at once (seeding); raises `WriteConflict` when one exists."""
    for start in range(0, len(items), _BATCH):
        chunk = items[start : start + _BATCH]
        try:
            keys = session.execute(
                insert(RESOURCE).returning(RESOURCE.c.pk, sort_by_parameter_order=True),
                [_resource_values(stored) for stored, _ in chunk],
            ).scalars()
        except IntegrityError:
            raise WriteConflict() from None
        rows = [
            _entry_values(pk, entry)
            for pk, (_, entries) in zip(keys.all(), chunk, strict=True)
            for entry in entries
        ]
        if rows:
            session.execute(insert(INDEX), rows)


def replace_entries(session: Session, pk: int, entries: Iterable[IndexEntry]) -> None:
    """Write the index rows of one resource anew (after a change of definitions)."""
    session.execute(delete(INDEX).where(INDEX.c.resource_pk == pk))
    _insert_entries(session, pk, entries)


def load_after(session: Session, pk: int, *, limit: int) -> list[Record]:
    """Load current, undeleted resources in the order they were stored, after row `pk`."""
    rows = session.execute(
        select(RESOURCE)
        .where(RESOURCE.c.pk > pk, RESOURCE.c.deleted.is_(False))
        .order_by(RESOURCE.c.pk)
        .limit(limit)
    )
    return [record_of(row) for row in rows]


def run(session: Session, query: Select[Any]) -> list[Row[Any]]:
    """Run a compiled search and return its rows."""
    return list(session.execute(query))


def lock_condition(session: Session, key: int) -> None:
    """Let one writer at a time pass with this condition key (63 bits), until commit.

    SQLite needs nothing: a write transaction there already holds the only write lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def refresh_statistics(session: Session) -> None:
    """Let the planner count the rows; only a committed transaction keeps the result."""
    for table in (RESOURCE, HISTORY, INDEX):
        session.execute(text(f"ANALYZE {table.name}"))


def _insert_entries(session: Session, pk: int, entries: Iterable[IndexEntry]) -> None:
    rows = [_entry_values(pk, entry) for entry in entries]
    if rows:
        session.execute(insert(INDEX), rows)


def _resource_values(stored: Stored) -> Mapping[str, object]:
    return {
        "resource_type": stored.resource_type,
        "resource_id": stored.id,
        "version": stored.version,
        "updated": to_millis(stored.updated),
        "deleted": stored.deleted,
        "compartment": stored.compartment,
        "body": stored.body.decode(),
    }


def _entry_values(pk: int, entry: IndexEntry) -> Mapping[str, object]:
    return {
        "resource_pk": pk,
        "param": entry.param,
        "system": entry.system,
        "value": entry.value,
        "exact": entry.exact,
        "low": entry.low,
        "high": entry.high,
        "number": entry.number,
    }
