"""A consult server for tests: a real database, real HTTP, hospitals that hold real keys."""

import base64
import hashlib
import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from consult.domain.specialist import SignedIn
from consult.service import demo_network, services, sign_in
from consult.service.services import ConsultServices
from consult.store import tenants
from consult.store.rows import ConsultBase
from consult.web.app import create_app
from exchange import case_bundle, clarification, names
from exchange.case_bundle import BuiltCase
from exchange.clarification import ReplyOrder, ThreadPlace
from fhir_server.store.resource_rows import EngineBase
from runtime import clock, jose, json_text, settings, tokens
from runtime.database import open_database
from runtime.jose import SigningKey
from runtime.keyring import Keyring
from runtime.settings_schema import Settings
from runtime.tables import RuntimeBase
from tests.support import databases, wire
from tests.support.databases import Schema
from tests.support.live_server import served

TABLES = Schema((RuntimeBase.metadata, EngineBase.metadata, ConsultBase.metadata))
SCOPE = (
    "system/Bundle.crs system/Task.crus system/ServiceRequest.crus system/Communication.crs "
    "system/DocumentReference.rs system/Provenance.crs system/Patient.crs system/Consent.crs"
)
CARDIOLOGIST = "sp-okafor"
NEPHROLOGIST = "sp-halvorsen"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON."""
        parsed: dict[str, Any] = json_text.loads(self.body)
        return parsed

    @property
    def rules(self) -> list[str]:
        """The broken rules that an OperationOutcome names."""
        return [str(issue.get("diagnostics")) for issue in self.json["issue"]]


def call(
    base_url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Make one real HTTP request."""
    place = urlsplit(base_url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        content = response.read()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=found, body=content)
    finally:
        connection.close()


@dataclass
class Hospital:
    """A hospital's gateway as the network sees it."""

    base_url: str
    client_id: str
    key: SigningKey
    token: str = ""
    member_id: str = ""
    cases: int = field(default=0)

    def sign_in(self) -> "Hospital":
        """Get an access token with a fresh assertion."""
        url = f"{self.base_url}/auth/token"
        form = {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jose.client_assertion(
                self.key, client_id=self.client_id, audience=url
            ),
        }
        answer = call(
            self.base_url,
            "POST",
            "/auth/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        assert answer.status == 200, answer.body
        self.token = answer.json["access_token"]
        return self

    def attestation(self, **changes: Any) -> str:
        """Return a signed attestation of one doctor."""
        now = clock.now()
        claims = {
            "iss": self.client_id,
            "aud": self.base_url,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + 300,
            "jti": tokens.new_uuid(),
            "sub": "pairwise-1",
            "role": "resident",
            "grade": "PGY-2",
            "specialty": "internal medicine",
            "region": "Pacific Northwest",
            "valid_until": (now + timedelta(days=90)).date().isoformat(),
            **changes,
        }
        return jose.sign(
            self.key,
            {name: value for name, value in claims.items() if value is not None},
            typ=names.ATTESTATION_TYP,
        )

    def attest(self, **changes: Any) -> Answer:
        """Post an attestation; remembers the member id."""
        body = json_text.dumps({"attestation": self.attestation(**changes)})
        answer = self.ask("POST", "/members/attestations", body=body, kind="application/json")
        if answer.status == 200:
            self.member_id = answer.json["member_id"]
        return answer

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        kind: str = "application/fhir+json",
        **headers: str,
    ) -> Answer:
        """Make an authorized request; keyword headers use _ for -."""
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.base_url, method, path, headers=sent, body=body)

    def submit(self, body: bytes, *, digest_of: bytes | None = None) -> Answer:
        """Post a transaction with its Content-Digest."""
        digest = base64.b64encode(hashlib.sha256(digest_of or body).digest()).decode()
        return self.ask("POST", "/fhir", body=body, Content_Digest=f"sha-256=:{digest}:")

    def build(self, *, signer: Any = None, issuer: str | None = None, **changes: Any) -> BuiltCase:
        """Build a case of this hospital, asked a minute ago."""
        now = clock.now() - timedelta(minutes=1)
        case_id = changes.pop("case_id", tokens.new_case_id())
        facts = {
            "case_id": case_id,
            "authored_on": now,
            "due": now + timedelta(hours=4),
            "prepared_at": now,
            "requester_member": self.member_id,
            "prepared_by": self.member_id,
            "issuer": issuer or self.client_id,
            "receipt_id": tokens.new_uuid(),
            **{name: value for name, value in changes.items() if name in _ORDER_FIELDS},
        }
        rest = {name: value for name, value in changes.items() if name not in _ORDER_FIELDS}
        return case_bundle.build_case(
            wire.sealed(case_id=case_id, **rest), wire.order(**facts), signer or self.key
        )

    def send_case(self, **changes: Any) -> str:
        """Submit a fresh case; return its Task id."""
        answer = self.submit(self.build(**changes).body)
        assert answer.status == 200, answer.body
        return task_id_of(answer.json)

    def task(self, task_id: str) -> dict[str, Any]:
        """Read a Task."""
        answer = self.ask("GET", f"/fhir/Task/{task_id}")
        assert answer.status == 200, answer.body
        return answer.json

    def put(self, resource: dict[str, Any], *, version: str | None = None) -> Answer:
        """PUT a resource with If-Match (by default the version that it says it is)."""
        kind, identity = resource["resourceType"], resource["id"]
        held = version or str(resource["meta"]["versionId"])
        return self.ask(
            "PUT",
            f"/fhir/{kind}/{identity}",
            body=json_text.dumps(resource),
            If_Match=f'W/"{held}"',
        )

    def reply(self, task_id: str, text: str = "eGFR 41, stable.", **changes: Any) -> bytes:
        """Build the reply to a question back; return the bytes."""
        task = self.task(task_id)
        thread = self.ask("GET", f"/fhir/Communication?part-of=Task/{task_id}&_sort=sent").json
        last = thread["entry"][-1]["resource"]
        case_id = task["groupIdentifier"]["value"]
        place = ThreadPlace(
            base_url=f"{self.base_url}/fhir",
            task=task,
            request_key=(names.SID_REQUEST, f"{case_id}.request.1"),
            subject_key=(names.SID_SUBJECT, f"{case_id}.subject.1"),
            answers=f"Communication/{last['id']}",
            answers_key=(names.SID_MESSAGE, last["identifier"][0]["value"]),
            message_n=len(thread["entry"]) + 1,
        )
        order = ReplyOrder(
            reply_n=1,
            snapshot_n=2,
            sender=self.member_id,
            recipient=last["sender"]["identifier"]["value"],
            prepared_at=clock.now(),
            issuer=self.client_id,
            receipt_id=tokens.new_uuid(),
        )
        sealed = wire.sealed(
            case_id=case_id, texts={"reply": text}, with_data=changes.pop("with_data", False)
        )
        return clarification.build_reply(sealed, place, order, self.key).body


