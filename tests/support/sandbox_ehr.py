"""A sandbox EHR with clients and keys, for tests of every tier."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from runtime import clock, jose, settings, tokens
from runtime.database import open_database
from runtime.jose import SigningKey
from runtime.settings_schema import Settings
from sandbox import app as ehr_app
from sandbox import charts, grants, services
from sandbox.clients import Client, hash_secret
from sandbox.grants import Context
from sandbox.services import SandboxServices

EHR = "http://localhost:8400"
FHIR = f"{EHR}/fhir"
CALLBACK = "http://127.0.0.1:8401/callback"
LAUNCH_URL = "http://127.0.0.1:8401/launch"
ADELA, IVO, CANARY = "pt-9c27e1", "pt-4f80b3", "pt-zz0000"
DOCTOR = "acc-rt"
APP_SCOPES = (
    "launch launch/patient launch/encounter openid fhirUser online_access offline_access "
    "patient/*.rs patient/*.read user/Practitioner.rs patient/DocumentReference.cu "
    "patient/Communication.c user/Patient.rs"
)
SYSTEM_SCOPES = "system/Patient.rs system/DocumentReference.crus system/Communication.crs"
WRITE = "patient/DocumentReference.c patient/DocumentReference.rs"
SECRET = "fault-secret-for-tests"


@dataclass(frozen=True, kw_only=True)
class SandboxEhr:
    """The program, its parts, and the private keys of its clients."""

    app: Flask
    services: SandboxServices
    settings: Settings
    app_key: SigningKey
    backend_key: SigningKey

    def browser(self) -> FlaskClient:
        """A browser with a cookie jar of its own."""
        return self.app.test_client()

    def launch(self, patient_id: str = ADELA, *, client_id: str = "confer-app") -> str:
        """A fresh launch value, as the chart page makes one."""
        with self.services.database.transaction() as session:
            context = charts.launch_context(session, patient_id, DOCTOR)
            return grants.mint_launch(
                session, client_id=client_id, context=context, now=clock.now()
            )

    def token(self, scopes: str, *, patient_id: str = ADELA) -> str:
        """An access token straight from the store, for tests of the data plane."""
        with self.services.database.transaction() as session:
            granted = grants.open_grant(
                session,
                client_id="confer-app",
                context=Context(account_id=DOCTOR, patient_id=patient_id),
                scopes=scopes,
                now=clock.now(),
            )
            return grants.issue_access(
                session, granted.grant_id, scopes=scopes, seconds=300, now=clock.now()
            )

    def assertion(self, client_id: str = "confer-app", **changed: Any) -> str:
        """A client assertion; `changed` claims replace the right ones."""
        key = self.backend_key if client_id == "confer-gateway" else self.app_key
        moment = int(clock.now().timestamp())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": f"{EHR}/auth/token",
            "iat": moment,
            "exp": moment + 240,
            "jti": tokens.new_uuid(),
        }
        claims.update(changed)
        return jose.sign(key, {k: v for k, v in claims.items() if v is not None}, typ="JWT")


def build(
    folder: Path,
    *,
    names: Sequence[str] = ("adela", "ivo"),
    ehr_url: str = EHR,
    app_url: str = "http://127.0.0.1:8401",
) -> SandboxEhr:
    """A fresh EHR in a folder, with these personas and the usual clients."""
    chosen = settings.load(
        overrides={"data_dir": str(folder), "ehr_fault_secret": SECRET, "ehr_url": ehr_url}
    )
    database = open_database(chosen.ehr_database_url)
    made = services.build_services(chosen, database)
    services.seed_charts(made, names)
    app_key, backend_key = jose.new_signing_key("ES384"), jose.new_signing_key("RS384")
    services.register_clients(
        made,
        [
            Client(
                client_id="confer-app",
                name="Confer",
                auth="private_key_jwt",
                scopes=APP_SCOPES,
                jwks=(app_key.public_jwk(),),
                redirect_uris=(f"{app_url}/callback",),
                launch_url=f"{app_url}/launch",
            ),
            Client(
                client_id="confer-gateway",
                name="Confer gateway",
                auth="private_key_jwt",
                scopes=SYSTEM_SCOPES,
                grant_types=frozenset({"client_credentials"}),
                jwks=(backend_key.public_jwk(),),
                access_seconds=300,
            ),
            Client(
                client_id="public-app",
                name="Other",
                auth="none",
                scopes=APP_SCOPES,
                redirect_uris=("https://other.example/cb",),
            ),
            Client(
                client_id="secret-app",
                name="Third",
                auth="client_secret_basic",
                scopes=APP_SCOPES,
                secret_hash=hash_secret("s:e%c+ret"),
                redirect_uris=("https://third.example/cb?x=1",),
            ),
        ],
    )
    return SandboxEhr(
        app=ehr_app.create_app(made, chosen),
        services=made,
        settings=chosen,
        app_key=app_key,
        backend_key=backend_key,
    )


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def query_of(location: str) -> dict[str, str]:
    """The query of a redirect, one value a name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def call(
    ehr: SandboxEhr, token: str, path: str, method: str = "GET", body: Any = None
) -> TestResponse:
    """One FHIR call with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/fhir+json"
    return ehr.browser().open(f"/fhir/{path}", method=method, headers=headers, json=body)


def ids(answer: TestResponse) -> set[str]:
    """The ids of a searchset."""
    return {entry["resource"]["id"] for entry in answer.get_json().get("entry", [])}


def note(patient_id: str = ADELA, **changed: Any) -> dict[str, Any]:
    """A consult note for a chart."""
    resource: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "data": base64.b64encode(b"Bottom line: wait.").decode(),
                }
            }
        ],
    }
    return {**resource, **changed}
