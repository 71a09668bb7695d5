"""The CDS Hooks client of this EHR: it calls the registered service when a chart is opened.

Each call carries a JWT of its own, the resources that the service asks for in advance, and a
token that reads this one chart for five minutes. An answer that takes longer than a second
is not waited for.

Spec: CDS Hooks 2.0
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fhir_server.errors import FhirServerError
from runtime import clock, json_text, signing_keys, tokens
from runtime.errors import JsonTextError, OutboundDown, OutboundForbidden
from runtime.jose import SigningKey
from runtime.outbound import OutboundAnswer, OutboundClient
from sandbox import cards, clients, grants, referrals
from sandbox.access import STAFF
from sandbox.cards import ShownCard
from sandbox.grants import Context
from sandbox.personas import Account
from sandbox.rows import CdsServiceRow
from sandbox.services import SandboxServices

KEY_PURPOSE: Final = "ehr-cds"
WAIT_SECONDS: Final = 1.0
_TOKEN_SECONDS = 300
_JWT_SECONDS = 120
_DISCOVER_AGAIN_SECONDS = 300.0
_SCOPES = "patient/Patient.rs user/Practitioner.rs"

# Any below: JSON of the wire.
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CardsView:
    """What the chart shows of decision support; `silent` when the service did not answer."""

    cards: tuple[ShownCard, ...] = ()
    silent: bool = False


@dataclass(frozen=True, kw_only=True)
class _Service:
    base_url: str
    client_id: str


def register(session: Session, *, base_url: str, client_id: str) -> None:
    """Register the CDS service of an app by the address of its discovery; an app has one."""
    session.execute(delete(CdsServiceRow).where(CdsServiceRow.client_id == client_id))
    session.merge(CdsServiceRow(base_url=base_url, client_id=client_id))
    session.flush()


def public_keys(services: SandboxServices) -> list[Json]:
    """The keys by which services know this client; made at first use."""
    with services.database.transaction() as session:
        _key(session, services)
        return signing_keys.public_keys(session, KEY_PURPOSE, include_retired=False)


def _key(session: Session, services: SandboxServices) -> SigningKey:
    return signing_keys.load_or_create(session, services.keyring, purpose=KEY_PURPOSE, alg="ES384")


class CdsClient:
    """Calls services on behalf of a doctor who looks at a chart; shared by threads."""

    def __init__(self, services: SandboxServices, *, outbound: OutboundClient | None = None):
        """Take the EHR; `outbound` is another way out in tests."""
        self._services = services
        self._outbound = outbound or OutboundClient(
            allowed_origins=self._is_registered,
            allow_loopback_http=True,
            connect_seconds=WAIT_SECONDS,
            read_seconds=WAIT_SECONDS,
            total_seconds=WAIT_SECONDS,
            max_bytes=200_000,
        )
        self._known: dict[str, tuple[float, list[Json]]] = {}

    def patient_view(self, patient_id: str, doctor: Account) -> CardsView:
        """Ask the registered service about a chart that is opened."""
        return self._asked("patient-view", _context(patient_id, doctor), doctor)

    def order_select(self, patient_id: str, doctor: Account, *, specialty: str) -> CardsView:
        """Ask the registered service about a referral that is drafted in a chart."""
        context = _context(patient_id, doctor)
        order = referrals.draft(patient_id, specialty, requester=context["userId"])
        chosen: Json = {
            "selections": [f"{order['resourceType']}/{order['id']}"],
            "draftOrders": {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": order}],
            },
        }
        return self._asked("order-select", {**context, **chosen}, doctor)

    def _asked(self, hook: str, context: Json, doctor: Account) -> CardsView:
        service = self._service()
        if service is None:
            return CardsView()
        found: list[ShownCard] = []
        try:
            for offered in self._offered(service, hook):
                asked = self._call(service, offered, context, doctor)
                answer = self._post(f"{service.base_url}/{offered['id']}", asked)
                found += cards.read(answer, service_id=str(offered["id"]), launch=self._launch)
        except (OutboundDown, OutboundForbidden, JsonTextError):
            return CardsView(silent=True)
        return CardsView(cards=tuple(found))

    def say(self, *, service_id: str, card: str, outcome: str, reason: str = "") -> None:
        """Tell the service what became of a card; nothing depends on whether it hears it."""
        service = self._service()
        if service is None:
            return
        verdict: Json = {
            "card": card,
            "outcome": outcome,
            "outcomeTimestamp": clock.now().isoformat(),
        }
        if reason:
            verdict["overrideReason"] = {"reason": {"code": reason, "system": cards.REASONS}}
        try:
            self._post(f"{service.base_url}/{service_id}/feedback", {"feedback": [verdict]})
        except (OutboundDown, OutboundForbidden, JsonTextError):
            return

    # --- the call -----------------------------------------------------------------------

    def _call(self, service: _Service, offered: Json, context: Json, doctor: Account) -> Json:
        patient_id = str(context["patientId"])
        return {
            "hook": offered["hook"],
            "hookInstance": tokens.new_uuid(),
            "fhirServer": self._services.places.fhir_base,
            "fhirAuthorization": self._authorization(service, patient_id, doctor),
            "context": context,
            "prefetch": self._prefetch(offered.get("prefetch") or {}, patient_id, doctor),
        }

    def _authorization(self, service: _Service, patient_id: str, doctor: Account) -> Json:
        now = clock.now()
        about = Context(account_id=doctor.account_id, patient_id=patient_id)
        with self._services.database.transaction() as session:
            granted = grants.open_grant(
                session, client_id=service.client_id, context=about, scopes=_SCOPES, now=now
            )
            token = grants.issue_access(
                session, granted.grant_id, scopes=_SCOPES, seconds=_TOKEN_SECONDS, now=now
            )
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": _TOKEN_SECONDS,
            "scope": _SCOPES,
            "subject": service.client_id,
            "patient": patient_id,
        }

    def _prefetch(self, wanted: Mapping[str, str], patient_id: str, doctor: Account) -> Json:
        """Fill the templates that read one resource; a search is left to the service."""
        facts = {
            "{{context.patientId}}": patient_id,
            "{{context.userId}}": f"Practitioner/{doctor.practitioner_id}",
            "{{userPractitionerId}}": doctor.practitioner_id,
        }
        sent: Json = {}
        with self._services.database.read() as session:
            for key, template in wanted.items():
                kind, _, logical_id = _filled(template, facts).partition("/")
                try:
                    stored = self._services.engine.read(session, kind, logical_id, caller=STAFF)
                except FhirServerError:
                    continue
                sent[key] = stored.resource
        return sent

    def _offered(self, service: _Service, hook: str) -> list[Json]:
        known = self._known.get(service.base_url)
        if known is None or clock.monotonic() - known[0] > _DISCOVER_AGAIN_SECONDS:
            answer = self._request("GET", service.base_url)
            found = _members(answer, "services")
            if answer.status != 200:
                return []
            known = (clock.monotonic(), found)
            self._known[service.base_url] = known
        return [one for one in known[1] if one.get("hook") == hook and "id" in one]

    def _post(self, url: str, body: Json) -> list[Json]:
        answer = self._request("POST", url, json_text.dumps(body))
        return _members(answer, "cards") if answer.status == 200 else []

    def _request(self, method: str, url: str, body: bytes | None = None) -> OutboundAnswer:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self._services.places.ehr_url,
            "aud": url,
            "iat": now,
            "exp": now + _JWT_SECONDS,
            "jti": tokens.new_uuid(),
        }
        with self._services.database.transaction() as session:
            token = _key(session, self._services).sign(claims, "JWT")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._outbound.request(method, url, label="cds_hook", headers=headers, body=body)

    # --- what is registered -------------------------------------------------------------

    def _service(self) -> _Service | None:
        with self._services.database.read() as session:
            row = session.scalars(select(CdsServiceRow).order_by(CdsServiceRow.base_url)).first()
            if row is None:
                return None
            return _Service(base_url=row.base_url, client_id=row.client_id)

    def _is_registered(self, origin: str) -> bool:
        service = self._service()
        return service is not None and clients.origin_of(service.base_url) == origin

    @property
    def _launch(self) -> Callable[[str], bool]:
        with self._services.database.read() as session:
            known = {app.launch_url for app in clients.apps(session)}
        return known.__contains__


def _context(patient_id: str, doctor: Account) -> Json:
    return {"userId": f"Practitioner/{doctor.practitioner_id}", "patientId": patient_id}


def _filled(template: str, facts: Mapping[str, str]) -> str:
    for token, value in facts.items():
        template = template.replace(token, value)
    return template


def _members(answer: OutboundAnswer, name: str) -> list[Json]:
    value = json_text.loads(answer.body) if answer.body else {}
    listed = value.get(name) if isinstance(value, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
