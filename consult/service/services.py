"""What every use case of the consult server works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from consult.domain.governance import ADMITTED_POLICIES
from consult.store import fhir_store, unit
from consult.store.unit import Unit
from fhir_server.engine import FhirEngine
from runtime.database import Database
from runtime.keyring import Keyring
from runtime.settings_schema import Settings


@dataclass(frozen=True, kw_only=True)
class ConsultServices:
    """Database, engine and keys of one consult server, with the policies it admits."""

    database: Database = field(repr=False)
    engine: FhirEngine = field(repr=False)
    keyring: Keyring = field(repr=False)
    public_url: str
    sandbox: bool
    session_idle_minutes: int = 30
    session_hours: int = 12
    max_body_bytes: int = 20_000_000
    policies: frozenset[tuple[str, str]] = ADMITTED_POLICIES

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        """Open the write transaction of a use case."""
        with unit.writing(self.database, self.engine) as opened:
            yield opened

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """Open a snapshot for reading."""
        with unit.reading(self.database, self.engine) as opened:
            yield opened


def build(settings: Settings, database: Database, keyring: Keyring) -> ConsultServices:
    """Build the services from the settings, with a database and keys that are open."""
    return ConsultServices(
        database=database,
        engine=fhir_store.make_engine(f"{settings.consult_url}/fhir"),
        keyring=keyring,
        public_url=settings.consult_url,
        sandbox=settings.is_sandbox,
        session_idle_minutes=settings.session_idle_minutes,
        session_hours=settings.session_hours,
        max_body_bytes=settings.max_body_bytes,
    )
