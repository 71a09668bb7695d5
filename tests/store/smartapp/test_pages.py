"""The doctor's pages over HTTP, without scripts: forms in, pages out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from runtime import settings, web_guard
from smartapp.gateway.acknowledge import acknowledge
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.send_case import send_case
from smartapp.web.app import create_app
from smartapp.web.session import COOKIE
from tests.support.doctor_visitor import BASE, Doctor, ask_and_approve, at_launch, moved_to
from tests.support.fake_network import opinion
from tests.support.gateway import INCLUDE, QUESTION, Hospital, hospital
from tests.support.launch_stores import make_site
from tests.support.memory_fhir import answer as http_answer

_FIRST_SCREEN = 50_000


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """Pages are the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


@pytest.fixture
def app(here: Hospital, tmp_path: Path) -> Flask:
    made = create_app(here.services, settings.load(overrides={"data_dir": str(tmp_path)}))
    made.testing = False
    return made


@pytest.fixture
def doctor(app: Flask, here: Hospital) -> Doctor:
    handle, _ = here.launch()
    return at_launch(app, handle)


def test_the_first_screen_is_light_and_carries_no_style_attribute(doctor: Doctor) -> None:
    assert 'id="question-form"' in doctor.get("/").text
    page = doctor.get("/ask")
    style = doctor.client.get(re.findall(r'href="(/assets/[^"]+)"', page.text)[0], base_url=BASE)
    assert len(page.data) + len(style.data) <= _FIRST_SCREEN
    assert len(re.findall(r'(?:src|href)="/assets/', page.text)) <= 5
    assert not re.search(r"<[^>]+\sstyle=", page.text)


def test_every_page_of_a_case_shows_whose_chart_is_open(doctor: Doctor) -> None:
    case_id = ask_and_approve(doctor)
    for path in ("/cases", f"/case/{case_id}"):
        assert "Adela Ruth Marrowby" in doctor.get(path).text


def test_a_page_needs_the_browser_that_launched(app: Flask, doctor: Doctor) -> None:
    stranger = app.test_client()
    answer = stranger.get(f"/s/{doctor.handle}/ask", base_url=BASE)
    assert answer.status_code == 401
    assert "Open Confer from the chart" in answer.text
    assert "Marrowby" not in answer.text


def test_a_form_without_its_token_or_from_elsewhere_changes_nothing(doctor: Doctor) -> None:
    doctor.get("/ask")
    foreign = doctor.post("/ask", origin="https://evil.example", **QUESTION)
    assert foreign.status_code == 403
    doctor.token = "forged"
    assert doctor.post("/ask", **QUESTION).status_code == 403


def test_what_is_missing_is_named_and_what_was_typed_is_kept(doctor: Doctor) -> None:
    doctor.get("/ask")
    page = doctor.post("/ask", **{**QUESTION, "thinking": ""})
    assert page.status_code == 422
    assert 'href="#thinking"' in page.text
    assert QUESTION["question"] in page.text


def test_the_preview_marks_every_removal_and_ends_with_approve(doctor: Doctor) -> None:
    doctor.get("/ask")
    doctor.post("/ask", **QUESTION, include=list(INCLUDE))
    page = doctor.get("/preview").text
    assert "No known identifier leaves" in page
    assert re.search(r'<ins class="cf-t">\[patient\]<sup>\d+</sup></ins>', page)
    assert page.index("Approve and send") > page.index("Receipt")
    assert " checked" not in page[page.index('name="looked"') :][:60]


def test_a_likely_word_can_be_given_back_and_hidden_again(doctor: Doctor) -> None:
    doctor.get("/ask")
    doctor.post("/ask", **{**QUESTION, "thinking": "She uses Tidesalt."}, include=["problems"])
    page = doctor.get("/preview").text
    place = re.search(r'name="give" value="(\w+)">Give back<span class="cf-vh"> Tidesalt', page)
    assert place
    doctor.post("/preview", give=place[1], reason="clinical_term")
    page = doctor.get("/preview").text
    assert re.search(r'<ins class="cf-t cf-t--back">Tidesalt', page)
    doctor.post("/preview", hide=place[1])
    assert "[likely name]" in doctor.get("/preview").text


