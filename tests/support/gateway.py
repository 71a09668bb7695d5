"""The hospital side in a test: real database, keys and de-identification; fakes around it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from fhir_adapters.ports import FhirSession
from launch.client import make_client
from launch.ports import GrantId, Site
from runtime import clock, jose, tokens
from runtime.database import Database, open_database
from runtime.durable import JobView
from runtime.keyring import Keyring
from runtime.outbound import OutboundClient
from runtime.tables import RuntimeBase
from sandbox import personas
from smartapp.gateway.consult_link import ConsultLink
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.open_launch import new_draft
from smartapp.gateway.pull_chart import begin_reading
from smartapp.gateway.services import GatewayServices, Policy, no_failpoint
from smartapp.store import drafts, launches
from smartapp.store.launch_stores import LaunchStates, Sites, Tokens
from smartapp.store.launches import Launch
from smartapp.store.rows import SmartAppBase
from smartapp.store.sealed import hashed, keyed_hash
from tests.support import databases
from tests.support.databases import Schema
from tests.support.fake_network import BASE, FakeNetwork
from tests.support.launch_stores import make_site
from tests.support.memory_fhir import MemoryFhirSession

TABLES = Schema((RuntimeBase.metadata, SmartAppBase.metadata))
BROWSER = "browser-secret-of-this-test"
CLIENT = "hospital-a"
_INDEX_KEY = b"i" * 32
_EHR_KEY = jose.new_signing_key("ES384")


@dataclass
class ListedJobs:
    """Durable work as a list: nothing runs by itself (smartapp.gateway.services.Jobs)."""

    queued: dict[str, tuple[str, dict[str, str], float]] = field(default_factory=dict)
    dead: dict[str, tuple[str, dict[str, str], float]] = field(default_factory=dict)

    def enqueue(
        self,
        session: Session,
        *,
        kind: str,
        key: str,
        args: Mapping[str, str],
        delay_seconds: float = 0.0,
    ) -> None:
        """Remember a job once."""
        self.queued.setdefault(key, (kind, dict(args), delay_seconds))

    def cancel(self, session: Session, *, key: str) -> bool:
        """Forget a job."""
        return self.queued.pop(key, None) is not None

    def retry(self, session: Session, *, key: str) -> bool:
        """Put a dead job back."""
        job = self.dead.pop(key, None)
        if job is not None:
            self.queued[key] = job
        return job is not None

    def waiting_for(self, session: Session, *, reason: str) -> list[JobView]:
        """None: this list does not run its jobs."""
        return []

    def hurry(self, session: Session, view: JobView) -> bool:
        """Nothing waits."""
        return False

    def take(self, kind: str) -> dict[str, str]:
        """Take the first job of a kind."""
        key = next(key for key, job in self.queued.items() if job[0] == kind)
        return self.queued.pop(key)[1]


@dataclass
class MemoryCharts:
    """One chart for the doctor and the gateway alike (smartapp.gateway.services.ChartAccess)."""

    session: MemoryFhirSession
    granted: list[str] = field(default_factory=lambda: ["system/DocumentReference.crs"])

    def of_doctor(self, site: Site, grant_id: GrantId) -> FhirSession:
        """The chart."""
        return self.session

    def of_gateway(self, site: Site) -> FhirSession:
        """The chart."""
        return self.session

    def granted_to_gateway(self, site: Site) -> list[str]:
        """What the gateway's account may do."""
        return self.granted


@dataclass(kw_only=True)
class Hospital:
    """The gateway with what stands around it."""

    services: GatewayServices
    network: FakeNetwork
    chart: MemoryFhirSession
    jobs: ListedJobs
    database: Database
    patient_id: str
    encounter_id: str | None

    def launch(
        self,
        *,
        user: str = "Practitioner/junior",
        wait: bool = True,
        not_granted: Sequence[str] = (),
    ) -> tuple[str, Launch]:
        """A doctor launches the app on the patient: returns handle and launch."""
        services = self.services
        handle = tokens.new_secret()
        context: dict[str, Any] = {
            "patient": self.patient_id,
            "encounter": self.encounter_id,
            "user": user,
            "user_local": True,
            "banner": True,
            "not_granted": not_granted,
        }
        draft = new_draft("north", context)
        launch = Launch(
            handle_hash=hashed(handle),
            site_id="north",
            doctor_key=keyed_hash(_INDEX_KEY, "doctor", "north", user),
            patient_key=keyed_hash(_INDEX_KEY, "patient", "north", self.patient_id),
            grant_id="grant",
            draft_id=draft.draft_id,
            framed=False,
            context=context,
        )
        with self.database.transaction() as session:
            drafts.create(session, services.keyring, draft, now=clock.now())
            launches.create(
                session,
                services.keyring,
                launch,
                browser_secret=BROWSER,
                now=clock.now(),
                expires_at=clock.now() + timedelta(hours=12),
            )
        if wait:
            begin_reading(services, launch)
        return handle, launch


