"""The sandbox EHR on a real socket, and a gateway's launch client registered there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from flask import Flask
from flask.testing import FlaskClient

from launch import app_launch
from launch.app_launch import LaunchResult, Redirect
from launch.authorized_session import AuthorizedSession
from launch.backend_services import BackendTokens
from launch.ports import Site
from launch.refresh import GrantTokens
from runtime import clock, settings
from runtime.database import open_database
from runtime.settings_schema import Settings
from sandbox import app as ehr_app
from sandbox import charts, faults, grants, services
from sandbox.clients import Client, hash_secret
from sandbox.faults import Fault
from sandbox.services import SandboxServices
from tests.support import sandbox_ehr
from tests.support.launch_stores import Desk, MemorySites, make_site, signing_key
from tests.support.live_server import served
from tests.support.smart_ehr import asked, sent_by

CALLBACK = "http://127.0.0.1:8401/callback"
SECRET = "s3cret:%+"
APP_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "offline_access",
    "patient/*.rs",
    "user/Practitioner.rs",
)
BACKEND_SCOPES = (
    "system/Patient.rs",
    "system/DocumentReference.crus",
    "system/Communication.crs",
)
AUTH_METHODS = {
    "confer-app": "private_key_jwt",
    "public-app": "public",
    "secret-app": "client_secret_basic",
}


@dataclass
class LiveEhr:
    """A running EHR. `desk` is a gateway that knows it under one of its clients."""

    url: str
    app: Flask
    services: SandboxServices
    desks: dict[str, Desk] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The FHIR base."""
        return f"{self.url}/fhir"

    def site(self, client_id: str = "confer-app") -> Site:
        """Return how a gateway knows this EHR."""
        return make_site(
            issuer=self.base,
            client_id=client_id,
            client_auth=AUTH_METHODS[client_id],
            redirect_uri=CALLBACK,
            scopes=APP_SCOPES,
            allowed_origins=(),
            backend_scopes=BACKEND_SCOPES,
        )

    def desk(self, client_id: str = "confer-app") -> Desk:
        """Return the gateway of a client, the same one every time."""
        if client_id not in self.desks:
            sites = MemorySites([self.site(client_id)])
            self.desks[client_id] = Desk(sites=sites, loopback_http=True)
        return self.desks[client_id]

    def launch_value(self, patient_id: str, client_id: str = "confer-app") -> str:
        """Press the chart page's button: a fresh launch value."""
        with self.services.database.transaction() as session:
            context = charts.launch_context(session, patient_id, sandbox_ehr.DOCTOR)
            return grants.mint_launch(
                session, client_id=client_id, context=context, now=clock.now()
            )

    def browser(self) -> FlaskClient:
        """A browser of its own at the EHR."""
        return self.app.test_client()

    def authorize(self, target: Redirect, browser: FlaskClient | None = None) -> str:
        """Follow the redirect to the EHR and return where the EHR sends the browser."""
        parts = urlsplit(target.url)
        answer = (browser or self.browser()).get(f"{parts.path}?{parts.query}", base_url=self.url)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def choose(self, browser: FlaskClient, page: str, patient_id: str) -> str:
        """Sign in, choose a patient on the page of a standalone launch, and go on."""
        origin = {"Origin": self.url}
        browser.post(
            "/sign-in",
            base_url=self.url,
            data={"account": sandbox_ehr.DOCTOR, "next": page},
            headers=origin,
        )
        shown = browser.get(page, base_url=self.url)
        found = re.search(r'name="csrf" value="([^"]+)"', shown.text)
        assert found, shown.text
        answer = browser.post(
            page,
            base_url=self.url,
            data={"patient": patient_id, "csrf": found[1]},
            headers=origin,
        )
        return answer.headers["Location"]

    def launch(self, patient_id: str, client_id: str = "confer-app") -> LaunchResult:
        """Do the whole EHR launch."""
        client = self.desk(client_id).client
        value = self.launch_value(patient_id, client_id)
        target = app_launch.begin(client, asked({"iss": self.base, "launch": value}))
        assert sent_by(target)["aud"] == self.base
        callback = sandbox_ehr.query_of(self.authorize(target))
        return app_launch.finish(client, asked(callback))

    def session(self, result: LaunchResult) -> AuthorizedSession:
        """The chart as the doctor of a launch may see it."""
        client = self.desk(result.site.client_id).client
        return AuthorizedSession(
            base_url=self.base,
            outbound=client.outbound,
            tokens=GrantTokens(client=client, grant_id=result.grant_id),
        )

    def backend(self) -> AuthorizedSession:
        """The chart as the gateway's own account may see it."""
        client = self.desk().client
        return AuthorizedSession(
            base_url=self.base,
            outbound=client.outbound,
            tokens=BackendTokens(client=client).source(self.site()),
        )

    def arm(self, *armed: Fault) -> None:
        """Switch faults on."""
        with self.services.database.transaction() as session:
            faults.arm(session, armed)


def _clients() -> list[Client]:
    keys = (signing_key("ES384").public_jwk(), signing_key("RS384").public_jwk())
    scopes = " ".join((*APP_SCOPES, "launch/patient", "launch/encounter"))
    return [
        Client(
            client_id=client_id,
            name=client_id,
            auth="none" if method == "public" else method,  # type: ignore[arg-type]
            scopes=scopes,
            jwks=keys if method == "private_key_jwt" else (),
            secret_hash=hash_secret(SECRET) if method == "client_secret_basic" else "",
            redirect_uris=(CALLBACK,),
            launch_url="http://127.0.0.1:8401/launch",
        )
        for client_id, method in AUTH_METHODS.items()
    ] + [
        Client(
            client_id="confer-gateway",
            name="gateway",
            auth="private_key_jwt",
            scopes=" ".join(BACKEND_SCOPES),
            grant_types=frozenset({"client_credentials"}),
            jwks=keys,
            access_seconds=300,
        )
    ]


@contextmanager
def running(folder: Path, *, names: tuple[str, ...] = ("adela", "ivo")) -> Iterator[LiveEhr]:
    """Serve a fresh EHR with these personas on a free port."""
    made: list[LiveEhr] = []

    def build(url: str) -> WSGIApplication:
        chosen: Settings = settings.load(
            overrides={"data_dir": str(folder), "ehr_url": url, "ehr_fault_secret": "x" * 24}
        )
        parts = services.build_services(chosen, open_database(chosen.ehr_database_url))
        services.seed_charts(parts, names)
        services.register_clients(parts, _clients())
        made.append(LiveEhr(url=url, app=ehr_app.create_app(parts, chosen), services=parts))
        return made[0].app

    with served(build) as _url:
        yield made[0]
    made[0].services.database.dispose()
