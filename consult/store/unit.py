"""One unit of work: a database session with the FHIR engine, opened once per use case.

Services open it and pass it on; store functions use what is inside. Nothing else commits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from runtime.database import Database


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A session and the engine that works in it."""

    session: Session = field(repr=False)
    engine: FhirEngine = field(repr=False)


@contextmanager
def writing(database: Database, engine: FhirEngine) -> Iterator[Unit]:
    """Open a write transaction; commit at a clean end, roll back on any exception."""
    with database.transaction() as session:
        yield Unit(session=session, engine=engine)


@contextmanager
def reading(database: Database, engine: FhirEngine) -> Iterator[Unit]:
    """Open a snapshot for reading."""
    with database.read() as session:
        yield Unit(session=session, engine=engine)
