"""First start of the demo: tables, keys, patients, specialists, and who is registered where."""

from collections.abc import Callable

from confer.wiring import consult as consult_wiring
from confer.wiring import ehr as ehr_wiring
from confer.wiring import gateway as gateway_wiring
from confer.wiring.ehr_keys import EHR_KEY
from consult.service import demo_network
from launch.ports import CdsClient, Site, SiteId
from runtime import durable, signing_keys
from runtime.database import upgrade
from runtime.keyring import Keyring
from runtime.settings_schema import Settings
from sandbox import cds_client, personas
from sandbox import services as sandbox_services
from sandbox.clients import CLIENT_CREDENTIALS, Client
from smartapp.gateway.site_roster import RosterLine, load_roster
from smartapp.store.launch_stores import Sites

SITE_ID = SiteId("plainview")
APP_CLIENT = "confer-app"
BACKEND_CLIENT = "confer-gateway"
TENANT = "plainview-general"
BACKEND_TOKEN_SECONDS = 300  # SMART Backend Services: at most five minutes
APP_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "online_access",
    "patient/*.rs",
    "user/Practitioner.rs",
    "user/Organization.rs",
    "user/Location.rs",
)
BACKEND_SCOPES = (
    "system/Patient.rs",
    "system/Encounter.rs",
    "system/DocumentReference.crs",
    "system/Communication.crs",
)


def provision(settings: Settings, say: Callable[[str], None]) -> None:
    """Make everything that a first start needs; safe to repeat after an interruption."""
    public_keys = _gateway(settings)
    say("gateway: tables, keys and the EHR's registration")
    _consult(settings, public_keys[gateway_wiring.NETWORK_KEY])
    say("consult server: tables and four vetted demo specialists")
    count = _ehr(settings, public_keys[EHR_KEY])
    say(f"EHR: {count} synthetic patients, three doctors, two registered clients")


def _gateway(settings: Settings) -> dict[str, list[dict[str, object]]]:
    database = gateway_wiring.open_gateway_database(settings)
    upgrade(database, "smartapp.store.migrations")
    durable.prepare(database)
    keyring = Keyring.open(settings.gateway_keyring_file, create=True)
    gateway_wiring.gateway_keys(database, keyring)
    Sites(database).put(sandbox_site(settings))
    load_roster(gateway_wiring.build(settings, database), SITE_ID, _roster())
    with database.read() as session:
        keys = {
            purpose: signing_keys.public_keys(session, purpose)
            for purpose in (gateway_wiring.NETWORK_KEY, EHR_KEY)
        }
    database.dispose()
    return keys


def _roster() -> list[RosterLine]:
    return [
        RosterLine(
            user=f"Practitioner/{one.practitioner_id}",
            role=one.role,
            grade=one.grade,
            specialty=one.specialty,
            region=one.region,
            supervisor=f"Practitioner/{one.supervisor_id}" if one.supervisor_id else "",
        )
        for one in personas.roster()
    ]


def sandbox_site(settings: Settings) -> Site:
    """How the gateway knows the simulated EHR."""
    return Site(
        site_id=SITE_ID,
        name="Plainview General (sandbox)",
        issuer=f"{settings.ehr_url}/fhir",
        client_id=APP_CLIENT,
        client_auth="private_key_jwt",
        redirect_uri=f"{settings.gateway_url}/callback",
        scopes=APP_SCOPES,
        frame_origin=settings.ehr_url,
        backend_client_id=BACKEND_CLIENT,
        backend_scopes=BACKEND_SCOPES,
        requests_per_second=100.0,  # it is ours alone and stands beside us
        burst=200,
        cds_client=CdsClient(issuer=settings.ehr_url, jwks_url=f"{settings.ehr_url}/auth/cds-jwks"),
    )


def _consult(settings: Settings, keys: list[dict[str, object]]) -> None:
    database = consult_wiring.open_consult_database(settings)
    upgrade(database, "consult.store.migrations")
    durable.prepare(database)
    services = consult_wiring.build(settings, database)
    demo_network.open_demo_network(
        services, tenant_id=TENANT, client_id=gateway_wiring.NETWORK_CLIENT_ID, keys=keys
    )
    database.dispose()


def _ehr(settings: Settings, keys: list[dict[str, object]]) -> int:
    database = ehr_wiring.open_ehr_database(settings)
    services = ehr_wiring.build(settings, database)
    app = Client(
        client_id=APP_CLIENT,
        name="Confer",
        auth="private_key_jwt",
        scopes=" ".join(APP_SCOPES),
        jwks=tuple(keys),
        redirect_uris=(f"{settings.gateway_url}/callback",),
        launch_url=f"{settings.gateway_url}/launch",
    )
    backend = Client(
        client_id=BACKEND_CLIENT,
        name="Confer gateway",
        auth="private_key_jwt",
        scopes=" ".join(BACKEND_SCOPES),
        grant_types=frozenset({CLIENT_CREDENTIALS}),
        jwks=tuple(keys),
        access_seconds=BACKEND_TOKEN_SECONDS,
    )
    sandbox_services.register_clients(services, (app, backend))
    with database.transaction() as session:
        cds_client.register(
            session, base_url=f"{settings.gateway_url}/cds-services", client_id=APP_CLIENT
        )
    count = sandbox_services.seed_charts(services)
    database.dispose()
    return count
