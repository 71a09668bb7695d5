"""The whole loop with the mouse, the app framed cross-site, third-party cookies blocked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from confer.demo_plan import DemoPlan
from runtime import clock
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.people import SLOW, Doctor, Specialist, two_people

pytestmark = pytest.mark.browser


def test_question_goes_out_and_the_signed_answer_comes_back_into_the_chart(
    demo: DemoPlan, tmp_path: Path
) -> None:
    gallery = Gallery()
    with browser(tmp_path / "doctor") as hospital, browser(tmp_path / "desk") as desk:
        doctor, specialist = two_people(demo, hospital, desk)
        _ask(doctor, gallery)
        _ask_back(specialist, gallery)
        _reply(doctor, gallery)
        _answer(specialist, gallery)
        _read_and_decide(doctor, gallery)
    assert gallery.found == {}


def _ask(doctor: Doctor, gallery: Gallery) -> None:
    doctor.page.goto(f"{doctor.plan.ehr_url}/sign-in")
    gallery.see(doctor.page, "ehr-sign-in")
    doctor.sign_in()
    gallery.see(doctor.page, "ehr-patients")
    doctor.open_chart()
    gallery.see(doctor.page, "ehr-chart")
    _see_reading(doctor, gallery)
    app = doctor.app()
    doctor.fill_question(app)
    gallery.see(doctor.page, "ehr-chart-with-app")
    doctor.check(app)
    gallery.see(doctor.page, "preview-in-frame")
    with _standing_still(doctor, "**/watch/case/**"):
        doctor.approve(app)
        gallery.see(doctor.page, "sent-in-frame")


def _see_reading(doctor: Doctor, gallery: Gallery) -> None:
    # The form is there as soon as the patient is known; the rest of the chart comes meanwhile.
    with _standing_still(doctor, "**/watch/reading*"):
        doctor.launch()
        expect(doctor.app().locator("#question-form")).to_be_visible(timeout=SLOW)
        gallery.see(doctor.page, "form-in-frame")


@contextmanager
def _standing_still(doctor: Doctor, watched: str) -> Iterator[None]:
    """Let a page that goes on by itself wait until it has been looked at."""
    doctor.page.route(watched, lambda route: route.fulfill(status=204))
    yield
    doctor.page.unroute(watched)


def _ask_back(specialist: Specialist, gallery: Gallery) -> None:
    specialist.page.goto(f"{specialist.plan.consult_url}/desk/sign-in")
    gallery.see(specialist.page, "desk-sign-in")
    specialist.sign_in()
    specialist.wait_for_case()
    gallery.see(specialist.page, "desk-inbox")
    specialist.open_newest()
    gallery.see(specialist.page, "desk-case-offered")
    specialist.claim()
    specialist.ask_back()
    gallery.see(specialist.page, "desk-asked-back")


def _reply(doctor: Doctor, gallery: Gallery) -> None:
    app = doctor.app()
    expect(app.locator("#reply-form")).to_be_visible(timeout=SLOW)
    gallery.see(doctor.page, "question-back-in-frame")
    doctor.reply(app)
    gallery.see(doctor.page, "reply-preview-in-frame")
    doctor.send_reply(app)
    doctor.open_chart()  # the app is closed: what comes now is told by a card in the chart


def _answer(specialist: Specialist, gallery: Gallery) -> None:
    specialist.wait_for_reply()
    specialist.write_answer()
    gallery.see(specialist.page, "desk-answering")
    specialist.sign()
    gallery.see(specialist.page, "desk-signed")
    specialist.page.get_by_role("link", name="My answers").click()
    gallery.see(specialist.page, "desk-my-answers")


def _read_and_decide(doctor: Doctor, gallery: Gallery) -> None:
    card = doctor.page.get_by_role("link", name="Read the answer")
    deadline = clock.monotonic() + SLOW / 1000
    while not card.count() and clock.monotonic() < deadline:
        doctor.page.wait_for_timeout(250)
        doctor.open_chart()
    gallery.see(doctor.page, "ehr-chart-with-card")
    card.click()
    app = doctor.app()
    doctor.see_filed(app)
    gallery.see(doctor.page, "answer-in-frame")
    doctor.decide(app)
    gallery.see(doctor.page, "decided-in-frame")
    doctor.open_chart()
    bottom_line = doctor.page.get_by_text(doctor.story.answer["bottom_line"])
    expect(bottom_line.first).to_be_visible()
    gallery.see(doctor.page, "ehr-chart-with-answer")
    doctor.launch()
    expect(doctor.app().get_by_role("heading", name="Your questions")).to_be_visible(timeout=SLOW)
    gallery.see(doctor.page, "worklist-in-frame")
    doctor.page.goto(f"{doctor.plan.gateway_url}/s/unknown/")
    expect(doctor.page.get_by_role("heading", name="Open Confer from the chart")).to_be_visible()
    gallery.see(doctor.page, "problem")
