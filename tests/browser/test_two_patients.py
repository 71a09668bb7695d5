"""Two charts open in one browser, and one launch opened in a second window."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.people import SLOW, Doctor, Specialist

pytestmark = pytest.mark.browser

ADELAS = replace(
    ADELA,
    specialty="394583002",
    specialist="lindqvist",
    question="Adrenal crisis or not: is a morning cortisol of 9 enough to rule it out?",
)
IVOS = replace(
    ADELAS,
    question="Thyrotropin 0.01 on amiodarone: stop the drug, or treat and watch?",
    answer={**ADELA.answer, "bottom_line": "Treat and watch; do not stop amiodarone yet."},
)


def test_two_patients_in_two_frames_of_one_browser_never_mix(
    demo: DemoPlan, tmp_path: Path
) -> None:
    with browser(tmp_path / "doctor") as hospital, browser(tmp_path / "desk") as desk:
        adelas, ivos = _asked_for_both(demo, hospital)
        specialist = Specialist(plan=demo, page=desk.new_page(), story=IVOS)
        specialist.sign_in()
        link = specialist.page.get_by_role("link", name=IVOS.question)
        for _ in range(60):
            if link.count():
                break
            specialist.page.wait_for_timeout(500)
            specialist.page.reload()
        link.click()
        specialist.claim()
        specialist.write_answer()
        specialist.sign()

        _only_its_own_answer(adelas, ivos)
        _foreign_case_is_refused(adelas, ivos)


def _asked_for_both(demo: DemoPlan, hospital: BrowserContext) -> tuple[Doctor, Doctor]:
    adelas = Doctor(plan=demo, page=hospital.new_page(), story=ADELAS, account=2)
    ivos = replace(
        adelas, page=hospital.new_page(), story=IVOS, persona="ivo", called="The patient"
    )
    adelas.sign_in()
    for doctor in (adelas, ivos):
        doctor.launch()
    for doctor in (adelas, ivos):
        doctor.fill_question(doctor.app())
    # both forms are filled before either goes on
    for doctor, own, other in ((adelas, "Adela", "Ivo"), (ivos, "Ivo", "Adela")):
        app = doctor.app()
        doctor.check(app)
        expect(app.get_by_role("region", name="Patient")).to_contain_text(own)
        expect(app.locator("main")).to_contain_text(doctor.story.question)
        expect(app.locator("body")).not_to_contain_text(other)
    for doctor in (ivos, adelas):
        doctor.approve(doctor.app())
    return adelas, ivos


def _only_its_own_answer(adelas: Doctor, ivos: Doctor) -> None:
    answer = ivos.app().get_by_role("link", name="Read the answer")
    expect(answer).to_be_visible(timeout=SLOW)
    answer.click()
    bottom_line = IVOS.answer["bottom_line"]
    expect(ivos.app().get_by_role("heading", name=bottom_line)).to_be_visible()
    expect(ivos.app().get_by_text("In chart").first).to_be_visible(timeout=SLOW)
    expect(adelas.app().get_by_role("heading", name="Sent. Answer by")).to_be_visible()
    for doctor, times in ((ivos, 1), (adelas, 0)):
        doctor.open_chart()
        expect(doctor.page.get_by_text(bottom_line)).to_have_count(times)


def _foreign_case_is_refused(adelas: Doctor, ivos: Doctor) -> None:
    cases = []
    for doctor in (adelas, ivos):
        doctor.launch()
        app = doctor.app()
        expect(app.get_by_role("heading", name="Your questions")).to_be_visible(timeout=SLOW)
        question = app.locator("h3 a[href*='/case/']").first
        cases.append(str(question.get_attribute("href")))
        assert app.locator("h3 a[href*='/case/']").count() == app.locator("h3 a").count()
    (own, foreign) = cases
    app = adelas.app()
    handle, case_id = own.rsplit("/case/", 1)[0], foreign.rsplit("/", 1)[1]
    app.goto(f"{adelas.plan.gateway_url}{handle}/case/{case_id}")
    expect(app.get_by_role("heading", name="Not in this chart")).to_be_visible()
    assert case_id not in own


def test_open_wide_and_new_tab_open_the_launch_once_more(demo: DemoPlan, tmp_path: Path) -> None:
    with browser(tmp_path) as hospital:
        doctor = Doctor(plan=demo, page=hospital.new_page(), account=1)
        doctor.sign_in()
        doctor.launch()
        doctor.begin(doctor.app())
        doctor.app().locator("#question").fill("Still here while the window widens?")

        with hospital.expect_page() as opened:
            doctor.app().get_by_role("button", name="Open wide").click()
        wide = opened.value
        expect(wide.get_by_role("region", name="Patient")).to_contain_text("Adela")
        expect(doctor.app().locator("#question")).to_have_value(
            "Still here while the window widens?"
        )
        used = _hand_off_address(hospital, doctor)
        again = hospital.new_page()
        again.goto(used)
        expect(again.get_by_role("heading", name="This link was used already")).to_be_visible()

        doctor.open_chart()
        with hospital.expect_page() as opened:
            doctor.page.get_by_role("link", name="in a new tab").click()
        tab = opened.value
        doctor.fill_question(tab)
        doctor.check(tab)
        gallery = Gallery()
        gallery.see(tab, "preview-wide")
        assert gallery.found == {}
        expect(tab.get_by_role("region", name="Patient")).to_contain_text("Adela")
        expect(tab.get_by_role("button", name="Open wide")).to_have_count(0)


def _hand_off_address(hospital: BrowserContext, doctor: Doctor) -> str:
    """The address that a hand-off used up: seen on the wire, as the history would keep it."""
    seen: list[str] = []
    hospital.on("request", lambda request: seen.append(request.url))
    with hospital.expect_page() as opened:
        doctor.app().get_by_role("button", name="Open wide").click()
    expect(opened.value.get_by_role("region", name="Patient")).to_be_visible()
    return next(url for url in seen if "/window/" in url)
