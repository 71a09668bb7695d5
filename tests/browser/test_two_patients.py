"""Two charts open in one browser, and one launch opened in a second window."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.live_server import served
from tests.support.people import SLOW, Doctor, Specialist

pytestmark = pytest.mark.browser

ELISAS = replace(
    ADELA,
    specialty="394583002",
    specialist="lindqvist",
    question="Adrenal crisis or not: is a morning cortisol of 9 enough to rule it out?",
)
CHERYLLS = replace(
    ELISAS,
    question="Thyrotropin 0.01 on amiodarone: stop the drug, or treat and watch?",
    answer={**ADELA.answer, "bottom_line": "Treat and watch; do not stop amiodarone yet."},
)


def test_t10_two_patients_in_two_frames_of_one_browser_never_mix(
    demo: DemoPlan, tmp_path: Path
) -> None:
    with browser(tmp_path / "doctor") as hospital, browser(tmp_path / "desk") as desk:
        elisas, cherylls = _asked_for_both(demo, hospital)
        specialist = Specialist(plan=demo, page=desk.new_page(), story=CHERYLLS)
        specialist.sign_in()
        link = specialist.page.get_by_role("link", name=CHERYLLS.question)
        for _ in range(60):
            if link.count():
                break
            specialist.page.wait_for_timeout(500)
            specialist.page.reload()
        link.click()
        specialist.claim()
        specialist.write_answer()
        specialist.sign()

        _only_its_own_answer(elisas, cherylls)
        _foreign_case_is_refused(elisas, cherylls)


def _asked_for_both(demo: DemoPlan, hospital: BrowserContext) -> tuple[Doctor, Doctor]:
    elisas = Doctor(
        plan=demo,
        page=hospital.new_page(),
        story=ELISAS,
        persona="elisa",
        called="Mrs Johnson",
        account=2,
    )
    cherylls = replace(
        elisas, page=hospital.new_page(), story=CHERYLLS, persona="cheryll", called="Mrs Hegmann"
    )
    elisas.sign_in()
    for doctor in (elisas, cherylls):
        doctor.launch()
    for doctor in (elisas, cherylls):
        doctor.fill_question(doctor.app())
    # both forms are filled before either goes on
    for doctor, own, other in ((elisas, "Elisa", "Cheryll"), (cherylls, "Cheryll", "Elisa")):
        app = doctor.app()
        doctor.check(app)
        expect(app.get_by_role("region", name="Patient")).to_contain_text(own)
        expect(app.locator("main")).to_contain_text(doctor.story.question)
        expect(app.locator("body")).not_to_contain_text(other)
    for doctor in (cherylls, elisas):
        doctor.approve(doctor.app())
    return elisas, cherylls


def _only_its_own_answer(elisas: Doctor, cherylls: Doctor) -> None:
    answer = cherylls.app().get_by_role("link", name="Read the answer")
    expect(answer).to_be_visible(timeout=SLOW)
    answer.click()
    bottom_line = CHERYLLS.answer["bottom_line"]
    expect(cherylls.app().get_by_role("heading", name=bottom_line)).to_be_visible()
    cherylls.see_filed(cherylls.app())
    expect(elisas.app().get_by_role("heading", name="Sent. Answer by")).to_be_visible()
    for doctor in (cherylls, elisas):
        doctor.open_chart()
    expect(cherylls.page.get_by_text(bottom_line).first).to_be_visible()
    expect(elisas.page.get_by_role("heading", name="Problems")).to_be_visible()
    expect(elisas.page.get_by_text(bottom_line)).to_have_count(0)


def _foreign_case_is_refused(elisas: Doctor, cherylls: Doctor) -> None:
    cases = []
    for doctor in (elisas, cherylls):
        doctor.launch()
        app = doctor.app()
        expect(app.get_by_role("heading", name="Your questions")).to_be_visible(timeout=SLOW)
        question = app.locator("h3 a[href*='/case/']").first
        cases.append(str(question.get_attribute("href")))
        assert app.locator("h3 a[href*='/case/']").count() == app.locator("h3 a").count()
    (own, foreign) = cases
    app = elisas.app()
    handle, case_id = own.rsplit("/case/", 1)[0], foreign.rsplit("/", 1)[1]
    app.goto(f"{elisas.plan.gateway_url}{handle}/case/{case_id}")
    expect(app.get_by_role("heading", name="Not in this chart")).to_be_visible()
    assert case_id not in own


def test_open_wide_and_new_tab_open_the_launch_once_more(demo: DemoPlan, tmp_path: Path) -> None:
    with browser(tmp_path) as hospital:
        doctor = Doctor(
            plan=demo, page=hospital.new_page(), persona="ivo", called="Ivo Tarrandale", account=1
        )
        doctor.sign_in()
        doctor.launch()
        doctor.begin(doctor.app())
        doctor.app().locator("#question").fill("Still here while the window widens?")

        with hospital.expect_page() as opened:
            doctor.app().get_by_role("button", name="Open wide").click()
        wide = opened.value
        wide.get_by_role("button", name="Open it here").click()
        expect(wide.get_by_role("region", name="Patient")).to_contain_text("Ivo")
        expect(doctor.app().locator("#question")).to_have_value(
            "Still here while the window widens?"
        )
        used = _hand_off_address(hospital, doctor)
        again = hospital.new_page()
        again.goto(used)
        again.get_by_role("button", name="Open it here").click()
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
        expect(tab.get_by_role("region", name="Patient")).to_contain_text("Ivo")
        expect(tab.get_by_role("button", name="Open wide")).to_have_count(0)


def _hand_off_address(hospital: BrowserContext, doctor: Doctor) -> str:
    """The address that a hand-off used up: seen on the wire, as the history would keep it."""
    seen: list[str] = []
    hospital.on("request", lambda request: seen.append(request.url))
    with hospital.expect_page() as opened:
        doctor.app().get_by_role("button", name="Open wide").click()
    opened.value.get_by_role("button", name="Open it here").click()
    expect(opened.value.get_by_role("region", name="Patient")).to_be_visible()
    return next(url for url in seen if "/window/" in url)


def test_t09_a_foreign_page_cannot_frame_the_app(demo: DemoPlan, tmp_path: Path) -> None:
    foreign = Flask("foreign")
    foreign.get("/")(lambda: f'<iframe src="{demo.gateway_url}/"></iframe>')
    with served(lambda _url: foreign) as url, browser(tmp_path) as somebody:
        page = somebody.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(url)
        frame = page.locator("iframe").element_handle().content_frame()
        assert frame is not None
        assert "Confer" not in frame.content()
        assert any("frame-ancestors" in text for text in said)
