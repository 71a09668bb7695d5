"""Everything the simulated EHR is built from, put together once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from fhir_server.engine import FhirEngine
from fhir_server.store import resources
from fhir_server.store.resource_rows import EngineBase
from runtime import signing_keys
from runtime.database import Database, create_tables
from runtime.jose import SigningKey
from runtime.keyring import Keyring
from runtime.settings_schema import Settings
from runtime.tables import RuntimeBase
from sandbox import bench, clients, discovery, faults, seed
from sandbox.access import ChartPolicy, ChartWriteRules
from sandbox.bench import BenchState
from sandbox.clients import Client
from sandbox.dialect import GENERIC, Dialect
from sandbox.faults import Fault
from sandbox.ledger import Ledger
from sandbox.places import Places
from sandbox.rows import SandboxBase

VERSION = "1"
KEY_PURPOSE = "ehr-id-token"


@dataclass(frozen=True, kw_only=True)
class SandboxServices:
    """What routes work with; holds no request state."""

    database: Database
    keyring: Keyring = field(repr=False)
    engine: FhirEngine
    places: Places
    dialect: Dialect
    ledger: Ledger
    session_idle_minutes: int
    session_hours: int
    fault_secret: str = field(default="", repr=False)
    engines: dict[str, FhirEngine] = field(default_factory=dict, repr=False)
    """Engines of other dialects, made when first spoken."""
    opened_keys: dict[str, SigningKey] = field(default_factory=dict, repr=False)

    def bench(self, session: Session) -> BenchState:
        """Read how the test bench stands."""
        return bench.load(session, self.dialect)

    def engine_of(self, dialect: Dialect) -> FhirEngine:
        """Return the FHIR engine that offers what a dialect offers, over the same charts."""
        if dialect.name == self.dialect.name:
            return self.engine
        if dialect.name not in self.engines:
            self.engines[dialect.name] = build_engine(self.places, dialect)
        return self.engines[dialect.name]

    def signing_key(self, session: Session) -> SigningKey:
        """Return the key that signs id_tokens now: another process may have rotated it.

        Opening a stored key costs more than all else of a token, so it is kept by its id.
        """
        for published in signing_keys.published_keys(session, KEY_PURPOSE):
            kid = str(published.jwk["kid"])
            if published.retired_at is None and kid in self.opened_keys:
                return self.opened_keys[kid]
        key = signing_keys.load_or_create(session, self.keyring, purpose=KEY_PURPOSE, alg="RS256")
        self.opened_keys[key.kid] = key
        return key


def build_services(
    settings: Settings,
    database: Database,
    *,
    dialect: Dialect = GENERIC,
    armed: Sequence[Fault] = (),
) -> SandboxServices:
    """Make tables, keys and engine; `armed` faults are switched on from the start.

    Charts and clients come separately: `seed_charts`, `register_clients`.
    """
    create_tables(database, RuntimeBase.metadata, EngineBase.metadata, SandboxBase.metadata)
    keyring = Keyring.open(settings.ehr_keyring_file, create=True)
    places = Places(ehr_url=settings.ehr_url)
    with database.transaction() as session:
        signing_keys.load_or_create(session, keyring, purpose=KEY_PURPOSE, alg="RS256")
        faults.arm(session, armed)
    return SandboxServices(
        database=database,
        keyring=keyring,
        engine=build_engine(places, dialect),
        places=places,
        dialect=dialect,
        ledger=Ledger(database),
        fault_secret=settings.ehr_fault_secret,
        session_idle_minutes=settings.session_idle_minutes,
        session_hours=settings.session_hours,
    )


def build_engine(places: Places, dialect: Dialect) -> FhirEngine:
    """Build the FHIR engine of this EHR with its access policy and write rules."""
    return FhirEngine(
        base_url=places.fhir_base,
        types=dialect.types,
        policy=ChartPolicy(places.fhir_base),
        hooks=(ChartWriteRules(places.fhir_base, _home_of),),
        software_name=dialect.software,
        software_version=VERSION,
        security=discovery.rest_security(places),
        documentation="A simulated EHR. Every patient in it is invented.",
    )


def register_clients(services: SandboxServices, registered: Sequence[Client]) -> None:
    """Store or replace registrations."""
    with services.database.transaction() as session:
        for client in registered:
            clients.register(session, client)


def seed_charts(services: SandboxServices, names: Sequence[str] | None = None) -> int:
    """Load personas that are not loaded yet; returns how many patients came in."""
    return seed.seed(services.database, engine=services.engine, names=names)


def _home_of(session: Session, resource_type: str, logical_id: str) -> str | None:
    record = resources.load(session, resource_type, logical_id)
    return None if record is None or record.stored.deleted else record.stored.compartment
