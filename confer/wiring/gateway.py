"""The hospital side, put together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from confer.wiring.check_site import checker
from confer.wiring.ehr_keys import EhrKeys
from fhir_adapters.ports import FhirSession
from launch import site_gate
from launch.authorized_session import AuthorizedSession
from launch.backend_services import BackendTokens
from launch.client import SmartClient, make_client
from launch.errors import Step
from launch.ports import GrantId, Site, TokenSource
from launch.refresh import GrantTokens
from launch.site_gate import GatedTokens
from runtime import signing_keys
from runtime.database import Database, open_database
from runtime.durable import DurableClient
from runtime.jose import SigningKey
from runtime.keyring import Keyring
from runtime.outbound import OutboundClient
from runtime.settings_schema import Settings
from smartapp.gateway import find_text
from smartapp.gateway.consult_link import ConsultLink
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.paced_calls import TurnsOfSites, paced
from smartapp.gateway.services import GatewayServices, Policy
from smartapp.jobs import failpoints
from smartapp.store.launch_stores import LaunchStates, Sites, Tokens
from smartapp.store.pace import Paces

# purpose of the key in the gateway's database; EHR-facing keys are apart from the network's
NETWORK_KEY = "network"
NETWORK_CLIENT_ID = "hospital-sandbox"
_INDEX = "gateway-index"
# An EHR waits for the answer to a hook with the chart half open: what takes longer is left out.
_HOOK_SECONDS = 2.0
_HOOK_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ChartSessions:
    """Authorized sessions at EHRs (smartapp.gateway.services.ChartAccess)."""

    client: SmartClient
    backend: BackendTokens
    turns: TurnsOfSites

    def of_doctor(self, site: Site, grant_id: GrantId) -> FhirSession:
        """The chart as the doctor of a launch may read it."""
        return self._session(site, GrantTokens(client=self.client, grant_id=grant_id))

    def of_gateway(self, site: Site) -> FhirSession:
        """The chart as the gateway's own account may read and write it."""
        return self._session(site, self.backend.source(site))

    def granted_to_gateway(self, site: Site) -> Sequence[str]:
        """The scopes of the gateway's own account; its token is asked for when none is known."""
        site_gate.require_open(site, step=Step.BACKEND)
        return self.backend.token(site).scopes

    def _session(self, site: Site, source: TokenSource) -> FhirSession:
        # Every call asks for its token first, so a closed site is not called by anybody.
        return AuthorizedSession(
            base_url=site.issuer.rstrip("/"),
            outbound=paced(self.client.outbound, self.turns, site),
            tokens=GatedTokens(source=source, sites=self.client.sites, site_id=site.site_id),
        )


def open_gateway_database(settings: Settings) -> Database:
    """Open the hospital's database."""
    return open_database(settings.gateway_database_url)


def gateway_keys(database: Database, keyring: Keyring) -> tuple[SigningKey, EhrKeys]:
    """The network key, and the keys that EHRs know; made at first use."""
    with database.transaction() as session:
        network = signing_keys.load_or_create(session, keyring, purpose=NETWORK_KEY, alg="ES384")
    ehr = EhrKeys(database=database, keyring=keyring)
    ehr.make()
    return network, ehr


def build(settings: Settings, database: Database | None = None) -> GatewayServices:
    """Build the hospital side."""
    database = database or open_gateway_database(settings)
    keyring = Keyring.open(settings.gateway_keyring_file, create=settings.is_sandbox)
    network_key, ehr_keys = gateway_keys(database, keyring)
    sites = Sites(database)
    tokens = Tokens(database, keyring)
    smart = make_client(
        outbound=_outbound(settings, _origins_of_sites(sites)),
        sites=sites,
        states=LaunchStates(database, keyring),
        token_store=tokens,
        secrets=ehr_keys,
        loopback_http=settings.is_sandbox,
    )
    return GatewayServices(
        database=database,
        keyring=keyring,
        durable=DurableClient(database),
        sites=sites,
        tokens=tokens,
        smart=smart,
        charts=ChartSessions(
            client=smart,
            backend=BackendTokens(client=smart),
            turns=TurnsOfSites(Paces(database)),
        ),
        consult=ConsultLink(
            _outbound(settings, {_origin(settings.consult_url)}),
            base_url=settings.consult_url,
            client_id=NETWORK_CLIENT_ID,
            key=network_key,
        ),
        text_finder=find_text.installed(),
        deid=DeidWorkers(
            timeout_seconds=settings.deid_timeout_seconds,
            memory_megabytes=settings.deid_memory_mb,
        ),
        policy=Policy(
            deid_policy=settings.deid_policy,
            send_delay_seconds=settings.send_delay_seconds,
            session_idle_minutes=settings.session_idle_minutes,
            session_hours=settings.session_hours,
            test_data=settings.is_sandbox,
        ),
        index_key=keyring.derive(_INDEX),
        run_aside=_run_aside,
        ehr_keys=ehr_keys.public,
        hook_calls=OutboundClient(
            allowed_origins=_origins_of_hooks(sites),
            allow_loopback_http=settings.is_sandbox,
            connect_seconds=1.0,
            read_seconds=_HOOK_SECONDS,
            total_seconds=_HOOK_SECONDS,
            max_bytes=_HOOK_BYTES,
        ),
        check_site=checker(settings, ehr_keys),
        failpoint=failpoints.killer(
            chosen=settings.failpoint, mode=settings.mode, marker_folder=settings.data_dir
        ),
    )


def _outbound(settings: Settings, allowed: set[str] | Callable[[str], bool]) -> OutboundClient:
    return OutboundClient(
        allowed_origins=allowed,
        allow_loopback_http=settings.is_sandbox,
        connect_seconds=settings.outbound_connect_seconds,
        read_seconds=settings.outbound_read_seconds,
        max_bytes=settings.max_body_bytes,
    )


def _origins_of_sites(sites: Sites) -> Callable[[str], bool]:
    """Allow the origins that registered sites name, as they are registered now.

    A site that is switched off is not called by anybody, whatever the code that wants to.
    """

    def allowed(origin: str) -> bool:
        return any(
            origin == _origin(site.issuer) or origin in site.allowed_origins
            for site in sites.every()
            if site.enabled
        )

    return allowed


def _origins_of_hooks(sites: Sites) -> Callable[[str], bool]:
    """Allow the charts of EHRs that call hooks, and where their CDS clients publish keys.

    A site that is switched off is not called, not even to prove who calls us.
    """

    def allowed(origin: str) -> bool:
        return any(
            origin in {_origin(site.issuer), _origin(site.cds_client.jwks_url or site.issuer)}
            for site in sites.every()
            if site.enabled and site.cds_client is not None
        )

    return allowed


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _run_aside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="confer-reading", daemon=True).start()