def test_nothing_is_approved_without_the_consent_line(doctor: Doctor, here: Hospital) -> None:
    doctor.get("/ask")
    doctor.post("/ask", **QUESTION, include=list(INCLUDE))
    doctor.get("/preview")
    answer = doctor.post("/approve", revision="x", sha256="y")
    assert "/preview" in answer.location
    assert here.jobs.queued == {}


def test_the_sent_page_promises_a_clock_time_and_takes_back(doctor: Doctor, here: Hospital) -> None:
    case_id = ask_and_approve(doctor)
    page = doctor.get(f"/case/{case_id}").text
    assert re.search(r"min left, by \d\d:\d\d", page)
    assert doctor.path_of(doctor.post(f"/case/{case_id}/take-back")) == f"/case/{case_id}"
    assert "Taken back. Nothing has left." in doctor.get(f"/case/{case_id}").text
    assert here.network.bodies == []


def test_the_whole_way_of_a_case_by_forms(doctor: Doctor, here: Hospital) -> None:
    services, network = here.services, here.network
    case_id = ask_and_approve(doctor)
    send_case(services, f"{case_id}.submit.1")
    network.claim()
    network.ask_back("What does [patient] weigh?")
    collect_answers(services)
    assert "The specialist asks you something" in doctor.get(f"/case/{case_id}").text
    doctor.post(f"/case/{case_id}/reply", reply="71 kg, says Corwin Marrowby.")
    page = doctor.get(f"/case/{case_id}/reply").text
    assert "[relative 1]" in page
    revision = re.search(r'name="revision" value="([^"]+)"', page)
    sha256 = re.search(r'name="sha256" value="([^"]+)"', page)
    assert revision
    assert sha256
    doctor.post(
        f"/case/{case_id}/reply/approve", revision=revision[1], sha256=sha256[1], looked="yes"
    )
    send_case(services, f"{case_id}.reply.1")
    network.answer(opinion())
    collect_answers(services)
    filed = here.jobs.take("file")
    file_answer(services, filed["case"], filed["opinion"])
    acknowledge(services, filed["case"], filed["opinion"])
    page = doctor.get(f"/case/{case_id}/answer").text
    assert "Keep treating Adela Ruth Marrowby medically tonight" in page
    assert "In chart" in page
    assert doctor.post(f"/case/{case_id}/decision", decision="followed").status_code == 422
    doctor.post(
        f"/case/{case_id}/decision",
        decision="followed",
        plan="confirmed",
        referral="avoided",
        patient_value="4",
        doctor_value="5",
    )
    assert "Closed: followed" in doctor.get(f"/case/{case_id}/answer").text


def test_an_answer_that_could_not_be_filed_is_visibly_parked(
    doctor: Doctor, here: Hospital
) -> None:
    case_id = ask_and_approve(doctor)
    send_case(here.services, f"{case_id}.submit.1")
    here.network.claim()
    here.network.answer(opinion())
    collect_answers(here.services)
    here.chart.fail("POST DocumentReference", lambda: http_answer(403, {}))
    filed = here.jobs.take("file")
    assert file_answer(here.services, filed["case"], filed["opinion"]) == "parked"
    page = doctor.get(f"/case/{case_id}/answer").text
    assert "Needs a person" in page
    assert "File it again" in page
    assert "External opinion by Dr. Ines Halvorsen" in doctor.get(f"/case/{case_id}/text").text


def test_a_case_of_another_patient_is_not_shown_in_this_chart(
    doctor: Doctor, here: Hospital
) -> None:
    case_id = ask_and_approve(doctor)
    here.patient_id = "someone-else"
    other, _ = here.launch(wait=False)
    doctor = moved_to(doctor, other)
    assert doctor.get(f"/case/{case_id}").status_code == 404
    assert doctor.get(f"/case/{case_id}/answer").status_code == 404


def test_while_the_network_is_down_the_words_are_kept_and_the_page_says_so(
    doctor: Doctor, here: Hospital
) -> None:
    here.network.down = True
    doctor.get("/ask")
    doctor.post("/ask", **QUESTION, include=list(INCLUDE))
    page = doctor.get("/preview")
    assert page.status_code == 503
    assert "Your words are safe in this hospital" in page.text
    here.network.down = False
    assert "Approve and send" in doctor.get("/preview").text
    assert QUESTION["question"] in doctor.get("/ask").text


