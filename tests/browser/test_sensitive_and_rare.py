"""The doctor sees what is sensitive and what is rare, and is rid of it with one click each."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Frame, expect

from confer.demo_plan import DemoPlan
from confer.walker.story import ADELA
from tests.support.chromium import browser
from tests.support.gallery import Gallery
from tests.support.people import SLOW, Doctor

pytestmark = pytest.mark.browser

STORY = replace(
    ADELA,
    question="Mother of quintuplets, hurt in the fireworks plant explosion: is it safe to wait?",
    thinking="I think {patient} is well. She has HIV. Her Tidesalt helps, more Tidesalt hurts.",
)


def test_rare_and_sensitive_facts_go_with_one_click_each(demo: DemoPlan, tmp_path: Path) -> None:
    with browser(tmp_path / "doctor") as hospital:
        page = hospital.new_page()
        doctor = Doctor(plan=demo, page=page, story=STORY, persona="wendell", called="he")
        gallery = Gallery()
        doctor.sign_in()
        doctor.launch()
        app = doctor.app()
        doctor.fill_question(app)
        doctor.check(app)
        expect(app.get_by_role("heading", name="This may point to one person")).to_be_visible()
        gallery.see(page, "sensitive-and-rare")

        app.locator("input[name=looked]").check()
        app.get_by_role("button", name="Approve and send").click()
        expect(app.get_by_role("heading", name="Check what leaves")).to_be_visible()

        _press(app, "Hide this word quintuplets")
        assert app.url.endswith("#risk")
        _press(app, "Hide this word explosion")
        _press(app, "Leave all of it out HIV")
        expect(app.get_by_role("heading", name="Left out by you")).to_be_visible()
        expect(app.locator("input[name=consent][value=hiv]")).to_have_count(0)
        expect(app.locator("input[name=risk_seen]")).to_have_count(0)
        expect(app.get_by_text("In 2 places.")).to_be_visible()
        app.get_by_label("Why it may leave: Tidesalt").select_option("clinical_term")
        _press(app, "Give back Tidesalt, place 1")
        assert "#word-" in app.url
        expect(app.get_by_role("button", name="Give back Tidesalt, place 2")).to_be_visible()
        gallery.see(page, "sensitive-and-rare-after")

        doctor.approve(app)
        assert gallery.found == {}


def _press(app: Frame, name: str) -> None:
    app.get_by_role("button", name=name).first.click()
    expect(app.get_by_role("button", name=name)).to_have_count(0, timeout=SLOW)
