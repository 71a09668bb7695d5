"""What is examined, with what, and what the groups of checks learn for one another."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final

from confer.check.findings import Fact, Finding
from fhir_adapters.adapter import Adapter
from fhir_adapters.search import Query
from launch.app_launch import LaunchResult
from launch.client import SmartClient
from launch.discovery import SmartConfiguration
from launch.ports import ClientSecrets, Site
from runtime.outbound import OutboundAnswer, OutboundClient

HIDDEN: Final = "(hidden)"
_SHORTEST_SECRET: Final = 4

# Shows an address to a person and returns the address at which their browser ended.
AskPerson = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What whoever runs the check wants beyond looking.

    `patient_id` names a test patient; `launch` is the value with which an EHR opened the app.
    """

    patient_id: str | None = field(default=None, repr=False)
    launch: str | None = field(default=None, repr=False)
    write: bool = False
    leave_note: bool = False
    ask_person: AskPerson | None = None


@dataclass(kw_only=True)
class Examination:
    """One run: the site, our side's tools, and what has been learned so far."""

    site: Site
    registered: bool
    gateway_url: str
    client: SmartClient
    # addresses that belong to nobody's chart: our own gateway
    own: OutboundClient
    loopback_http: bool
    wishes: Wishes = field(default_factory=Wishes)
    has_keys: bool = True
    slow_milliseconds: int = 3000
    # learned on the way
    reachable: bool = True
    date_header: str | None = None
    metadata: OutboundAnswer | None = field(default=None, repr=False)
    announced: Mapping[str, Any] = field(default_factory=dict)
    configuration: SmartConfiguration | None = None
    statement: Mapping[str, Any] = field(default_factory=dict)
    adapter: Adapter | None = None
    open_server: bool = False
    signed_in: LaunchResult | None = None
    backend_token: str | None = field(default=None, repr=False)
    backend_scopes: tuple[str, ...] = ()
    # searches that were answered, for the checks that follow; PHI, gone with the run
    searches: list[tuple[Query, Mapping[str, Any]]] = field(default_factory=list, repr=False)
    _secrets: set[str] = field(default_factory=set, repr=False)

    @property
    def outbound(self) -> OutboundClient:
        """The way to the EHR; only origins of the site are allowed."""
        return self.client.outbound

    @property
    def secrets(self) -> ClientSecrets:
        """Our keys and secrets at EHRs."""
        return self.client.secrets

    @property
    def base(self) -> str:
        """The FHIR base without end slash."""
        return self.site.issuer.rstrip("/")

    @property
    def patient_id(self) -> str | None:
        """The patient whose chart may be read: of the sign-in, else the one that was named."""
        return self.signed_in.patient if self.signed_in else self.wishes.patient_id

    def hide(self, *values: str | None) -> None:
        """Remember what must not stand in a report: tokens, codes, ids of patients."""
        self._secrets |= {value for value in values if value and len(value) >= _SHORTEST_SECRET}

    def masked(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings with everything hidden that must not stand in a report."""
        longest_first = sorted(self._secrets, key=len, reverse=True)
        return [_masked(finding, longest_first) for finding in findings]

    def get(self, address: str, *, accept: str = "application/fhir+json") -> OutboundAnswer:
        """Ask the EHR without a token; raises `OutboundDown` and `OutboundForbidden`."""
        answer = self.outbound.request(
            "GET", f"{self.base}/{address}", label="check", headers={"Accept": accept}
        )
        self.date_header = answer.headers.get("date", self.date_header)
        return answer


def _masked(finding: Finding, secrets: list[str]) -> Finding:
    facts = {name: _without(value, secrets) for name, value in finding.facts.items()}
    return Finding(known=finding.known, facts=facts)


def _without(value: Fact, secrets: list[str]) -> Fact:
    if isinstance(value, int):
        return value
    return reduce(lambda text, secret: text.replace(secret, HIDDEN), secrets, value)
