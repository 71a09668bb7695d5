"""The chart while it is read, patients that stop a question, and the look before sending."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_adapters.ports import FhirSession
from launch.errors import PatientChanged, SignInOver, Step
from launch.ports import GrantId, Site
from runtime import clock, settings
from runtime.errors import OutboundDown
from runtime.outbound import OutboundAnswer
from smartapp.errors import ContextChanged, ContextUnknown, PatientStopped
from smartapp.gateway.approve_case import approve_case
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.prepare_case import prepare_case, save_question
from smartapp.gateway.question_form import read_form
from smartapp.gateway.reread_patient import require_same_patient
from smartapp.store import drafts
from smartapp.web.app import create_app
from tests.store.smartapp.conftest import Walk
from tests.support.doctor_visitor import at_launch
from tests.support.gateway import INCLUDE, QUESTION, Hospital, MemoryCharts, hospital


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """What is shown and refused is the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def _app(here: Hospital, folder: Path) -> Flask:
    return create_app(here.services, settings.load(overrides={"data_dir": str(folder)}))


def _patient(here: Hospital) -> dict[str, Any]:
    return next(r for r in here.chart.resources if r["id"] == here.patient_id)


def test_the_form_is_there_while_the_chart_is_still_being_read(
    here: Hospital, tmp_path: Path
) -> None:
    slow = threading.Event()
    reads = here.chart.get

    def held(address: str, *args: Any, **more: Any) -> OutboundAnswer:
        if address.startswith("Condition"):
            assert slow.wait(20)
        return reads(address, *args, **more)

    here.chart.get = held  # type: ignore[method-assign]
    threads: list[threading.Thread] = []

    def aside(work: Any) -> None:
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    here.services = replace(here.services, run_aside=aside)
    handle, _ = here.launch()
    doctor = at_launch(_app(here, tmp_path), handle)
    assert 'id="question-form"' in doctor.get("/").text
    form = doctor.get("/ask").text
    assert "Reading the chart:" in form
    assert "Adela Ruth Marrowby" in form
    assert re.search(r'value="problems" checked>.*?being read', form, re.DOTALL)
    # Without scripts the same words come back with what has been read since.
    looked = doctor.post("/ask", look="yes", question="Half a sent", include=["problems"])
    assert "Half a sent" in looked.text
    # The question is kept at once; what would leave is shown when the chart is there.
    assert doctor.path_of(doctor.post("/ask", **QUESTION, include=list(INCLUDE))) == "/preview"
    waiting = doctor.get("/preview").text
    assert "Reading the rest of the chart" in waiting
    watch = re.search(r'data-watch="([^"]+)"', waiting)
    assert watch
    slow.set()
    for thread in threads:
        thread.join()
    url = watch[1].replace("&amp;", "&").split(handle, 1)[1]
    assert doctor.get(url).status_code == 205
    parts = doctor.get("/watch/parts")
    assert parts.headers["X-More"] == "no"
    assert "being read" not in parts.text
    assert "Approve and send" in doctor.get("/preview").text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"link": [{"type": "replaced-by", "other": {"reference": "Patient/new"}}]},
            "joined to another one",
        ),
        ({"deceasedBoolean": True}, "has died"),
    ],
)
def test_a_merged_or_deceased_patient_stops_the_question_with_a_page(
    here: Hospital, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    _patient(here).update(change)
    handle, launch = here.launch()
    doctor = at_launch(_app(here, tmp_path), handle)
    for path in ("/", "/ask", "/preview"):
        page = doctor.get(path)
        assert (page.status_code, words in page.text) == (409, True)
    assert doctor.post("/ask", **QUESTION, include=list(INCLUDE)).status_code == 409
    save_question(here.services, launch, read_form(QUESTION, INCLUDE))
    with pytest.raises(PatientStopped):
        prepare_case(here.services, launch)
    assert here.network.bodies == []


def test_a_doctor_who_has_seen_it_may_ask_about_a_patient_who_died(
    here: Hospital, tmp_path: Path
) -> None:
    _patient(here)["deceasedDateTime"] = "2026-11-24"
    handle, _ = here.launch()
    doctor = at_launch(_app(here, tmp_path), handle)
    assert "Ask all the same" in doctor.get("/").text
    assert doctor.path_of(doctor.post("/go-on")) == "/"
    assert 'id="question-form"' in doctor.get("/").text
    assert "You chose to ask all the same" in doctor.get("/ask").text


def test_a_visit_of_another_patient_stops_the_question(here: Hospital, tmp_path: Path) -> None:
    encounter = next(r for r in here.chart.resources if r["id"] == here.encounter_id)
    encounter["subject"] = {"reference": "Patient/somebody-else"}
    handle, _ = here.launch()
    page = at_launch(_app(here, tmp_path), handle).get("/")
    assert (page.status_code, "another patient" in page.text) == (409, True)


def _look(walk: Walk) -> None:
    services = walk.here.services
    with walk.here.database.read() as session:
        draft = drafts.load(session, services.keyring, walk.launch.draft_id, now=clock.now())
    require_same_patient(services, walk.launch, draft)


def test_t34_a_visit_that_became_another_patient_s_sends_nothing_and_stays_refused(
    walk: Walk,
) -> None:
    revision = walk.prepare()
    visit = next(r for r in walk.here.chart.resources if r["id"] == walk.here.encounter_id)
    visit["subject"] = {"reference": "Patient/somebody-else"}
    # The window is no longer about one patient: not on the second try either.
    for refused in (ContextChanged, PatientStopped):
        with pytest.raises(refused):
            approve_case(
                walk.here.services,
                walk.launch,
                revision_id=revision.revision_id,
                sha256=revision.sha256,
            )
    assert walk.here.jobs.queued == {}


@pytest.mark.parametrize(
    "change",
    [
        {"birthDate": "1990-01-01"},
        {"name": [{"family": "Somebody"}]},
        {"link": [{"type": "replaced-by"}]},
    ],
)
def test_t34_another_person_under_the_same_id_is_seen_before_sending(
    walk: Walk, change: dict[str, Any]
) -> None:
    _look(walk)
    _patient(walk.here).update(change)
    with pytest.raises(ContextChanged):
        _look(walk)


class _NoDoctor(MemoryCharts):
    """A chart whose doctor's sign-in is over, or was given to another patient."""

    error: type[SignInOver] | type[PatientChanged] = SignInOver

    def of_doctor(self, site: Site, grant_id: GrantId) -> FhirSession:
        """Refuse."""
        raise self.error(step=Step.REFRESH)


def test_t34_a_token_that_is_now_for_another_patient_is_refused(walk: Walk) -> None:
    charts = _NoDoctor(walk.here.chart)
    charts.error = PatientChanged
    walk.here.services = replace(walk.here.services, charts=charts)
    with pytest.raises(ContextChanged):
        _look(walk)


def test_when_the_doctor_s_token_ran_out_the_gateway_looks_instead(walk: Walk) -> None:
    walk.here.services = replace(walk.here.services, charts=_NoDoctor(walk.here.chart))
    _look(walk)
    _patient(walk.here)["birthDate"] = "1990-01-01"
    with pytest.raises(ContextChanged):
        _look(walk)


def test_while_nobody_can_look_nothing_is_known(walk: Walk) -> None:
    def down() -> OutboundAnswer:
        raise OutboundDown(reason="timeout", label="test")

    for address in (f"Patient/{walk.here.patient_id}", "Encounter/"):
        walk.here.chart.fail(address, down)
        with pytest.raises(ContextUnknown):
            _look(walk)
    _look(walk)
