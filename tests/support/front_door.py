"""The gateway's pages with the EHR that launches them: real launches in a Flask test client."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import responses
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from launch.app_launch import Redirect
from launch.client import make_client
from runtime import settings
from runtime.outbound import OutboundClient
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.web.app import create_app
from tests.support.doctor_visitor import BASE
from tests.support.gateway import Hospital, hospital, persona_chart
from tests.support.launch_stores import ISSUER, MemorySecrets, make_site
from tests.support.smart_ehr import AUTH, SmartEhr, sent_by


@dataclass
class Aside:
    """Reads the chart of a launch at once, or leaves it: most sessions here need no chart."""

    on: bool = False

    def __call__(self, work: Callable[[], None]) -> None:
        """Do the work now or never."""
        if self.on:
            work()


@dataclass
class Front:
    """The gateway's pages, its EHR, and the charts of two patients."""

    app: Flask
    here: Hospital
    ehr: SmartEhr
    mock: responses.RequestsMock
    patients: dict[str, dict[str, Any]]
    aside: Aside
    folder: Path

    def begin(self, browser: FlaskClient) -> TestResponse:
        """Press the button in the chart."""
        return browser.get("/launch", query_string={"iss": ISSUER, "launch": "x"}, base_url=BASE)

    def callback(self, begun: TestResponse) -> dict[str, str]:
        """What the EHR sends the browser back with."""
        return self.ehr.authorize(sent_by(Redirect(method="GET", url=begun.location)))

    def launch(
        self, browser: FlaskClient, patient: str = "adela", *, read: bool = False, **context: Any
    ) -> str:
        """Launch the app in a browser; returns the handle."""
        self.aside.on = read
        self.ehr.context = {**SmartEhr(site=make_site()).context, **self.patients[patient]}
        self.ehr.context.update(context)
        back = self.callback(self.begin(browser))
        answer = browser.get("/callback", query_string=back, base_url=BASE)
        assert answer.status_code == 303, answer.text
        return answer.location.split("/s/")[1].split("/")[0]


@contextmanager
def front_door(folder: Path, workers: DeidWorkers) -> Iterator[Front]:
    """One gateway around the charts of two patients."""
    with (
        hospital(folder, workers=workers) as here,
        responses.RequestsMock(assert_all_requests_are_fired=False) as mock,
    ):
        smart = make_client(
            outbound=OutboundClient(allowed_origins=lambda _o: True, allow_loopback_http=True),
            sites=here.services.sites,
            states=here.services.smart.states,
            token_store=here.services.tokens,
            secrets=MemorySecrets(),
        )
        aside = Aside()
        here.services = replace(here.services, smart=smart, run_aside=aside)
        ehr = SmartEhr(site=make_site())
        ehr.serve(mock)
        mock.add("POST", f"{AUTH}/revoke", status=200)
        ehr.claims = {"fhirUser": f"{ISSUER}/Practitioner/junior"}
        ivo, ivos_id, ivos_visit = persona_chart("ivo")
        known = {(one["resourceType"], one["id"]) for one in here.chart.resources}
        here.chart.resources += [
            one for one in ivo.resources if (one["resourceType"], one["id"]) not in known
        ]
        app = create_app(here.services, settings.load(overrides={"data_dir": str(folder)}))
        patients = {
            "adela": {"patient": here.patient_id, "encounter": here.encounter_id},
            "ivo": {"patient": ivos_id, "encounter": ivos_visit},
        }
        yield Front(
            app=app, here=here, ehr=ehr, mock=mock, patients=patients, aside=aside, folder=folder
        )