def test_a_chart_that_cannot_be_read_has_a_page_and_a_second_try(
    doctor: Doctor, here: Hospital
) -> None:
    here.chart.fail("metadata", lambda: http_answer(500, {}))
    doctor = moved_to(doctor, here.launch()[0])
    page = doctor.get("/")
    assert page.status_code == 503
    assert "The chart could not be read" in page.text
    doctor.post("/read-again")
    assert 'id="question-form"' in doctor.get("/").text


def test_a_section_that_fails_is_shown_as_incomplete_or_refused(
    doctor: Doctor, here: Hospital
) -> None:
    here.chart.fail("AllergyIntolerance", *[lambda: http_answer(403, {})] * 3)
    here.chart.fail("Condition", *[lambda: http_answer(500, {})] * 9)
    doctor = moved_to(doctor, here.launch()[0])
    page = doctor.get("/ask").text
    assert "Refused" in page
    assert "not allowed by the EHR" in page


def test_a_page_that_waits_is_told_when_something_changed(doctor: Doctor, here: Hospital) -> None:
    case_id = ask_and_approve(doctor)
    page = doctor.get(f"/case/{case_id}").text
    watch = re.search(r'data-watch="([^"]+)"', page)
    assert watch
    url = watch[1].replace("&amp;", "&")
    assert doctor.client.get(url, base_url=BASE).status_code == 204
    send_case(here.services, f"{case_id}.submit.1")
    assert doctor.client.get(url, base_url=BASE).status_code == 205


def test_open_wide_gives_a_window_with_a_cookie_of_its_own(app: Flask, doctor: Doctor) -> None:
    doctor.get("/ask")
    offered = re.search(r'id="wide-window" href="([^"]+)"', doctor.post("/wide").text)
    assert offered
    target = offered[1]
    window = app.test_client()
    # whoever only looks at the link, a mail scanner or a preview, uses nothing up
    assert "Open Confer in this window?" in window.get(target, base_url=BASE).text
    foreign = window.post(target, base_url=BASE, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    answer = window.post(target, base_url=BASE, headers={"Origin": BASE})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    for part in (COOKIE, "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in cookie
    assert window.post(target, base_url=BASE, headers={"Origin": BASE}).status_code == 401


def test_an_unknown_issuer_and_a_foreign_callback_have_pages(app: Flask) -> None:
    client = app.test_client()
    unknown = client.get("/launch?iss=https://evil.example/fhir&launch=x", base_url=BASE)
    assert unknown.status_code == 403
    assert "not registered" in unknown.text
    replayed = client.get("/callback?state=used&code=c", base_url=BASE)
    assert replayed.status_code == 401
    assert "Start Confer again" in replayed.text


def test_t09_the_pages_of_a_launch_are_framed_by_its_own_ehr_only(
    app: Flask, here: Hospital, doctor: Doctor
) -> None:
    other = make_site(
        site_id="south", issuer="https://south.example/fhir", frame_origin="https://south.example"
    )
    here.services.sites.put(other)
    front = app.test_client().get("/", base_url=BASE)
    both = "frame-ancestors https://ehr.example https://south.example"
    assert both in front.headers["Content-Security-Policy"]
    for path in ("/ask", "/", "/case/nothing"):
        policy = doctor.get(path).headers["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors https://ehr.example"), path


def test_every_route_below_a_launch_asks_for_it(app: Flask) -> None:
    open_routes = {
        endpoint
        for endpoint, policy in web_guard.policies_of(app).items()
        if policy is web_guard.PUBLIC
    }
    assert open_routes == {
        "assets.serve",
        "cds.preflight",  # a browser asks before it calls; every call itself brings a token
        "launch.start",
        "launch.callback",
        "launch.callback_of",
        "health.health",
        "health.ready",
        "keys.key_set",
    }


def _ask_page(app: Flask, here: Hospital, **launch: Any) -> str:
    handle, _ = here.launch(**launch)
    return at_launch(app, handle).get("/ask").text


def test_the_form_says_calmly_what_the_ehr_did_not_grant(app: Flask, here: Hospital) -> None:
    assert 'id="not-granted"' not in _ask_page(app, here)
    here.services.charts.granted[:] = ["system/Patient.rs"]  # type: ignore[attr-defined]
    page = _ask_page(app, here, not_granted=["labs", "notes", "coverage"])
    assert "does not let Confer read Labs and Notes; the specialist is told." in page
    assert "The answer cannot be filed by itself here" in page
