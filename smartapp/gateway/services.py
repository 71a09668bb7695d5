"""What the gateway's use cases work with, built once by the composition root and passed in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, Protocol

from sqlalchemy.orm import Session

from fhir_adapters.ports import FhirSession
from launch.client import SmartClient
from launch.ports import GrantId, Site
from runtime.database import Database
from runtime.durable import JobView
from runtime.keyring import Keyring
from runtime.outbound import OutboundClient
from smartapp.gateway.check_site import CheckSite
from smartapp.gateway.consult_link import ConsultLink
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.ehr_style import EhrStyles
from smartapp.gateway.find_text import TextFinder
from smartapp.store.launch_stores import Sites, Tokens


class ChartAccess(Protocol):
    """Sessions at an EHR; tokens are bound to its origin (launch.authorized_session)."""

    def of_doctor(self, site: Site, grant_id: GrantId) -> FhirSession:
        """The chart as the doctor of this launch may read it."""

    def of_gateway(self, site: Site) -> FhirSession:
        """The chart as the gateway's own account may read and write it."""

    def granted_to_gateway(self, site: Site) -> Sequence[str]:
        """The scopes that the EHR grants the gateway's own account."""


class Jobs(Protocol):
    """Durable work as the use cases see it (runtime.durable.DurableClient)."""

    def enqueue(
        self,
        session: Session,
        *,
        kind: str,
        key: str,
        args: Mapping[str, str],
        delay_seconds: float = 0.0,
    ) -> None:
        """Queue a job in the caller's transaction; a key that is known changes nothing."""

    def cancel(self, session: Session, *, key: str) -> bool:
        """Cancel a job that has not begun, in the caller's transaction."""

    def retry(self, session: Session, *, key: str) -> bool:
        """Start a job again that was given up; False when there is no such job."""

    def waiting_for(self, session: Session, *, reason: str) -> Sequence[JobView]:
        """Return jobs that wait because their last attempt ended for this reason."""

    def hurry(self, session: Session, view: JobView) -> bool:
        """Try a waiting job now; False when it has moved on."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Times and limits of the gateway; from settings."""

    deid_policy: str = "safe-harbor"
    send_delay_seconds: float = 30.0
    revision_minutes: int = 30
    session_idle_minutes: int = 30
    session_hours: int = 12
    reading_lease_seconds: float = 30.0  # renewed by every section that comes
    escalation_phone: str = "2222"
    test_data: bool = False


# So many charts are pulled at the same time by one process.
READ_AT_ONCE = 8


def no_failpoint(_name: str) -> None:
    """Nothing happens here outside the chaos tests."""


@dataclass(frozen=True, kw_only=True)
class GatewayServices:
    """Everything of the hospital side. `index_key` keys the digests that lists are found by.

    `run_aside` runs the reading of a chart beside the request that started it. `ehr_keys`
    gives the public keys that EHRs check us by, the announced next ones included.
    `text_finder` suggests where a picture holds writing; None where it is not installed.
    `hook_calls` is the impatient way out of hooks; without it they read nothing of the chart.
    `check_site` is the operators' connection check; without it its page is not there.
    """

    database: Database
    keyring: Keyring
    durable: Jobs
    sites: Sites
    tokens: Tokens
    smart: SmartClient
    charts: ChartAccess
    consult: ConsultLink
    deid: DeidWorkers
    policy: Policy
    index_key: bytes = field(repr=False)
    run_aside: Callable[[Callable[[], None]], None]
    ehr_keys: Callable[[], Sequence[Mapping[str, Any]]]
    failpoint: Callable[[str], None] = no_failpoint
    text_finder: TextFinder | None = None
    styles: EhrStyles = field(default_factory=EhrStyles)
    reading_turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(READ_AT_ONCE))
    hook_calls: OutboundClient | None = None
    check_site: CheckSite | None = None