_ORDER_FIELDS = frozenset(
    {
        "submission_n",
        "specialty",
        "question_type",
        "urgency",
        "authored_on",
        "due",
        "requester_member",
        "prepared_by",
        "prepared_at",
        "receipt_id",
    }
)


def task_id_of(response: dict[str, Any]) -> str:
    """Return the Task id of a transaction response."""
    for entry in response["entry"]:
        location = str(entry["response"].get("location", ""))
        if "/Task/" in location:
            return location.split("/Task/", 1)[1].split("/", 1)[0]
    raise AssertionError("no Task in the response")


@dataclass
class World:
    """A running consult server with two hospitals."""

    base_url: str
    services: ConsultServices
    a: Hospital
    b: Hospital

    def specialist(self, member_id: str = CARDIOLOGIST, at: datetime | None = None) -> SignedIn:
        """Return a signed-in demo specialist."""
        from consult.store import specialists  # noqa: PLC0415 - only this helper needs it

        with self.services.reading() as unit:
            found = specialists.find(unit, member_id)
        assert found is not None
        return SignedIn(specialist=found, proved_at=at or clock.now())

    def code(self, login: str) -> str:
        """Return a specialist's present authenticator code."""
        return sign_in.sandbox_code(self.services, login)[1]


def make_settings(folder: Path, base_url: str) -> Settings:
    """Return sandbox settings for a consult server at this address."""
    return settings.load(overrides={"data_dir": str(folder), "consult_url": base_url})


@contextmanager
def running(folder: Path, database_url: str | None = None) -> Iterator[World]:
    """Run a consult server with the demo specialists and hospitals `a` and `b`.

    A database of another kind comes with its `TABLES` in it.
    """
    database = open_database(database_url or databases.sqlite(folder / "consult.db", TABLES))
    keyring = Keyring.open(folder / "consult.keys", create=True)
    built: list[ConsultServices] = []

    def build(base_url: str) -> Any:
        wanted = make_settings(folder, base_url)
        made = services.build(wanted, database, keyring)
        built.append(made)
        return create_app(made, wanted)

    with served(build) as base_url:
        world = World(
            base_url=base_url,
            services=built[0],
            a=Hospital(base_url, "hospital-a", jose.new_signing_key("ES384")),
            b=Hospital(base_url, "hospital-b", jose.new_signing_key("ES384")),
        )
        demo_network.open_demo_network(
            world.services,
            tenant_id="tenant-a",
            client_id=world.a.client_id,
            keys=[world.a.key.public_jwk()],
        )
        with world.services.writing() as unit:
            tenants.register(
                unit,
                tenant_id="tenant-b",
                client_id=world.b.client_id,
                keys=[world.b.key.public_jwk()],
                now=clock.now(),
            )
        for hospital in (world.a, world.b):
            hospital.sign_in()
            assert hospital.attest().status == 200
        yield world
    database.dispose()


def signed_in_earlier(signed_in: SignedIn, minutes: int) -> SignedIn:
    """Return the same sign-in as if it had been made earlier."""
    return replace(signed_in, proved_at=clock.now() - timedelta(minutes=minutes))