@contextmanager
def hospital(
    folder: Path,
    *,
    persona: str = "adela",
    url: str | None = None,
    policy: Policy | None = None,
    failpoint: Callable[[str], None] = no_failpoint,
    workers: DeidWorkers | None = None,
) -> Iterator[Hospital]:
    """Set a gateway up around a persona's chart; shared `workers` spare a process start.

    A database of another kind comes with its `TABLES` in it.
    """
    database = open_database(url or databases.sqlite(folder / "gateway.db", TABLES))
    keyring = Keyring({"k1k1k1k1": b"k" * 32}, index_key=_INDEX_KEY)
    network = FakeNetwork()
    chart, patient_id, encounter_id = persona_chart(persona)
    sites = Sites(database)
    sites.put(make_site())
    states, token_store = LaunchStates(database, keyring), Tokens(database, keyring)
    outbound = OutboundClient(allowed_origins=(), allow_loopback_http=True)
    jobs = ListedJobs()
    own = workers or DeidWorkers(timeout_seconds=60, memory_megabytes=2048, keep_warm=1)
    services = GatewayServices(
        database=database,
        keyring=keyring,
        durable=jobs,
        sites=sites,
        tokens=token_store,
        smart=make_client(
            outbound=outbound,
            sites=sites,
            states=states,
            token_store=token_store,
            secrets=_NoSecrets(),
            loopback_http=True,
        ),
        charts=MemoryCharts(chart),
        consult=ConsultLink(
            network,  # type: ignore[arg-type]  # a fake of the outbound client
            base_url=BASE,
            client_id=CLIENT,
            key=jose.new_signing_key("ES384"),
        ),
        deid=own,
        policy=policy or Policy(test_data=True),
        index_key=_INDEX_KEY,
        run_aside=lambda work: work(),
        ehr_keys=lambda: [_EHR_KEY.public_jwk()],
        failpoint=failpoint,
    )
    try:
        yield Hospital(
            services=services,
            network=network,
            chart=chart,
            jobs=jobs,
            database=database,
            patient_id=patient_id,
            encounter_id=encounter_id,
        )
    finally:
        if workers is None:
            own.close()
        database.dispose()


class _NoSecrets:
    """No launch is made over the wire here (launch.ports.ClientSecrets)."""

    def signing_keys(self, site: Site) -> list[jose.SigningKey]:
        """None."""
        return []

    def client_secret(self, site: Site) -> str | None:
        """None."""
        return None


def persona_chart(name: str) -> tuple[MemoryFhirSession, str, str | None]:
    """A persona's chart as a FHIR server in memory, its patient and its open encounter."""
    loaded = personas.load(name)
    resources, _ = personas.chart(loaded, now=clock.now())
    resources = [*personas.hospital(), *resources]
    doctor = {
        "resourceType": "Practitioner",
        "id": "junior",
        "name": [{"family": "Osei", "given": ["Nadia"], "prefix": ["Dr."]}],
    }
    return (
        MemoryFhirSession(resources=[doctor, *resources]),
        loaded.patient_id,
        loaded.encounter_id,
    )


QUESTION = {
    "specialty": "394589003",
    "question_type": "next-step",
    "urgency": "asap",
    "question": "Potassium 6.1 after insulin in Mrs. Marrowby: dialysis now?",
    "thinking": "TMP-SMX on lisinopril. Husband Corwin says she uses Tidesalt.",
}
INCLUDE = ("problems", "medications", "allergies", "labs", "vitals", "reports", "notes")
