"""The desk's pages that one case does not show: empty, full, refused, taken, unknown."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from consult.service import ask_back, claim_case, open_case
from exchange import names
from runtime import clock
from tests.support import consult_world
from tests.support.chromium import browser
from tests.support.consult_world import World
from tests.support.desk_world import second_cardiologist
from tests.support.gallery import Gallery

pytestmark = pytest.mark.browser

QUESTIONS = (
    ("asap", 12, "Potassium 5.9 on spironolactone with new QRS widening: stop it now?"),
    ("asap", 36, "Complete heart block after a valve operation: pace tonight or watch?"),
    ("urgent", 190, "Troponin 40 to 44, no pain, creatinine 2.1: is this a coronary event?"),
    ("urgent", 130, "Atrial fibrillation on day 2 after surgery: anticoagulate before discharge?"),
    ("routine", 1270, "LVEF 38 % after chemotherapy, no symptoms: which drug first?"),
)


def test_every_other_page_of_the_desk_is_accessible_and_fits(tmp_path: Path) -> None:
    gallery = Gallery()
    with consult_world.running(tmp_path) as world, browser(tmp_path / "desk") as desk:
        page = desk.new_page()
        _refused_sign_in(world, page, gallery)
        page.locator("#sign-in-okafor button").click()
        expect(page.get_by_role("heading", name="Nothing is waiting for you")).to_be_visible()
        gallery.see(page, "desk-inbox-empty")
        page.goto(f"{world.base_url}/desk/answers")
        gallery.see(page, "desk-my-answers-empty")
        colleague = second_cardiologist(world)
        offered = _fill_inbox(world)
        page.goto(f"{world.base_url}/desk/inbox")
        expect(page.locator(".cf-case")).to_have_count(20)
        gallery.see(page, "desk-inbox-full")
        _forms_that_lack_something(page, gallery)
        page.goto(f"{world.base_url}/desk/cases/{offered}")
        claim_case.claim_case(world.services, colleague, offered)
        page.get_by_role("button", name="Claim this case").click()
        expect(page.get_by_role("heading", name="A colleague was faster")).to_be_visible()
        gallery.see(page, "desk-taken")
        page.goto(f"{world.base_url}/desk/cases/unknown")
        gallery.see(page, "desk-problem")
    assert gallery.found == {}


def _refused_sign_in(world: World, page: Page, gallery: Gallery) -> None:
    page.goto(f"{world.base_url}/desk/sign-in")
    page.locator("#user_name").fill("okafor")
    page.locator("#password").fill("wrong")
    page.locator("#code").fill("000000")
    page.locator("#sign-in button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    gallery.see(page, "desk-sign-in-refused")


def _fill_inbox(world: World) -> str:
    """Twenty cases: offered, claimed, one waiting for its asker; returns an offered one."""
    me = world.specialist()
    tasks = []
    for n in range(20):
        urgency, minutes, question = QUESTIONS[n % len(QUESTIONS)]
        due = clock.now() + timedelta(minutes=minutes + n)
        tasks.append(
            world.a.send_case(
                urgency=urgency,
                authored_on=due - names.URGENCIES[urgency],
                due=due,
                texts={"question": question, "thinking": "I would wait and repeat the test."},
            )
        )
    for task_id in tasks[:3]:
        claim_case.claim_case(world.services, me, task_id)
    ask_back.ask_back(world.services, me, tasks[2], text="What was the QTc this morning?")
    for task_id in (*tasks[1:3], *tasks[7:12]):
        open_case.open_case(world.services, me, task_id)  # read before: no longer new
    return tasks[4]


def _forms_that_lack_something(page: Page, gallery: Gallery) -> None:
    page.get_by_role("link", name=QUESTIONS[0][2]).first.click()
    page.locator("#bottom_line").fill("Stop it now.")
    page.get_by_role("button", name="Sign and send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#bottom_line")).to_have_value("Stop it now.")
    gallery.see(page, "desk-answer-lacks")
