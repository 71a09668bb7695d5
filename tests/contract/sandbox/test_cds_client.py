"""The EHR as a CDS Hooks client: what it sends, and what it does when nobody answers."""

from collections.abc import Iterator
from typing import Any

import pytest
import responses
from requests import PreparedRequest

from runtime import jose, json_text
from runtime.errors import JoseRefused
from sandbox import cds_client, charts
from sandbox.cds_client import CdsClient
from sandbox.personas import Account
from tests.support.sandbox_ehr import ADELA, DOCTOR, EHR, SandboxEhr

BASE = "http://127.0.0.1:8401/cds-services"
OFFERED = {
    "hook": "patient-view",
    "id": "view",
    "prefetch": {
        "patient": "Patient/{{context.patientId}}",
        "doctor": "Practitioner/{{userPractitionerId}}",
        "labs": "Observation?patient={{context.patientId}}",
        "later": "Encounter/{{context.encounterId}}",
    },
}
CARD: dict[str, Any] = {
    "uuid": "4e0a3a1e-3ebd-4575-ae68-028d2d84d505",
    "summary": "An answer is here.",
    "indicator": "info",
    "source": {"label": "Confer"},
    "links": [
        {
            "label": "Read",
            "url": "http://127.0.0.1:8401/launch",
            "type": "smart",
            "appContext": "sealed",
        }
    ],
}


class Service:
    """A CDS service that checks who calls and keeps what was sent."""

    def __init__(self, ehr: SandboxEhr, *, hook: str = "patient-view") -> None:
        self.offered = {**OFFERED, "hook": hook}
        self.keys = ehr.browser().get("/auth/cds-jwks", base_url=EHR).get_json()["keys"]
        self.seen: set[str] = set()
        self.bodies: list[dict[str, Any]] = []

    def serve(self, world: responses.RequestsMock) -> None:
        """Register the addresses."""
        world.add_callback("GET", BASE, lambda r: self._checked(r, {"services": [self.offered]}))
        world.add_callback("POST", f"{BASE}/view", lambda r: self._checked(r, {"cards": [CARD]}))
        world.add_callback("POST", f"{BASE}/view/feedback", lambda r: self._checked(r, {}))

    def _checked(self, request: PreparedRequest, answer: Any) -> tuple[int, dict[str, str], bytes]:
        token = str(request.headers["Authorization"]).removeprefix("Bearer ")
        try:
            claims = jose.verify(
                token,
                self.keys,
                typ="JWT",
                algorithms=["ES384"],
                issuer=EHR,
                audience=request.url,
                require=("exp", "iat", "jti"),
                max_lifetime=300,
            )
        except JoseRefused:
            return 401, {}, b"{}"
        assert claims["jti"] not in self.seen
        self.seen.add(claims["jti"])
        if request.body:
            body = request.body if isinstance(request.body, bytes) else request.body.encode()
            self.bodies.append(json_text.loads(body))
        return 200, {"Content-Type": "application/json"}, json_text.dumps(answer)


@pytest.fixture(scope="module")
def registered(ehr: SandboxEhr) -> SandboxEhr:
    earlier = "http://127.0.0.1:1/cds-services"  # where the gateway was before it moved
    for address in (earlier, BASE):
        with ehr.services.database.transaction() as session:
            cds_client.register(session, base_url=address, client_id="confer-app")
    return ehr


@pytest.fixture
def world() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def _doctor(ehr: SandboxEhr) -> Account:
    with ehr.services.database.read() as session:
        return charts.account(session, DOCTOR)


def test_a_call_proves_itself_and_sends_what_was_asked_for(
    registered: SandboxEhr, world: responses.RequestsMock
) -> None:
    service = Service(registered)
    service.serve(world)
    client, doctor = CdsClient(registered.services), _doctor(registered)
    view = client.patient_view(ADELA, doctor)
    assert [card.summary for card in view.cards] == ["An answer is here."]
    (sent,) = service.bodies
    assert sent["context"] == {
        "userId": f"Practitioner/{doctor.practitioner_id}",
        "patientId": ADELA,
    }
    assert sorted(sent["prefetch"]) == ["doctor", "patient"]
    assert sent["prefetch"]["patient"]["id"] == ADELA
    token = sent["fhirAuthorization"]["access_token"]
    read = registered.browser().get(
        f"/fhir/Patient/{ADELA}", base_url=EHR, headers={"Authorization": f"Bearer {token}"}
    )
    other = registered.browser().get(
        "/fhir/Observation", base_url=EHR, headers={"Authorization": f"Bearer {token}"}
    )
    assert (read.status_code, other.status_code) == (200, 403)
    client.patient_view(ADELA, doctor)
    discovered = [call for call in world.calls if call.request.method == "GET"]
    assert len(discovered) == 1


def test_a_drafted_referral_is_asked_about_with_its_specialty(
    registered: SandboxEhr, world: responses.RequestsMock
) -> None:
    service = Service(registered, hook="order-select")
    service.serve(world)
    client = CdsClient(registered.services)
    view = client.order_select(ADELA, _doctor(registered), specialty="394589003")
    assert len(view.cards) == 1
    (sent,) = service.bodies
    (entry,) = sent["context"]["draftOrders"]["entry"]
    order = entry["resource"]
    assert sent["context"]["selections"] == [f"ServiceRequest/{order['id']}"]
    assert (order["status"], order["subject"]) == ("draft", {"reference": f"Patient/{ADELA}"})
    assert order["performerType"]["coding"][0]["code"] == "394589003"


@pytest.mark.parametrize("status", [401, 403, 404, 412, 500])
def test_a_service_that_refuses_leaves_the_chart_as_it_is(
    registered: SandboxEhr, world: responses.RequestsMock, status: int
) -> None:
    world.add("GET", BASE, body=json_text.dumps({"services": [OFFERED]}))
    world.add("POST", f"{BASE}/view", status=status, body=b'{"resourceType":"OperationOutcome"}')
    view = CdsClient(registered.services).patient_view(ADELA, _doctor(registered))
    assert (view.cards, view.silent) == ((), False)


def test_a_service_that_is_down_or_babbles_is_said_to_be_silent(
    registered: SandboxEhr, world: responses.RequestsMock
) -> None:
    client, doctor = CdsClient(registered.services), _doctor(registered)
    assert client.patient_view(ADELA, doctor).silent is True
    world.add("GET", BASE, body=b"<html>")
    assert client.patient_view(ADELA, doctor).silent is True


def test_feedback_names_the_card_and_the_coded_reason(
    registered: SandboxEhr, world: responses.RequestsMock
) -> None:
    service = Service(registered)
    service.serve(world)
    client = CdsClient(registered.services)
    client.say(service_id="view", card=CARD["uuid"], outcome="overridden", reason="later")
    (said,) = service.bodies[0]["feedback"]
    assert (said["card"], said["outcome"]) == (CARD["uuid"], "overridden")
    assert said["overrideReason"]["reason"]["code"] == "later"
    assert said["outcomeTimestamp"]
