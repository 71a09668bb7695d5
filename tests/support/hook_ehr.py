"""The EHR's side of hooks in a test: a chart, a CDS client that calls, questions in the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from runtime import clock, json_text, settings, tokens
from runtime.outbound import OutboundClient
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.patient_facts import demographics
from smartapp.hooks.app_context import Destination, open_destination
from smartapp.store import cases, vault
from smartapp.store.cases import Case
from smartapp.store.vault import VaultLink
from smartapp.web.app import create_app
from tests.support import cds_caller
from tests.support.cds_caller import DISCOVERY, GATEWAY, bearer, hook_call
from tests.support.gateway import Hospital, hospital

VIEW = f"{DISCOVERY}/confer-patient-view"
SIGN = f"{DISCOVERY}/confer-order-sign"


@contextmanager
def hooks_called(folder: Path, workers: DeidWorkers) -> Iterator["Ehr"]:
    """Set a gateway up whose EHR calls hooks; SQLite, since the tables have tests of their own."""
    with hospital(folder, workers=workers) as here:
        outbound = OutboundClient(allowed_origins={"https://ehr.example"}, allow_loopback_http=True)
        here.services = replace(here.services, hook_calls=outbound)
        here.services.sites.put(cds_caller.site_with_hooks())
        app = create_app(here.services, settings.load(overrides={"data_dir": str(folder)}))
        app.testing = False
        yield Ehr(app, here)


class Ehr:
    """The EHR's CDS client over HTTP."""

    def __init__(self, app: Flask, here: Hospital) -> None:
        self.client = app.test_client()
        self.here = here

    @property
    def patient(self) -> dict[str, Any]:
        """The chart's Patient, as it is now."""
        return next(r for r in self.here.chart.resources if r["resourceType"] == "Patient")

    def post(self, url: str, body: Any, *, token: str | None = None) -> TestResponse:
        """Call with a fresh token, or with this one."""
        return self.client.post(
            url.removeprefix(GATEWAY),
            base_url=GATEWAY,
            data=json_text.dumps(body),
            headers={"Authorization": token or bearer(url), "Content-Type": "application/json"},
        )

    def cards(self, url: str = VIEW, **changes: Any) -> list[dict[str, Any]]:
        """The cards of a call about the chart's patient."""
        if url == SIGN:
            changes.setdefault("hook", "order-sign")
        answer = self.post(url, hook_call(self.patient, **changes))
        assert answer.status_code == 200
        found: list[dict[str, Any]] = json_text.loads(answer.data)["cards"]
        return found

    def leads_to(self, card: dict[str, Any]) -> Destination | None:
        """Where the card's one link leads."""
        (link,) = card["links"]
        assert (link["type"], link["url"]) == ("smart", f"{GATEWAY}/launch")
        return open_destination(
            self.here.services.keyring,
            link["appContext"],
            site_id="north",
            patient_key=self.here.launch(wait=False)[1].patient_key,
        )


def question(here: Hospital, **changes: Any) -> str:
    """A question about the chart's patient as the tables hold it; answered unless changed."""
    patient = next(r for r in here.chart.resources if r["resourceType"] == "Patient")
    now, key, case_id = clock.now(), tokens.new_key(), tokens.new_case_id()
    digests = demographics(patient, key)
    asked = here.launch(wait=False)[1]
    link = VaultLink(
        case_id=case_id,
        site_id="north",
        patient={"patient": here.patient_id},
        case_key=key,
        words={},
        birth_hash=digests.birth_hash,
        name_hash=digests.name_hash,
        question_time=now,
    )
    facts: dict[str, Any] = {
        "stage": "answered",
        "business_status": "answered",
        "unread": True,
        "urgency": "asap",
        "doctor_key": asked.doctor_key,
        **changes,
    }
    case = Case(
        case_id=case_id,
        site_id="north",
        patient_key=asked.patient_key,
        specialty="394589003",
        question_type="next-step",
        task_ref=None,
        task_version=1,
        asked_at=now,
        due_at=now + timedelta(hours=1),
        changed_at=now,
        decision=None,
        decision_sent=False,
        **facts,
    )
    with here.database.transaction() as session:
        vault.add(session, here.services.keyring, link, now=now)
        cases.add(session, case)
    return case_id


def context(here: Hospital, **changes: Any) -> dict[str, Any]:
    """The context of a call about the chart's patient by the doctor who asks."""
    return {"userId": "Practitioner/junior", "patientId": here.patient_id, **changes}


def referral(here: Hospital, **changes: Any) -> dict[str, Any]:
    """The same with one drafted referral to nephrology."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "r",
        "status": "draft",
        "code": {"text": "Referral to nephrology"},
        "performerType": {
            "coding": [{"system": "http://snomed.info/sct", "code": "394589003"}],
        },
        **changes,
    }
    return context(here, draftOrders={"resourceType": "Bundle", "entry": [{"resource": order}]})
