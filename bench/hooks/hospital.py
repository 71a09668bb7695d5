"""A hospital's gateway for the bench: a database full of cases, one registered EHR."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from launch.ports import CdsClient, Site, SiteId
from runtime import clock, settings, tokens
from runtime.database import Database, upgrade
from runtime.jose import SigningKey
from smartapp.gateway.patient_facts import demographics
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.site_roster import doctor_key
from smartapp.store import cases, vault
from smartapp.store.cases import Case
from smartapp.store.sealed import keyed_hash
from smartapp.store.vault import VaultLink

ISSUER = "https://ehr.bench.example"
SITE = SiteId("bench")
DOCTOR = "Practitioner/doctor"
Json = dict[str, Any]  # Any: JSON of the wire


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything is."""

    folder: Path
    gateway: str
    fhir: str

    def environment(self) -> dict[str, str]:
        """What the gateway is started with."""
        return {"CONFER_DATA_DIR": str(self.folder), "CONFER_GATEWAY_URL": self.gateway}

    def call(self, hook: str, about: Json, *, sent: Json | None, referral: bool = False) -> Json:
        """One call about a patient, who is sent along or not."""
        context: Json = {"userId": DOCTOR, "patientId": about["id"]}
        if referral:
            order = {
                "resourceType": "ServiceRequest",
                "id": "r",
                "status": "draft",
                "code": {"text": "Referral to nephrology"},
            }
            context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": order}]}
        return {
            "hook": hook,
            "hookInstance": tokens.new_uuid(),
            "fhirServer": self.fhir,
            "context": context,
            "prefetch": {"patient": sent} if sent else {},
        }


def patient(name: str) -> Json:
    """An invented patient."""
    return {
        "resourceType": "Patient",
        "id": f"bench-{name}",
        "birthDate": "1960-01-01",
        "name": [{"family": f"Bench{name}", "given": ["A"]}],
    }


def claims(url: str) -> Json:
    """What a call says of itself."""
    now = int(clock.now().timestamp())
    return {"iss": ISSUER, "aud": url, "iat": now, "exp": now + 120, "jti": tokens.new_uuid()}


def fill(place: Place, *, key: SigningKey, cases: int) -> None:
    """Make the database: a site, one case that has its answer, and many of other patients."""
    from confer.wiring import gateway  # noqa: PLC0415 - reads settings of this place

    chosen = settings.load(overrides={"data_dir": str(place.folder), "gateway_url": place.gateway})
    database = gateway.open_gateway_database(chosen)
    upgrade(database, "smartapp.store.migrations")
    services = gateway.build(chosen, database)
    services.sites.put(
        Site(
            site_id=SITE,
            name="Bench",
            issuer=place.fhir,
            client_id="confer",
            client_auth="public",
            redirect_uri=f"{place.gateway}/callback",
            cds_client=CdsClient(issuer=ISSUER, keys=(key.public_jwk(),)),
        )
    )
    _add(services, database, "asked", count=1)
    _add(services, database, "somebody", count=cases)
    services.deid.close()
    database.dispose()


def _add(services: GatewayServices, database: Database, name: str, *, count: int) -> None:
    now = clock.now()
    with database.transaction() as session:
        for number in range(count):
            about = patient(name if count == 1 else f"{name}-{number}")
            case_id, case_key = tokens.new_case_id(), tokens.new_key()
            digests = demographics(about, case_key)
            link = VaultLink(
                case_id=case_id,
                site_id=SITE,
                patient={"patient": about["id"]},
                case_key=case_key,
                words={},
                birth_hash=digests.birth_hash,
                name_hash=digests.name_hash,
                question_time=now,
            )
            vault.add(session, services.keyring, link, now=now)
            cases.add(session, _case(services, case_id, str(about["id"])))


def _case(services: GatewayServices, case_id: str, patient_id: str) -> Case:
    now = clock.now()
    return Case(
        case_id=case_id,
        site_id=SITE,
        doctor_key=doctor_key(services, SITE, DOCTOR),
        patient_key=keyed_hash(services.index_key, "patient", SITE, patient_id),
        specialty="394589003",
        question_type="next-step",
        urgency="urgent",
        stage="filed",
        business_status="answered",
        task_ref=None,
        task_version=1,
        asked_at=now,
        due_at=now + timedelta(hours=4),
        changed_at=now,
        unread=True,
        decision=None,
        decision_sent=False,
    )
