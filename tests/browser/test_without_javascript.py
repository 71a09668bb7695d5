"""Scripts off: the doctor asks and closes, the specialist answers and signs, framed as ever."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support.chromium import browser
from tests.support.people import SLOW, Doctor, Specialist

pytestmark = pytest.mark.browser

STORY = replace(ADELA, specialty="394579002", specialist="okafor")


def test_a_question_is_asked_answered_and_closed_without_javascript(
    demo: DemoPlan, tmp_path: Path
) -> None:
    with (
        browser(tmp_path / "doctor", java_script=False) as hospital,
        browser(tmp_path / "desk", java_script=False) as desk,
    ):
        doctor = Doctor(
            plan=demo,
            page=hospital.new_page(),
            story=STORY,
            account=1,
            persona="luisa",
            called="Mrs Carranza",
        )
        specialist = Specialist(plan=demo, page=desk.new_page(), story=STORY)
        doctor.sign_in()
        doctor.launch()
        app = doctor.app()
        doctor.fill_question(app)
        doctor.check(app)
        doctor.approve(app)

        specialist.sign_in()
        specialist.answer_new_case()

        _look_again_until_answered(doctor)
        app.get_by_role("link", name="Read the answer").click()
        expect(app.get_by_role("heading", name=STORY.answer["bottom_line"])).to_be_visible()
        doctor.decide(app)


def _look_again_until_answered(doctor: Doctor) -> None:
    app = doctor.app()
    for _ in range(SLOW // 1000):
        if app.get_by_role("link", name="Read the answer").count():
            return
        app.get_by_role("link", name="Look again").click()
        doctor.page.wait_for_timeout(1000)
    pytest.fail("the answer did not come")
