"""No mouse: the doctor from the chart to sent, the specialist from sign-in to signed."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support import consult_world
from tests.support.chromium import browser
from tests.support.keyboard import Keyboard
from tests.support.people import SLOW, STATEMENTS, Doctor

pytestmark = pytest.mark.browser


def test_a_doctor_asks_with_the_keyboard_and_always_sees_the_focus(
    demo: DemoPlan, tmp_path: Path
) -> None:
    story = replace(ADELA, specialty="394807007", specialist="banerjee")
    with browser(tmp_path) as hospital:
        doctor = Doctor(
            plan=demo, page=hospital.new_page(), story=story, persona="karena", account=1
        )
        doctor.sign_in()
        doctor.open_chart()
        keys = Keyboard(page=doctor.page)
        keys.press(doctor.page, "a.e-ask")
        app = doctor.app()
        form, new = app.locator("#question-form"), app.locator("form[action$='/new'] button")
        expect(form.or_(new)).to_be_visible(timeout=SLOW)
        if new.is_visible():
            keys.press(app, "form[action$='/new'] button")
            expect(form).to_be_visible(timeout=SLOW)
        keys.choose(app, "specialty", story.specialty)
        keys.choose(app, "question_type", story.question_type)
        keys.write(app, "#question", story.question)
        keys.write(app, "#thinking", "Watch potassium overnight.")
        keys.choose(app, "urgency", story.urgency)
        keys.press(app, "#question-form .cf-bar button")
        expect(app.locator("input[name=looked]")).to_be_visible(timeout=SLOW)
        for line in app.locator(STATEMENTS).all():
            place = (
                f"input[name={line.get_attribute('name')}][value='{line.get_attribute('value')}']"
            )
            keys.press(app, place, "Space")
        keys.press(app, "#send button")
        expect(app.locator("[aria-current=step]")).to_contain_text("Sent", timeout=SLOW)
    assert keys.lost == []


def test_the_keyboard_notices_a_focus_that_is_not_drawn(tmp_path: Path) -> None:
    with browser(tmp_path) as context:
        page = context.new_page()
        page.set_content("<a id=one href=#>1</a><a id=two href=#>2</a>")
        page.add_style_tag(content="#one:focus { outline: none } #two:focus { outline: 3px solid }")
        keys = Keyboard(page=page)
        keys.tab_to(page, "#two")
    assert [line.rsplit(" ", 3)[1:] for line in keys.lost] == [["one:", "not", "drawn"]]


def test_a_specialist_signs_with_the_keyboard_and_always_sees_the_focus(tmp_path: Path) -> None:
    with consult_world.running(tmp_path) as world, browser(tmp_path / "desk") as desk:
        world.a.send_case()
        page = desk.new_page()
        page.goto(f"{world.base_url}/desk/sign-in")
        keys = Keyboard(page=page)
        keys.press(page, "#sign-in-okafor button")
        page.wait_for_url("**/desk/inbox")
        keys.press(page, ".cf-case h3 a")
        page.wait_for_url("**/desk/cases/*")
        keys.press(page, "#claim button")
        expect(page.locator("#answer")).to_be_visible()
        for name in ("bottom_line", "what-1", "how-1", "rationale", "change_my_mind"):
            keys.write(page, f"#{name}", ADELA.answer[name])
        keys.choose(page, "in_person_review", ADELA.answer["in_person_review"])
        keys.choose(page, "outcome", ADELA.answer["outcome"])
        keys.choose(page, "confidence", ADELA.answer["confidence"])
        keys.press(page, "#accept", "Space")
        keys.press(page, "#answer button:not([formaction])")
        expect(page.get_by_role("heading", name="Signed and sent")).to_be_visible()
    assert keys.lost == []
